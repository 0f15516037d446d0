import { SluiceError } from "../core/error.ts";
import { beforeImageName } from "../core/names.ts";
import type { PartitionInput } from "./partition_input.ts";
import { requireOthersUntouched } from "./incoming_keys.ts";
import { takesRowsAway } from "../core/takes_rows_away.ts";
import { type Layout, LINEAGE_COLUMNS } from "./layout.ts";
import type { TableName } from "./load_plan.ts";
import type { Merge } from "./merge/merge.ts";
import { keyOf, type Likeness, likenessOf } from "./merge/sql.ts";
import { catalogType } from "./sql_types.ts";
import { MODES } from "./modes/mod.ts";
import { scopeCondition } from "./staging.ts";
import { hasUniqueKey } from "./target.ts";
import { momentOf } from "./versions.ts";

/** How the staged rows of a partition are merged into the target, where that is safe. */
export function mergeOf(
  input: PartitionInput,
  partition: string | null,
  staging: TableName,
  version: number,
): Merge {
  const { spec, layout, catalog } = input;
  const { mode } = spec.refresh;
  const kind = MODES[mode].mergeKind(isKeyed(input));
  const columns = layout.loaded.map(({ name }) => name);
  const lineage = spec.target.lineage ? LINEAGE_COLUMNS.map(({ name }) => name) : [];
  const key = kind.kind === "rows" && mode !== "append" ? [] : layout.uniqueColumns;
  const standing = catalog.table?.columns ??
    layout.columns.map(({ name, type }) => ({ name, type: catalogType(type) }));
  return {
    ...kind,
    key,
    match: keyOf(key, standing),
    target: layout.target,
    after: staging,
    beforeTable: { schema: staging.schema, table: beforeImageName(staging.table) },
    columns,
    compared: columns.filter((name) => !lineage.includes(name) && !key.includes(name)),
    likeness: likenesses(layout, standing),
    restored: catalog.table?.columns.filter(({ generated }) => !generated)
      .map(({ name }) => name) ?? layout.columns.map(({ name }) => name),
    scope: scopeCondition(spec, layout, partition),
    moment: momentOf(input.targetKey, partition, version),
    removesVanished: takesRowsAway(spec.refresh),
  };
}

/** Of columns that stay of one kind: this run may make another type of them before it merges. */
function likenesses(
  { columns }: Layout,
  standing: readonly { readonly name: string; readonly type: string }[],
): ReadonlyMap<string, Likeness> {
  const before = new Map(standing.map(({ name, type }) => [name, likenessOf(type)]));
  return new Map(columns.flatMap(({ name, type }) => {
    const likeness = likenessOf(catalogType(type));
    const stays = likeness !== null && (before.get(name) ?? likeness) === likeness;
    return stays && before.get(name) !== null ? [[name, likeness] as const] : [];
  }));
}

/** What tells whether a merge is safe. */
type MergeInput = Pick<PartitionInput, "spec" | "layout" | "catalog" | "shape" | "targetKey">;

/** Whether rows of the target are told apart by the key. */
function isKeyed({ spec, layout, catalog, shape }: MergeInput): boolean {
  return layout.uniqueColumns.length > 0 &&
    (shape.managed || (catalog.table !== null &&
      hasUniqueKey(catalog.table, layout.uniqueColumns, spec.refresh.mode === "history")));
}

/**
 * Refuses a merge that could hit the wrong rows, or more than the target's.
 *
 * @throws SluiceError `plan/key_not_unique`, `plan/referenced`, `plan/no_partition_column`
 */
export function requireSafeMerge(input: MergeInput): void {
  const { spec, layout, catalog, targetKey } = input;
  const keyed = isKeyed(input);
  const { table } = catalog;
  const { mode } = spec.refresh;
  const key = layout.uniqueColumns.join(", ");
  if ((mode === "upsert" || mode === "history") && !keyed) {
    const columns = mode === "history" ? `${key}, _valid_from` : key;
    throw new SluiceError(
      "plan/key_not_unique",
      `"${targetKey}" has no unique index on (${key}): rows cannot be matched by it`,
      { hint: `create unique index on ${targetKey} (${columns})` },
    );
  }
  if (table !== null) {
    requireOthersUntouched(targetKey, table, mode, keyed ? layout.uniqueColumns : []);
  }
}

import { SluiceError } from "../core/error.ts";
import { withArticle } from "../core/format_text.ts";
import type { Catalog, TableInfo } from "../db/catalog/catalog.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { foreignKeysTo, keyNames } from "./incoming_keys.ts";
import { isMerging, type Layout } from "./layout.ts";
import type { PublishMethod } from "./load_plan.ts";

/** What the target is, and so how loads get into it. */
export interface TargetShape {
  readonly method: PublishMethod;
  /** Sluice made it, and may add columns, partitions and indexes to it. */
  readonly managed: boolean;
  /** Why a mode that could exchange must merge instead; null where it need not. */
  readonly mergesBecause: string | null;
}

/**
 * Decides how a pipeline publishes into the target that stands.
 *
 * @throws SluiceError `plan/target_not_a_table`, `plan/target_not_partitioned`
 */
export function targetShape(
  spec: PipelineSpec,
  layout: Layout,
  catalog: Catalog,
  ledger: Ledger,
): TargetShape {
  const merging = isMerging(spec.refresh.mode);
  const { table } = catalog;
  if (table === null) {
    return { method: merging ? "merge" : "exchange", managed: true, mergesBecause: null };
  }
  requireTable(layout, table);
  const ours = isOurs(table, ledger);
  if (merging) return { method: "merge", managed: ours, mergesBecause: null };
  if (ours && table.partitionKey !== null) {
    requirePartitionedAs(layout, table);
    const keys = foreignKeysTo(table);
    if (keys.length === 0) return { method: "exchange", managed: true, mergesBecause: null };
    return {
      method: "merge",
      managed: true,
      mergesBecause: `foreign keys point to it (${keyNames(keys)})`,
    };
  }
  return {
    method: "merge",
    managed: ours,
    mergesBecause: ours ? "it is one plain table" : "it was not made by Sluice",
  };
}

/** `schema.table`: how the ledger and the lock name a target. */
export function targetKeyOf(spec: PipelineSpec): string {
  return `${spec.target.schema}.${spec.target.table}`;
}

/** Whether Sluice made the table; only then may it alter it. */
export function isOurs(table: TableInfo, ledger: Ledger): boolean {
  return ledger.madeTarget || isExchangeParent(table, ledger);
}

/** Every partition is a version that the ledger knows: made before targets were recorded. */
function isExchangeParent(table: TableInfo, ledger: Ledger): boolean {
  if (table.partitionKey === null || table.partitions.length === 0) return false;
  const known = new Set(ledger.loads.map((load) => load.table));
  return table.partitions.every(({ name }) => known.has(name.table));
}

function requireTable(layout: Layout, { kind }: TableInfo): void {
  if (kind === "table" || kind === "partitioned") return;
  throw new SluiceError(
    "plan/target_not_a_table",
    `"${nameOf(layout)}" is ${withArticle(kind)}`,
    { hint: "Only tables can be loaded: name another target.table" },
  );
}

function requirePartitionedAs(layout: Layout, { partitionKey: key }: TableInfo): void {
  if (key === null) return;
  if (
    key.strategy === layout.strategy && key.columns.length === 1 &&
    key.columns[0] === layout.partitionColumn
  ) return;
  throw new SluiceError(
    "plan/target_not_partitioned",
    `"${nameOf(layout)}" is partitioned by ${key.strategy} (${key.columns.join(", ")}), ` +
      `the pipeline needs ${layout.strategy} (${layout.partitionColumn})`,
    { hint: "Name another target.table, or rename the old one" },
  );
}

/**
 * Whether a merge can tell the target's rows apart by the key.
 *
 * @param history rows are unique by key and time, or by key among the current ones
 */
export function hasUniqueKey(
  table: TableInfo,
  key: readonly string[],
  history: boolean,
): boolean {
  const within = new Set(history ? [...key, "_valid_from"] : key);
  return table.indexes.some((index) =>
    index.unique && index.valid && (history || !index.partial) &&
    index.columns.every((column) => within.has(column))
  );
}

function nameOf({ target }: Layout): string {
  return `${target.schema}.${target.table}`;
}

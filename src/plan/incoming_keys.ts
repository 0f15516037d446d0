import { SluiceError } from "../core/error.ts";
import type { IncomingKey, KeyAction, TableInfo } from "../db/catalog/catalog.ts";
import type { PipelineSpec, RefreshMode } from "../spec/pipeline_spec.ts";
import type { Layout } from "./layout.ts";

/** Whether a key's action changes the rows that refer, in place of refusing. */
export function changesRows(action: KeyAction): boolean {
  return action !== "no action" && action !== "restrict";
}

/** Keys of other tables, enforced or not, to the table itself: Postgres lets no partition of it go. */
export function foreignKeysTo({ incomingKeys }: TableInfo): readonly IncomingKey[] {
  return incomingKeys.filter(({ self, toPartition }) => !self && !toPartition);
}

/** Foreign keys, as a message lists them. */
export function keyNames(keys: readonly IncomingKey[]): string {
  return keys.map(({ name, table, onDelete, onUpdate }) =>
    [
      `"${name}" of ${table.schema}.${table.table}`,
      ...(changesRows(onDelete) ? [`on delete ${onDelete}`] : []),
      ...(changesRows(onUpdate) ? [`on update ${onUpdate}`] : []),
    ].join(" ")
  ).join(", ");
}

/**
 * Refuses a merge that would reach into other tables, or certainly fail because of them.
 *
 * @param key what rows are told apart by; empty where they are all replaced
 * @throws SluiceError `plan/referenced`
 */
export function requireOthersUntouched(
  targetKey: string,
  { incomingKeys }: TableInfo,
  mode: RefreshMode,
  key: readonly string[],
): void {
  const replaces = replacesRows(mode);
  const keys = incomingKeys.filter(({ enforced }) => enforced);
  const reaching = keys.filter(({ onDelete, onUpdate, references }) =>
    (replaces && changesRows(onDelete)) ||
    // A key that follows a value can follow it back; one that was emptied cannot.
    ((replaces || mode === "upsert") && changesRows(onUpdate) && onUpdate !== "cascade" &&
      !isWithin(references, key))
  );
  if (reaching.length > 0) {
    throw new SluiceError(
      "plan/referenced",
      `${
        replaces ? "Replacing" : "Updating"
      } rows of "${targetKey}" would change rows that refer to them: ${keyNames(reaching)}`,
      {
        hint: replaces
          ? "Use refresh.mode: upsert, which deletes nothing, or change what the keys do"
          : "Change what the keys do on update, or use refresh.mode: append",
      },
    );
  }
  const others = keys.filter(({ self }) => !self);
  if (replaces && others.length > 0 && key.length === 0) {
    throw new SluiceError(
      "plan/referenced",
      `Rows of "${targetKey}" cannot be replaced while foreign keys point to it: ${
        keyNames(others)
      }`,
      {
        hint:
          "Give an idempotency_key, with a unique index on the table: then only rows that differ are touched",
      },
    );
  }
}

/**
 * What may stop a load once its rows are staged: rows of other tables that refer to rows which the
 * source no longer has, or has otherwise.
 *
 * @param referring keys that rows refer by
 */
export function referenceCautions(
  { refresh: { mode } }: PipelineSpec,
  { uniqueColumns }: Layout,
  targetKey: string,
  referring: readonly IncomingKey[],
): readonly string[] {
  return referring.flatMap((key) => {
    const { name, table: { schema, table }, references, onUpdate } = key;
    const refers = `Rows of "${schema}.${table}" refer to "${targetKey}" (foreign key "${name}")`;
    const first = `delete the rows of "${schema}.${table}" first`;
    if (replacesRows(mode)) {
      return [
        `${refers}: where the source no longer has a row that they refer to, nothing is published; ${first}, or use refresh.mode: upsert, which deletes nothing`,
      ];
    }
    if (mode !== "upsert" || onUpdate === "cascade" || isWithin(references, uniqueColumns)) {
      return [];
    }
    return [
      `${refers} by (${
        references.join(", ")
      }): where the source has another value for a row that they refer to, nothing is published; ${first}, or let the key follow (on update cascade)`,
    ];
  });
}

/** Keys that loads of a mode may come into conflict with. */
export function conflictingKeys(
  { refresh: { mode } }: PipelineSpec,
  { incomingKeys }: TableInfo,
): readonly IncomingKey[] {
  if (!replacesRows(mode) && mode !== "upsert") return [];
  return incomingKeys.filter(({ enforced, self }) => enforced && !self);
}

function replacesRows(mode: RefreshMode): boolean {
  return mode === "full" || mode === "partition";
}

function isWithin(columns: readonly string[], key: readonly string[]): boolean {
  return columns.every((column) => key.includes(column));
}

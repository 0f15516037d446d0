import { createHash } from "node:crypto";

/** Postgres cuts longer names without a word; we refuse them. Bytes of UTF-8. */
export const MAX_NAME_BYTES = 63;

/** Bytes of a name in UTF-8, which is what Postgres counts. */
export function nameBytes(name: string): number {
  return new TextEncoder().encode(name).length;
}

/**
 * The table that holds one version of a partition: `trips__2021_01__v3`, `zones__all__v1`.
 *
 * @param partition null for a whole table
 */
export function versionTableName(table: string, partition: string | null, version: number): string {
  return `${table}__${partition === null ? "all" : partitionWord(partition)}__v${version}`;
}

/** An index of the target: `trips_key` for the idempotency key, `trips_pickup_at_idx`. */
export function parentIndexName(table: string, columns: readonly string[] | "key"): string {
  return columns === "key" ? `${table}_key` : `${table}_${columns.join("_")}_idx`;
}

/** The same index on a version's table; `n` counts the declared indexes from 1. */
export function childIndexName(versionTable: string, n: number | "key"): string {
  return n === "key" ? `${versionTable}_k` : `${versionTable}_i${n}`;
}

/** Periods only need their dashes replaced; any other text gets a digest, so that no two collide. */
function partitionWord(partition: string): string {
  const word = partition.replaceAll(/[^A-Za-z0-9_]/g, "_");
  // "2021_01" as a value of a list must not meet the month "2021-01".
  const plain = word === partition && partition !== "all" && !/^[0-9QWT]*_[0-9QWT_]*$/.test(word);
  if (plain || /^[0-9QWT-]+$/.test(partition)) return word;
  return `${word}_${createHash("sha256").update(partition).digest("hex").slice(0, 6)}`;
}

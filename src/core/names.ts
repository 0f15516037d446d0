import { createHash } from "node:crypto";

/** Longest identifier that Postgres keeps whole, in bytes. */
export const MAX_NAME_BYTES = 63;

/** Column of staging that holds where each record started in the source, bytes. */
export const OFFSET_COLUMN = "_sluice_offset";

/** Names the table of one version of one partition; null is the whole table. */
export function versionTableName(table: string, partition: string | null, version: number): string {
  return `${table}__${partition === null ? "all" : partitionName(partition)}__v${version}`;
}

/** Names an index of the parent, which each version's own index is attached to. */
export function parentIndexName(table: string, columns: readonly string[] | "key"): string {
  return columns === "key" ? `${table}_key` : `${table}_${columns.join("_")}_idx`;
}

/** Names the index of one version: the n-th declared one, or that of the idempotency key. */
export function childIndexName(versionTable: string, n: number | "key"): string {
  return n === "key" ? `${versionTable}_k` : `${versionTable}_i${n}`;
}

/** Names the n-th index that is only there while bad rows are looked for. */
export function trialIndexName(versionTable: string, n: number): string {
  return `${versionTable}_t${n}`;
}

/** The name of the index that identifies rows of staging while they are loaded. */
export function offsetIndexName(versionTable: string): string {
  return `${versionTable}_o`;
}

/** Names the table of the rows that a merge of this version took away or changed, as they were. */
export function beforeImageName(versionTable: string): string {
  return `${versionTable}_b`;
}

/** Names the table of the places of rows that a merge writes; gone when the merge is done. */
export function changedRowsName(versionTable: string): string {
  return `${versionTable}_c`;
}

/** Names the table that such rows wait in while staging is emptied; gone when the merge is done. */
export function keptRowsName(versionTable: string): string {
  return `${versionTable}_w`;
}

/** Names the table that rows wait in while those that Postgres refuses are looked for. */
export function rawTableName(versionTable: string): string {
  return `${versionTable}_r`;
}

/** Names the table that texts wait in until Postgres has read them. */
export function textTableName(versionTable: string): string {
  return `${versionTable}_x`;
}

/** Another name for what cannot have `name`, which is taken: the n-th, from 1; cut to fit. */
export function nextName(name: string, n: number): string {
  let base = name;
  while (byteLength(base) + String(n).length > MAX_NAME_BYTES) {
    base = [...base].slice(0, -1).join("");
  }
  return base + n;
}

/** The table's name in any name that is made of it: `t__all__v3` of `t__all__v3_k`; or null. */
export function versionNameIn(name: string): string | null {
  return /^(.*__v\d+)(?:_.*)?$/.exec(name)?.[1] ?? null;
}

/** Length in UTF-8, which is how Postgres counts names. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** A hash keeps list values apart that only differ in characters a name cannot show. */
function partitionName(partition: string): string {
  const plain = partition.replace(/[^A-Za-z0-9_]/g, "_");
  const period = /^\d{4}(-(Q\d|W\d\d|\d\d(-\d\d(T\d\d)?)?))?$/.test(partition);
  // A text that is a period's name already would be taken for that period.
  if (period || (plain === partition && !/^\d{4}_/.test(plain))) return plain;
  return `${plain}_${createHash("sha256").update(partition).digest("hex").slice(0, 6)}`;
}

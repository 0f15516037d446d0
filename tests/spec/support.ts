import { loadSpec } from "../../src/spec/load_spec.ts";
import type { LoadInput, LoadResult } from "../../src/spec/load_with.ts";

/** A small pipeline that is right; `edits` replace texts of it. */
export const MONTHS = `pipeline: trips
environments:
  sample:
    vars: { base: ../data }
  live:
    vars: { base: https://example.org }
partitions:
  by: month
  from: 2021-01
  to: 2021-03
source:
  url: "{base}/trips_{month}.csv.gz"
  format: csv
target:
  table: taxi.trips
  partition_column: file_month
  indexes: [[id]]
refresh:
  mode: partition
idempotency_key: [id]
columns:
  id: { type: bigint, required: true }
  note: { type: text }
  at: { type: timestamptz }
`;

/** The small pipeline with texts replaced, each of which must occur. */
export function edited(...edits: readonly (readonly [string, string])[]): string {
  let text = MONTHS;
  for (const [from, to] of edits) {
    if (!text.includes(from)) throw new Error(`"${from}" does not occur`);
    text = text.replace(from, () => to);
  }
  return text;
}

export function load(text: string, input: Partial<LoadInput> = {}): LoadResult {
  return loadSpec(text, { file: "a.yaml", folder: "/work", variables: {}, ...input });
}

/** `line:column code` of everything that is wrong. */
export function faults(text: string, input: Partial<LoadInput> = {}): string[] {
  return load(text, input).diagnostics.map(({ start, code }) =>
    `${start.line}:${start.column} ${code}`
  );
}

import type { RowCounts } from "../core/result.ts";

/** What can become of a row that was read, as metrics label it, and where results count it. */
export const OUTCOMES = [
  ["loaded", "rows_loaded"],
  ["rejected", "rows_rejected"],
  ["duplicate", "rows_duplicate"],
  ["discarded", "rows_discarded"],
] as const satisfies readonly (readonly [string, keyof RowCounts])[];

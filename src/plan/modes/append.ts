import { appendRows } from "../merge/rows.ts";
import type { Mode } from "./mode.ts";

/** Adds rows; with a key, rows already there are left alone. */
export const append: Mode = {
  name: "append",
  summary: "these rows besides what is there",
  exchange: null,
  mergeKind: () => ({ kind: "rows", before: false }),
  merge: appendRows,
};

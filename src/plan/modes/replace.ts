import { mergeByKey } from "../merge/keyed.ts";
import type { Merge } from "../merge/merge.ts";
import { replaceRows } from "../merge/rows.ts";
import type { Statement } from "../load_plan.ts";
import type { Mode } from "./mode.ts";

/** How `full` and `partition` publish into a table that cannot be exchanged: only what differs. */
export const replaceKind: Mode["mergeKind"] = (keyed) => ({
  kind: keyed ? "keyed" : "rows",
  before: true,
});

export function replaceMerge(merge: Merge): readonly Statement[] {
  return merge.kind === "keyed" ? mergeByKey(merge) : replaceRows(merge);
}

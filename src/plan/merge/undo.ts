import type { Statement } from "../load_plan.ts";
import { moveHistory } from "./history.ts";
import { moveByKey } from "./keyed.ts";
import type { Merge } from "./merge.ts";
import { moveRows } from "./rows.ts";

/** Takes a merge back, or does it again: whatever the pipeline's mode is by now. */
export function moveMerge(merge: Merge, direction: "undo" | "redo"): readonly Statement[] {
  switch (merge.kind) {
    case "rows":
      return moveRows(merge, direction);
    case "keyed":
      return moveByKey(merge, direction);
    case "history":
      return moveHistory(merge, direction);
  }
}

import { mergeHistory } from "../merge/history.ts";
import type { Mode } from "./mode.ts";

/** A new version of each changed row; the one before is closed. */
export const history: Mode = {
  name: "history",
  summary: "a new version of each changed row",
  exchange: null,
  mergeKind: () => ({ kind: "history", before: true }),
  merge: mergeHistory,
};

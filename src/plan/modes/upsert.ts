import { mergeByKey } from "../merge/keyed.ts";
import type { Mode } from "./mode.ts";

/** Rows with a known key are updated where something differs, others are inserted. */
export const upsert: Mode = {
  name: "upsert",
  summary: "rows with a known key updated, others inserted",
  exchange: null,
  mergeKind: () => ({ kind: "keyed", before: true }),
  merge: mergeByKey,
};

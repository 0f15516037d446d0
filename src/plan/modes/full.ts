import { exchangePartition } from "./exchange.ts";
import type { Mode } from "./mode.ts";
import { replaceKind, replaceMerge } from "./replace.ts";

/** The table holds this load and nothing else. */
export const full: Mode = {
  name: "full",
  summary: "this load and nothing else",
  exchange: exchangePartition,
  mergeKind: replaceKind,
  merge: replaceMerge,
};

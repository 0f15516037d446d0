import { exchangePartition } from "./exchange.ts";
import type { Mode } from "./mode.ts";
import { replaceKind, replaceMerge } from "./replace.ts";

/** This load takes the place of the same partition; the others stay. */
export const partition: Mode = {
  name: "partition",
  summary: "this load in place of the same partition",
  exchange: exchangePartition,
  mergeKind: replaceKind,
  merge: replaceMerge,
};

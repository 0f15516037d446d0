import { exchangePartition } from "./exchange.ts";
import type { Mode } from "./mode.ts";

/** The table holds this load and nothing else. */
export const full: Mode = {
  name: "full",
  summary: "this load and nothing else",
  publish: exchangePartition,
  rollback: exchangePartition,
};

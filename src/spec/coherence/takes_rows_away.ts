import type { RefreshSpec } from "../pipeline_spec.ts";

/** Whether rows that a load no longer has go, or are closed. */
export function takesRowsAway({ mode, hardDeletes }: RefreshSpec): boolean {
  return mode === "full" || mode === "partition" ||
    (mode === "history" && hardDeletes === "invalidate");
}

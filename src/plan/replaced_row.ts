import { quoteTable } from "../core/quote.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { takesRowsAway } from "../core/takes_rows_away.ts";
import type { Layout } from "./layout.ts";
import type { Statement } from "./load_plan.ts";
import { scopeCondition } from "./staging.ts";

/** Looks for a row that nobody wants to lose to a load without rows; null where it may be. */
export function replacedRow(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
): Statement | null {
  if (spec.refresh.allowEmpty || !takesRowsAway(spec.refresh)) return null;
  const scope = scopeCondition(spec, layout, partition);
  const conditions = [
    ...(scope === null ? [] : [`(${scope})`]),
    ...(spec.refresh.mode === "history" ? [`t."_current"`] : []),
  ];
  return {
    sql: `select from ${quoteTable(layout.target)} t${
      conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`
    } limit 1`,
    params: [],
    why: "A load without rows does not replace rows, unless refresh.allow_empty is true",
    lock: null,
  };
}

import { quoteIdent } from "../../core/quote.ts";
import { bindNumber, type CheckPlug } from "./check.ts";

/** How much of a column is NULL, in percent; of no rows nothing is. */
export const nullRate: CheckPlug<"null_rate"> = ({ column, max }, context) => ({
  aggregates: {
    n: "count(*)",
    nulls: `count(*) filter (where ${quoteIdent(column)} is null)`,
  },
  from: null,
  passed: `nulls * 100 <= ${bindNumber(max, context)} * n`,
  observed: "case when n = 0 then 0 else trim_scale(round(nulls * 100.0 / n, 4)) end",
  expected: context.bind(`at most ${max}% NULL in ${column}`),
  examples: null,
});

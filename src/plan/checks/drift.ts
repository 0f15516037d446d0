import { quoteIdent } from "../../core/quote.ts";
import { bindNumber, type CheckPlug, LIVE } from "./check.ts";

/** The mean or the sum of a column beside that of the live version. */
export const drift: CheckPlug<"drift"> = ({ column, of, max }, context) => {
  const { hasLive, bind } = context;
  const aggregate = `${of === "mean" ? "avg" : "sum"}(${quoteIdent(column)})::numeric`;
  const aggregates = { now: aggregate };
  if (!hasLive) {
    return {
      aggregates,
      from: null,
      passed: "true",
      observed: "now",
      expected: bind("no live version to compare with"),
      examples: null,
    };
  }
  return {
    aggregates,
    from: `(select ${aggregate} as base from ${LIVE}) b`,
    // Two versions without a single value are the same; one without is not.
    passed: `case when now is null or base is null then now is null and base is null
    else abs(now - base) * 100 <= ${bindNumber(max, context)} * abs(base) end`,
    observed: "now",
    expected: `${bind(`within ${max}% of `)} || coalesce(base::text, 'NULL') || ${
      bind(`, the ${of} of ${column} in the live version`)
    }`,
    examples: null,
  };
};

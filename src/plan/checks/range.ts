import { quoteIdent } from "../../core/quote.ts";
import { bindFilled, both, type CheckPlug, countWhere } from "./check.ts";

/** Every value lies between the limits, both inclusive; NULL passes. */
export const range: CheckPlug<"range"> = ({ column, min, max }, context) => {
  const name = quoteIdent(column);
  const limit = (text: string) => `${bindFilled(text, context)}::${context.typeOf(column)}`;
  const outside = [
    ...(min === null ? [] : [`${name} < ${limit(min)}`]),
    ...(max === null ? [] : [`${name} > ${limit(max)}`]),
  ];
  return {
    ...countWhere(outside.join(" or "), column),
    passed: "n = 0",
    observed: "n",
    expected: `'no row with ' || ${
      both(
        min === null ? null : `'less than ' || ${bindFilled(min, context)}`,
        max === null ? null : `'more than ' || ${bindFilled(max, context)}`,
      )
    }`,
  };
};

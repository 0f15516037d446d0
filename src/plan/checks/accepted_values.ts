import { quoteIdent } from "../../core/quote.ts";
import { type CheckPlug, countWhere } from "./check.ts";

/** The column has no other values; NULL passes. */
export const acceptedValues: CheckPlug<"accepted_values"> = (
  { column, values },
  { typeOf, bind },
) => {
  const name = quoteIdent(column);
  const type = typeOf(column);
  const list = values.map((value) => `${bind(value)}::${type}`).join(", ");
  return {
    ...countWhere(`${name} not in (${list})`, column),
    passed: "n = 0",
    observed: "n",
    expected: bind(`no row with another ${column} than ${shortened(values)}`),
  };
};

function shortened(values: readonly string[]): string {
  const shown = values.slice(0, 10).join(", ");
  return values.length > 10 ? `${shown} and ${values.length - 10} more` : shown;
}

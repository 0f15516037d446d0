import { quoteIdent } from "../../core/quote.ts";
import { type CheckPlug, countRows, LOAD } from "./check.ts";

/** No two rows have the same values; NULL differs from NULL. */
export const unique: CheckPlug<"unique"> = ({ columns }, { bind }) => {
  const names = columns.map(quoteIdent);
  return {
    ...countRows(
      `select ${names.join(", ")} from ${LOAD}
where ${names.map((name) => `${name} is not null`).join(" and ")}
group by ${names.join(", ")} having count(*) > 1`,
      columns,
    ),
    passed: "n = 0",
    observed: "n",
    expected: bind(`no (${columns.join(", ")}) that occurs more than once`),
  };
};

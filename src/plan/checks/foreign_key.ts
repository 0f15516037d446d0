import { quoteIdent, quoteTable } from "../../core/quote.ts";
import { type CheckPlug, countRows, LOAD } from "./check.ts";

/** Every value occurs in another table; where a column is NULL the row passes, as with a key. */
export const foreignKey: CheckPlug<"foreign_key"> = ({ columns, references }, { bind }) => {
  const names = columns.map(quoteIdent);
  const same = columns.map((name, at) =>
    `r.${quoteIdent(references.columns[at])} = s.${quoteIdent(name)}`
  );
  return {
    ...countRows(
      `select ${names.map((name) => `s.${name}`).join(", ")} from ${LOAD} s
where ${names.map((name) => `s.${name} is not null`).join(" and ")}
  and not exists (select from ${quoteTable(references)} r where ${same.join(" and ")})`,
      columns,
    ),
    passed: "n = 0",
    observed: "n",
    expected: bind(
      `no row whose (${columns.join(", ")}) is not in ${references.schema}.${references.table}`,
    ),
  };
};

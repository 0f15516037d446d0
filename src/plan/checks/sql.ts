import { bindNumber, type CheckPlug, type CheckSqlInput, LOAD } from "./check.ts";

/** A query of the pipeline file that returns one number. */
export const sql: CheckPlug<"sql"> = ({ query, expect, min, max }, context) => {
  const conditions = [
    ...(expect === null ? [] : [`n = ${bindNumber(expect, context)}`]),
    ...(min === null ? [] : [`n >= ${bindNumber(min, context)}`]),
    ...(max === null ? [] : [`n <= ${bindNumber(max, context)}`]),
  ];
  return {
    aggregates: null,
    // The line end closes a comment that the query may end in.
    from: `(select (\n${filled(query, context)}\n)::numeric as n) c`,
    passed: conditions.join(" and "),
    observed: "n",
    expected: context.bind(
      [
        expect === null ? null : String(expect),
        min === null ? null : `at least ${min}`,
        max === null ? null : `at most ${max}`,
      ].filter((word) => word !== null).join(", "),
    ),
    examples: null,
  };
};

function filled(query: string, { bindQuery, target }: CheckSqlInput): string {
  return bindQuery(query.trim().replace(/;$/, "")).replaceAll("{staging}", () => LOAD)
    // A function: "$&" in a name would mean something else in a text.
    .replaceAll("{target}", () => target);
}

import { bindNumber, both, type CheckPlug, type CheckSqlInput } from "./check.ts";

/** The number of rows, by itself or beside earlier loads. */
export const rowCount: CheckPlug<"row_count"> = ({ min, max, equals, change, window }, context) => {
  const conditions = [
    ...(min === null ? [] : [`n >= ${bindNumber(min, context)}`]),
    ...(max === null ? [] : [`n <= ${bindNumber(max, context)}`]),
    ...(equals === null ? [] : [`n = ${bindNumber(equals, context)}`]),
    ...(change === null
      ? []
      : [`(base is null or abs(n - base) * 100 <= ${bindNumber(change, context)} * base)`]),
  ];
  const of = window === null ? "of the live version" : `on average of the last ${window} loads`;
  const nothing = context.isOneLoad
    ? "no earlier load to compare with"
    : "no load to compare with: the table has the rows of many";
  return {
    aggregates: { n: "count(*)" },
    from: `(${baseline(change, window, context)}) b`,
    passed: conditions.join(" and "),
    observed: "n",
    expected: both(
      min === null ? null : context.bind(`at least ${min}`),
      max === null ? null : context.bind(`at most ${max}`),
      equals === null ? null : context.bind(`exactly ${equals}`),
      change === null
        ? null
        : `case when base is null then ${context.bind(nothing)} else ${
          context.bind(`within ${change}% of `)
        } || trim_scale(round(base, 1)) || ${context.bind(` ${of}`)} end`,
    ),
    examples: null,
  };
};

/** Rows as the ledger counted them, load by load: the table may have been changed since. */
function baseline(
  change: number | null,
  window: number | null,
  { targetKey, partition, isOneLoad, bind }: CheckSqlInput,
): string {
  if (change === null || !isOneLoad) return "select null::numeric as base";
  const target = bind(targetKey);
  if (window === null) {
    return `select max(rows)::numeric as base from sluice.loads
  where target = ${target} and state = 'live' and coalesce(partition, '') = ${
      bind(partition ?? "")
    }`;
  }
  return `select avg(rows)::numeric as base from (
  select rows from sluice.loads where target = ${target} and state <> 'rolled_back'
  order by published_at desc limit ${bind(String(window))}::int) l`;
}

import { quoteIdent } from "../../core/quote.ts";
import type { RejectLimit } from "../../spec/pipeline_spec.ts";
import { takesRowsAway } from "../../core/takes_rows_away.ts";
import { bindNumber, type CheckPlug, type CheckSqlInput, LIVE, LOAD } from "./check.ts";

/**
 * Rows that are new, gone or different beside the live version.
 *
 * What a load leaves alone counts as nothing: `append` changes no row, and only a load that takes
 * the place of another one takes rows away.
 */
export const rowDiff: CheckPlug<"row_diff"> = (
  { added, deleted, changed },
  context,
) => {
  const { spec, hasLive, bind } = context;
  if (!hasLive) {
    return {
      aggregates: null,
      from: "(select) c",
      passed: "true",
      observed: bind("nothing to compare with"),
      expected: bind("no live version to compare with"),
      examples: null,
    };
  }
  const replaces = takesRowsAway(spec.refresh);
  const key = spec.idempotencyKey.map(quoteIdent).join(", ");
  // EXCEPT takes NULLs as equal, as the key does; json has no equality of its own.
  const row = spec.columns.map(({ name, type }) =>
    type.name === "json" ? `${quoteIdent(name)}::text` : quoteIdent(name)
  ).join(", ");
  const except = (what: string, one: string, other: string) =>
    `(select count(*) from (select ${what} from ${one} except select ${what} from ${other}) x)`;
  const limits = [["added", added], ["deleted", deleted], ["changed", changed]] as const;
  const given = limits.flatMap(([name, limit]) => limit === null ? [] : [{ name, limit }]);
  return {
    aggregates: null,
    from: `(select added, deleted, base,
    ${spec.refresh.mode === "append" ? "0" : "greatest(differing - added, 0)"} as changed
  from (select ${except(key, LOAD, LIVE)} as added,
    ${replaces ? except(key, LIVE, LOAD) : "0"} as deleted,
    ${except(row, LOAD, LIVE)} as differing,
    (select count(*) from ${LIVE}) as base) d) c`,
    passed: given.map(({ name, limit }) => within(name, limit, context)).join(" and "),
    observed: `format('%s added, %s deleted, %s changed', added, deleted, changed)`,
    expected: `${
      bind(`at most ${given.map(({ name, limit }) => `${words(limit)} ${name}`).join(", ")}`)
    } || ' beside ' || base || ' live rows'`,
    examples: null,
  };
};

function within(name: string, limit: RejectLimit, context: CheckSqlInput): string {
  return limit.kind === "rows"
    ? `${name} <= ${bindNumber(limit.rows, context)}`
    : `${name} * 100 <= ${bindNumber(limit.percent, context)} * base`;
}

function words(limit: RejectLimit): string {
  return limit.kind === "rows" ? String(limit.rows) : `${limit.percent}%`;
}

import { quoteIdent, quoteLiteral, quoteTable } from "../core/quote.ts";
import type { Statement, TableName } from "./load_plan.ts";

/**
 * Columns that ANALYZE may sample as the server is told to: each takes it about 20 ms of a core for
 * the usual target of 100, whatever the number of rows, and nobody sees the data meanwhile.
 */
const MOST_COLUMNS = 20;
/** The usual target, from which that of wider tables is reckoned, and the least. */
const USUAL_TARGET = 100;
const LEAST_TARGET = 10;

/**
 * Takes statistics of a table, of a smaller sample the wider it is.
 *
 * A column's own statistics target counts whatever the table's width, as ever.
 */
export function analyzeStatement(table: TableName, columns: number): Statement {
  const analyze = `analyze ${quoteTable(table)}`;
  const why = "The first query after the exchange has statistics";
  if (columns <= MOST_COLUMNS) return { sql: analyze, params: [], why, lock: null };
  const target = Math.max(LEAST_TARGET, Math.floor(USUAL_TARGET * MOST_COLUMNS / columns));
  const body = `begin
  perform set_config('default_statistics_target',
    least(current_setting('default_statistics_target')::integer, ${target})::text, true);
  ${analyze};
end`;
  return {
    sql: `do ${quoteLiteral(body)}`,
    params: [],
    why: `${why}, of a smaller sample: it has ${columns} columns`,
    lock: null,
  };
}

/** Lets the joins of a merge know how many rows a table of it has, and how many of each key. */
export function analyzeMerged(
  table: TableName,
  key: readonly string[],
  columns: readonly string[],
): Statement {
  // Without a key whole rows are compared.
  if (key.length === 0) return analyzeStatement(table, columns.length);
  const set = (value: string) => `perform set_config('default_statistics_target', ${value}, true);`;
  const body = `declare
  usual text := current_setting('default_statistics_target');
begin
  ${set(`'${LEAST_TARGET}'`)}
  analyze ${quoteTable(table)} (${key.map(quoteIdent).join(", ")});
  ${set("usual")}
end`;
  return {
    sql: `do ${quoteLiteral(body)}`,
    params: [],
    why: "The joins below need to know its size and its order, and nothing of other columns",
    lock: null,
  };
}

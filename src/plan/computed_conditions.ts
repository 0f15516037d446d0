import { quoteIdent, quoteLiteral } from "../core/quote.ts";
import type { ColumnSpec } from "../spec/pipeline_spec.ts";
import type { ComputedCondition } from "./compute_plan.ts";
import type { PartitionBounds } from "./load_plan.ts";
import { looseType } from "./sql_types.ts";

/** A condition, and what it judges. */
export interface SqlCondition extends ComputedCondition {
  readonly sql: string;
  readonly value: string;
}

/** What the rules of a column are in SQL, over the column of `c`; NULL passes but for `required`. */
export function conditionsOf(
  { name, type, required, rules }: ColumnSpec,
  bounds: PartitionBounds | null,
): SqlCondition[] {
  const own = `c.${quoteIdent(name)}`;
  // Judged as it is stored: rounded to its scale.
  const value = type.name === "numeric" && type.precision !== null
    ? `pg_catalog.round(${own}, ${type.scale ?? 0})`
    : own;
  const literal = (text: string) => `${quoteLiteral(text)}::${looseType(type)}`;
  const compare = (operator: string, text: string) =>
    `${value} operator(pg_catalog.${operator}) ${literal(text)}`;
  const { min, max, max_length, one_of } = rules;
  const conditions: [code: string, expected: string, sql: string][] = [];
  if (required) {
    conditions.push(["required", "allowed: the column is required", `${own} is not null`]);
  }
  if (type.name === "numeric" && type.precision !== null) {
    const { precision } = type;
    const scale = type.scale ?? 0;
    const sql = `${own} operator(pg_catalog.=) 'NaN'::pg_catalog.numeric or ` +
      `pg_catalog.abs(${value}) operator(pg_catalog.<) 1e${precision - scale}::pg_catalog.numeric`;
    conditions.push(["out_of_range", `a numeric(${precision}, ${scale})`, sql]);
  }
  if ((type.name === "varchar" || type.name === "char") && (type.name === "char" || type.length)) {
    // Only blanks may exceed the length.
    const text = `pg_catalog.rtrim(${own}, ' ')`;
    const length = type.length ?? 1;
    const sql = `pg_catalog.char_length(${text}) operator(pg_catalog.<=) ${length}`;
    const characters = length === 1 ? "character" : "characters";
    conditions.push(["too_long", `at most ${length} ${characters} long`, sql]);
  }
  if (min !== undefined) conditions.push(["below_min", `at least ${min}`, compare(">=", min)]);
  if (max !== undefined) conditions.push(["above_max", `at most ${max}`, compare("<=", max)]);
  if (max_length !== undefined) {
    const sql =
      `pg_catalog.char_length(${value}::pg_catalog.text) operator(pg_catalog.<=) ${max_length}`;
    conditions.push(["too_long", `at most ${max_length} characters long`, sql]);
  }
  if (one_of !== undefined) {
    const shown = one_of.slice(0, 10).join(", ") + (one_of.length > 10 ? ", …" : "");
    const list = one_of.map(literal).join(", ");
    const sql = `${value} operator(pg_catalog.=) any (array[${list}])`;
    conditions.push(["not_one_of", `one of ${shown}`, sql]);
  }
  if (bounds !== null) {
    const { start, end } = bounds;
    const sql = `${value} is not null and ${compare(">=", start)} and ${compare("<", end)}`;
    conditions.push(["outside_partition", `in [${start}, ${end})`, sql]);
  }
  return conditions.map(([code, expected, sql]) => ({ column: name, code, expected, sql, value }));
}

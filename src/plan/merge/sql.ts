import { quoteIdent, quoteTable } from "../../core/quote.ts";
import { parseTypeName } from "../../core/type_name.ts";
import type { CountName, Statement, TableName } from "../load_plan.ts";

/** `a."x", a."y"`, or `"x", "y"` without an alias. */
export function columnList(columns: readonly string[], alias?: string): string {
  return columns.map((name) => (alias === undefined ? "" : `${alias}.`) + quoteIdent(name))
    .join(", ");
}

/** Columns by which rows are matched. */
export interface Key {
  readonly names: readonly string[];
  /** Those of a type that is not Postgres's own: no path finds its `=`. */
  readonly elsewhere: ReadonlySet<string>;
}

/** A key of columns of a table whose types are as `format_type` prints them. */
export function keyOf(
  names: readonly string[],
  columns: readonly { readonly name: string; readonly type: string }[],
): Key {
  const isElsewhere = (type: string) => parseTypeName(type)?.schema != null;
  return {
    names,
    elsewhere: new Set(
      columns.filter(({ name, type }) => names.includes(name) && isElsewhere(type))
        .map(({ name }) => name),
    ),
  };
}

/** Two rows have the same key; key columns are never NULL. */
export function sameKey({ names, elsewhere }: Key, a: string, b: string): string {
  return names.map((name) =>
    equal(`${a}.${quoteIdent(name)}`, `${b}.${quoteIdent(name)}`, elsewhere.has(name))
  ).join(" and ");
}

/**
 * Two values are equal.
 *
 * `=` is looked up in the path: of a type that lies elsewhere it is not found, or is that of the text
 * in it. Records compare by what their types themselves have.
 */
export function equal(a: string, b: string, elsewhere: boolean): string {
  return elsewhere ? `row(${a})::record = row(${b})::record` : `${a} = ${b}`;
}

/** A row of the other table with the same key exists. */
export function keyIn(key: Key, table: TableName, alias: string, of: string): string {
  return `exists (select from ${quoteTable(table)} ${alias} where ${sameKey(key, alias, of)})`;
}

/**
 * Two rows are the same to the byte.
 *
 * `*=` compares the stored images, so that types without equality (json) compare too, and 1.0
 * differs from 1.00.
 */
export function sameValues(columns: readonly string[], a: string, b: string): string {
  return `row(${columnList(columns, a)})::record *= row(${columnList(columns, b)})::record`;
}

/** A row's values as one text: equal for equal rows, and a hash join can use it. */
export function rowText(columns: readonly string[], alias: string): string {
  return `row(${columnList(columns, alias)})::text`;
}

/** A statement with RETURNING 1, which becomes the number of its rows. */
export function counted(
  sql: string,
  captures: CountName,
  why: string,
  lock: string | null = null,
): Statement {
  return {
    sql: `with changed as (\n${sql}\nreturning 1)\nselect count(*) as n from changed`,
    params: [],
    why,
    lock,
    captures,
  };
}

/** A statement without parameters. */
export function statement(sql: string, why: string, lock: string | null = null): Statement {
  return { sql, params: [], why, lock };
}

/** Stops the transaction where the query finds a row; its `example` is shown. */
export function expectNone(sql: string, message: string, why: string): Statement {
  return { sql, params: [], why, lock: null, expectNone: message };
}

/** Other writers wait for the end of the merge, readers do not. */
export function lockTarget(target: TableName): Statement {
  return statement(
    `lock table ${quoteTable(target)} in share row exclusive mode`,
    "Nobody else may write between comparing and merging; readers go on",
    `SHARE ROW EXCLUSIVE on ${target.schema}.${target.table}, as long as the merge takes`,
  );
}

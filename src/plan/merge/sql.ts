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

/** How the equality of a type and that of its stored bytes go together. */
export type Likeness =
  /** Equal values are equal to the byte. */
  | "bytes"
  /** So they are in the collation "C". */
  | "text"
  /** So they are but for 0 and -0. */
  | "float";

const LIKENESS: Readonly<Record<string, Likeness>> = {
  "smallint": "bytes",
  "integer": "bytes",
  "bigint": "bytes",
  "boolean": "bytes",
  "date": "bytes",
  "time without time zone": "bytes",
  "timestamp without time zone": "bytes",
  "timestamp with time zone": "bytes",
  "uuid": "bytes",
  "bytea": "bytes",
  "text": "text",
  "character varying": "text",
  "real": "float",
  "double precision": "float",
};

/** Of a type as `format_type` prints it; null: only the stored images tell. */
export function likenessOf(type: string): Likeness | null {
  // With a scale 1.0 and 1.00 cannot both be there.
  if (/^numeric\(\d+,-?\d+\)$/.test(type)) return "bytes";
  return LIKENESS[type.replace(/^(character varying)\(\d+\)$/, "$1")] ?? null;
}

/**
 * What {@link sameValues} says, for a third of its time: it makes two records of each pair of rows,
 * which only columns without a likeness need.
 */
export function sameStored(
  columns: readonly string[],
  likeness: ReadonlyMap<string, Likeness>,
  a: string,
  b: string,
): string {
  const images = columns.filter((name) => !likeness.has(name));
  const terms = columns.flatMap((name) => {
    const how = likeness.get(name);
    const [left, right] = [`${a}.${quoteIdent(name)}`, `${b}.${quoteIdent(name)}`];
    switch (how) {
      case undefined:
        return [];
      case "bytes":
        return [`${left} is not distinct from ${right}`];
      case "text":
        return [`${left} collate "C" is not distinct from ${right} collate "C"`];
      case "float":
        // The arc tangent tells the sign of a zero.
        return [
          `case when ${left} = ${right} then ${left} <> 0 or atan2(${left}, -1) = atan2(${right}, -1)
      else ${left} is null and ${right} is null end`,
        ];
    }
  });
  if (images.length > 0 || terms.length === 0) terms.push(sameValues(images, a, b));
  return terms.join("\n    and ");
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

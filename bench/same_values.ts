import { quoteIdent, quoteTable } from "../src/core/quote.ts";
import type { Database } from "../src/db/database.ts";
import type { PeerColumn } from "./peer.ts";

/** What a table holds. */
export interface TableSum {
  readonly rows: number;
  /** Sum of the hashes of all rows, whatever their order. */
  readonly hash: string;
  /** Types of the columns as the table has them. */
  readonly types: readonly string[];
}

/**
 * Counts the rows of a table, and hashes each value as it is in the type of its column: tools choose
 * types, order and spelling of columns in their own ways, and add columns of their own.
 *
 * @param table with its schema: `peers.trips`
 * @throws Error where a column is missing, or holds what is no value of the type
 */
export async function sumOf(
  db: Database,
  table: string,
  columns: readonly PeerColumn[],
): Promise<TableSum> {
  const [schema, name] = table.split(".");
  const there = await db.query<{ name: string; type: string }>(
    `select attname::text as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [quoteTable({ schema, table: name })],
  );
  if (there.length === 0) throw new Error(`there is no table ${table}`);
  const found = columns.map(({ header, name }) => {
    const own = there.find((column) => [bare(header), bare(name)].includes(bare(column.name)));
    if (own === undefined) throw new Error(`${table} has no column for ${header}`);
    return own;
  });
  const values = columns.map(({ type }, at) => `${quoteIdent(found[at].name)}::${type}`);
  const [sum] = await db.query<{ rows: number | string; hash: string }>(
    `select count(*) as rows, coalesce(sum(hashtextextended(row(${values.join(", ")})::text, 0)), 0)
       ::text as hash from ${quoteTable({ schema, table: name })}`,
  );
  return {
    rows: Number(sum.rows),
    hash: sum.hash,
    types: found.map(({ type }) => type),
  };
}

/** `PULocationID` and `pu_location_id` are one name. */
function bare(name: string): string {
  return name.toLowerCase().replaceAll("_", "");
}

/** What two tables that should be equal differ in; null where they hold the same values. */
export function differenceOf(sum: TableSum, expected: TableSum): string | null {
  if (sum.rows !== expected.rows) return `has ${sum.rows} rows in place of ${expected.rows}`;
  return sum.hash === expected.hash ? null : "holds other values: the hashes differ";
}

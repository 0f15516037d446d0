import { OFFSET_COLUMN, textTableName } from "../core/names.ts";
import { quoteIdent, quoteTable } from "../core/quote.ts";
import type { ColumnType } from "../spec/pipeline_spec.ts";
import type { Layout } from "./layout.ts";
import { rawTableOf } from "./raw_table.ts";
import type { Statement, TableName, VerifyPlan, VerifyQuery } from "./load_plan.ts";

/** Columns of one query: a select list may not have more than 1,664 entries. */
const QUERY_COLUMNS = 250;

/** Three bytes whose hash shows whether this server hashes as Sluice does. */
export const PROBE = "\\x010203";

/** What verifying a load asks Postgres for: of staging, and of the table that isolation fills. */
export function verifyPlan(
  layout: Layout,
  staging: TableName,
  offsetColumn: boolean,
  serverVersion: number,
): VerifyPlan {
  const columns = layout.loaded.map(({ name, type }) => ({ name, type }));
  const withOffset = [...columns, { name: OFFSET_COLUMN, type: { name: "bigint" } as const }];
  const texts = { schema: staging.schema, table: textTableName(staging.table) };
  return {
    staging: verifyQueries(offsetColumn ? withOffset : columns, staging, serverVersion),
    raw: verifyQueries(withOffset, rawTableOf(staging), serverVersion),
    texts: columns.some(({ type }) => type.name === "other")
      ? verifyQueries(withOffset, texts, serverVersion)
      : [],
  };
}

interface VerifiedColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** Queries that digest the columns of a table, each as `n`, `h`, `lo` and `hi` with its index. */
export function verifyQueries(
  columns: readonly VerifiedColumn[],
  table: TableName,
  serverVersion: number,
): readonly VerifyQuery[] {
  const queries: VerifyQuery[] = [];
  for (let at = 0; at < columns.length; at += QUERY_COLUMNS) {
    const some = columns.slice(at, at + QUERY_COLUMNS);
    queries.push({
      columns: some.map(({ name }) => name),
      statement: digestStatement(some, table, serverVersion),
    });
  }
  return queries;
}

function digestStatement(
  columns: readonly VerifiedColumn[],
  table: TableName,
  serverVersion: number,
): Statement {
  const hash = (bytes: string) =>
    serverVersion >= 180000
      ? `hashbyteaextended(${bytes}, 0)`
      // The same hash; before 18 only a record leads to it.
      : `hash_record_extended(row(${bytes}), 0)`;
  const digests = columns.map(({ name, type }, at) => {
    const column = quoteIdent(name);
    const { send, extreme } = DIGESTS[type.name];
    const ends = extreme === null ? ["null::bytea", "null::bytea"] : extreme(column);
    return `  count(${column}) as n${at},
  coalesce(sum(${hash(`${send}(${column})`)}), 0)::text as h${at},
  ${ends[0]} as lo${at},
  ${ends[1]} as hi${at}`;
  });
  return {
    sql: `select count(*) as rows,
  ${hash(`'${PROBE}'::bytea`)}::text as probe,
  current_setting('server_encoding') as encoding,
${digests.join(",\n")}
from ${quoteTable(table)}`,
    params: [],
    why: "Counts, hashes and extremes of each column, to compare with what was sent",
    lock: null,
  };
}

/** How a type is digested: the function behind its binary values, and its least and greatest. */
interface Digest {
  readonly send: string;
  readonly extreme: ((column: string) => readonly [least: string, greatest: string]) | null;
}

/** For types that `min` and `max` know. */
function simple(send: string): Digest {
  return { send, extreme: (column) => [`${send}(min(${column}))`, `${send}(max(${column}))`] };
}

/** In the order of bytes: what a collation makes of text is not known on this side. */
function text(send: string): Digest {
  return {
    send,
    extreme: (column) => [
      `${send}(min(${column} collate "C"))`,
      `${send}(max(${column} collate "C"))`,
    ],
  };
}

/** `min` knows these types since Postgres 18 or not at all; hexadecimal digits order as bytes do. */
function hexadecimal(send: string): Digest {
  const extreme = (aggregate: string, column: string) =>
    `decode(${aggregate}(encode(${send}(${column}), 'hex') collate "C"), 'hex')`;
  return { send, extreme: (column) => [extreme("min", column), extreme("max", column)] };
}

const DIGESTS: Readonly<Record<ColumnType["name"], Digest>> = {
  "smallint": simple("int2send"),
  "integer": simple("int4send"),
  "bigint": simple("int8send"),
  "real": simple("float4send"),
  "double precision": simple("float8send"),
  "numeric": simple("numeric_send"),
  "boolean": {
    send: "boolsend",
    extreme: (column) => [`boolsend(bool_and(${column}))`, `boolsend(bool_or(${column}))`],
  },
  "text": text("textsend"),
  "varchar": text("textsend"),
  "char": text("bpcharsend"),
  "uuid": hexadecimal("uuid_send"),
  "bytea": hexadecimal("byteasend"),
  "date": simple("date_send"),
  "time": simple("time_send"),
  "timestamp": simple("timestamp_send"),
  "timestamptz": simple("timestamptz_send"),
  "interval": simple("interval_send"),
  "json": { send: "json_send", extreme: null },
  "jsonb": { send: "jsonb_send", extreme: null },
  // As the text that waits to be read.
  "other": text("textsend"),
};

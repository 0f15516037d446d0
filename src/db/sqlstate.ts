import type { PostgresFields, Retry } from "../core/error.ts";

/** What a SQLSTATE means to us: the word behind `db/` in our code, and whether waiting helps. */
export interface SqlStateMeaning {
  readonly word: string;
  readonly retry: Retry;
  readonly hint?: string;
}

/**
 * SQLSTATEs by value or by class (two characters), the longer match first.
 *
 * `later` marks what can go well when the same statement is sent again without anybody changing
 * anything; everything else is `never`.
 */
export const SQLSTATES: Readonly<Record<string, SqlStateMeaning>> = {
  "08": later("connection_lost"),
  "0A": never("not_supported"),
  "22": never("invalid_data"),
  "22P04": never("bad_copy_data"),
  "23": never("constraint_violation"),
  "23505": never("unique_violation"),
  "25006": later(
    "read_only",
    "The server is read-only, as a standby is: connect to the primary, or wait for the failover",
  ),
  // 25P03: idle in a transaction, 25P04: transaction_timeout.
  "25P03": later("session_timeout", "The server ended the session: this process was held up"),
  "25P04": later("session_timeout", "The server's transaction_timeout ran out"),
  "25P02": never("transaction_aborted"),
  "26": never(
    "invalid_statement",
    "A pooler in transaction mode may have switched servers: connect to Postgres itself",
  ),
  "28": never("authentication", "Check the user, the password and the server's pg_hba.conf"),
  "3D000": never("unknown_database", "Create the database, or correct its name in the URL"),
  "3F000": never("unknown_schema"),
  "40": later("transaction_rolled_back"),
  "40001": later("serialization_failure"),
  "40P01": later("deadlock"),
  "42": never("invalid_statement"),
  "42501": never("permission_denied", "Grant the role what the statement needs"),
  "42703": never("unknown_column"),
  "42P01": never("unknown_table"),
  "42710": never("already_exists"),
  "42P06": never("already_exists"),
  "42P07": never("already_exists"),
  "53": later("insufficient_resources"),
  "53100": later("disk_full", "Free space on the server's disk, then run again"),
  "53200": later("out_of_memory"),
  "53300": later("too_many_connections", "Raise max_connections, or run less at once"),
  "54": never("limit_exceeded"),
  "55006": later("object_in_use"),
  "55P03": later("lock_timeout"),
  "57014": later("canceled", "Somebody canceled the statement, or statement_timeout ran out"),
  "57P01": later("server_shutdown"),
  "57P02": later("server_shutdown"),
  "57P03": later("server_starting"),
  "57P04": never("unknown_database"),
  "57P05": later("server_shutdown", "The server ended the session because it was idle"),
  "58": later("server_io_error", "The server could not reach its files: see its log"),
  "XX": never("server_internal", "This is an error inside Postgres: see its log"),
  "XX001": never("data_corrupted", "Postgres found damaged data: restore it from a backup"),
  "XX002": never("data_corrupted", "Postgres found a damaged index: reindex it"),
};

/** A function, operator, table or type that is not found where names are looked up. */
const MISSING_NAMES: ReadonlySet<string> = new Set(["42883", "42P01", "42704"]);

/** What to do about a name in SQL of the pipeline file that is not found; null for other errors. */
export function missingNameHint({ code = "" }: PostgresFields): string | null {
  if (!MISSING_NAMES.has(code)) return null;
  return "Names without a schema are looked up where ?search_path= of the database URL says, " +
    "else in pg_catalog alone: write schema.name";
}

/** What to do about a name that a function of the database does not find; null for other errors. */
export function missingInFunctionHint({ code = "", where = "" }: PostgresFields): string | null {
  if (!MISSING_NAMES.has(code) || !/\bfunction\b/.test(where)) return null;
  return "Sluice's sessions look for names without a schema in pg_catalog alone: " +
    "alter function … set search_path to its schemas";
}

/** The meaning of a SQLSTATE; what we have no word for is `statement_failed`. */
export function meaningOf(sqlState: string): SqlStateMeaning {
  return SQLSTATES[sqlState] ?? SQLSTATES[sqlState.slice(0, 2)] ?? never("statement_failed");
}

function later(word: string, hint?: string): SqlStateMeaning {
  return { word, retry: "later", ...(hint === undefined ? {} : { hint }) };
}

function never(word: string, hint?: string): SqlStateMeaning {
  return { word, retry: "never", ...(hint === undefined ? {} : { hint }) };
}

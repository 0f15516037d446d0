import { type PostgresFields, type Retry, SluiceError } from "../core/error.ts";

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

/** What is decided by a SQLSTATE: the values, and the classes (two characters), that mean it. */
const CASES = {
  canceled: ["57014"],
  /** A statement that writes, in a transaction that only reads. */
  readOnly: ["25006"],
  /** A table or view that is not there. */
  missingTable: ["42P01"],
  /** What the role may not do. */
  notGranted: ["42501"],
  lockTimeout: ["55P03"],
  /** Nothing happened, and it may go well next time: lock timeout, deadlock, serialization failure. */
  standsInTheWay: ["55P03", "40P01", "40001"],
  /** A look that found out nothing: somebody keeps readers out, or this role may not read. */
  noLook: ["55P03", "42501"],
  /** A table that is gone, or that this role may not read although it may read a part of another. */
  notToBeSeen: ["42501", "42P01", "3F000"],
  /** The same of a look that is given little time. */
  noQuickLook: ["55P03", "42501", "57014"],
  uniqueViolation: ["23505"],
  /** Rows that others refer to; the second is Postgres 18's for `on delete restrict`. */
  referenced: ["23503", "23001"],
  /** Any constraint that Postgres checks. */
  constraintViolation: ["23"],
  /** The database's encoding lacks a character. */
  untranslatable: ["22P05"],
  /** A table, index or schema that is gone, or that has the name of a new one. */
  otherNames: ["42P01", "42P07", "42710", "3F000"],
  /** A table, index, constraint or column that is made a second time. */
  standsAlready: ["42P07", "42710", "42701"],
  /** What is no SQL at all. */
  syntax: ["42601"],
  /** A function, operator, table or type that is not found where names are looked up. */
  missingName: ["42883", "42P01", "42704"],
  /** Where a value is read: unless values are names, not they are wrong but what reads them. */
  unreadable: [
    ...["42883", "42P01", "42704", "3F000", "42501", "42703", "42702", "42725", "42804", "42846"],
  ],
  /**
   * A row's values (a subquery of a check or trigger that yields several rows, data, integrity, a
   * view's check option), functions that triggers call, a value or row that is too long, JSON
   * nested too deeply; and a text in a language of its own that a function cannot parse, such as
   * that of jsonpath, tsquery and ltree, or of PostGIS, which says `internal_error`.
   */
  row: ["21", "22", "23", "38", "44", "P0", "54000", "54001", "42601", "XX000"],
  /** What a trigger raises may have any SQLSTATE; these say that trying again may help. */
  moment: ["08", "40", "53", "55", "57", "58"],
  /** Not what happens to any query: a lost connection, a full disk, a cancel. */
  query: ["20", "21", "22", "23", "24", "25", "26", "27", "28", "3D", "42", "P0"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** What a SQLSTATE can be about. */
export type SqlStateCase = keyof typeof CASES;

/** Whether a SQLSTATE is about this; none is about nothing. */
export function isAbout(sqlState: string | undefined, what: SqlStateCase): boolean {
  const states: readonly string[] = CASES[what];
  return sqlState !== undefined &&
    (states.includes(sqlState) || states.includes(sqlState.slice(0, 2)));
}

/** An error that Postgres reported. */
export type ReportedError = SluiceError & { readonly postgres: PostgresFields };

/** Whether Postgres reported an error about this. */
export function isError(error: unknown, what: SqlStateCase): error is ReportedError {
  return error instanceof SluiceError && isAbout(error.postgres?.code, what);
}

/** What to do about a name in SQL of the pipeline file that is not found; null for other errors. */
export function missingNameHint({ code }: PostgresFields): string | null {
  if (!isAbout(code, "missingName")) return null;
  return "Names without a schema are looked up where ?search_path= of the database URL says, " +
    "else in pg_catalog alone: write schema.name";
}

/** What to do about a name that a function of the database does not find; null for other errors. */
export function missingInFunctionHint({ code, where = "" }: PostgresFields): string | null {
  if (!isAbout(code, "missingName") || !/\bfunction\b/.test(where)) return null;
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

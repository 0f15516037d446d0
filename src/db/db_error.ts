import { type PostgresFields, SluiceError } from "../core/error.ts";
import { meaningOf, missingInFunctionHint } from "./sqlstate.ts";

/** Our names for the fields of an error, by the driver's. */
const FIELDS: Readonly<Record<string, keyof PostgresFields>> = {
  severity: "severity",
  code: "code",
  message: "message",
  detail: "detail",
  hint: "hint",
  position: "position",
  where: "where",
  schema_name: "schema",
  table_name: "table",
  column_name: "column",
  "data type_name": "dataType",
  constraint_name: "constraint",
  file: "file",
  line: "line",
  routine: "routine",
};

/** Turns whatever the driver threw for a statement into a {@link SluiceError}. */
export function statementError(error: unknown, describe: string): Error {
  if (error instanceof SluiceError) return error;
  const postgres = postgresFields(error);
  if (postgres !== null) return postgresError(postgres);
  const code = nodeCode(error);
  if (code !== null) return connectionLost(describe, error);
  // A bug of ours, or of the driver: it keeps its stack.
  return error instanceof Error ? error : new Error(String(error));
}

/** Whether no further statement can be sent after this error. */
export function endsConnection(error: Error): boolean {
  if (!(error instanceof SluiceError)) return false;
  return error.postgres === undefined
    ? error.code === "db/connection_lost"
    : /^(FATAL|PANIC)$/.test(error.postgres.severity ?? "");
}

/** Whether the server takes no writes, as a standby does. */
export function isReadOnly(error: Error): boolean {
  return error instanceof SluiceError && error.code === "db/read_only";
}

/** The connection broke while it was in use. */
export function connectionLost(describe: string, cause?: unknown): SluiceError {
  return new SluiceError("db/connection_lost", `The connection to ${describe} was lost`, {
    retry: "later",
    hint: "The server, the network or an administrator ended it: the server's log says which",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The fields of an error that Postgres sent, or null for any other error. */
export function postgresFields(error: unknown): PostgresFields | null {
  if (!(error instanceof Error) || error.name !== "PostgresError") return null;
  const sent = error as unknown as Record<string, unknown>;
  const fields: Record<string, string> = {};
  for (const [theirs, ours] of Object.entries(FIELDS)) {
    if (typeof sent[theirs] === "string") fields[ours] = sent[theirs] as string;
  }
  return fields;
}

/** Where Postgres refuses a statement because of a policy, which no grant changes. */
const ROW_SECURITY: ReadonlySet<string> = new Set(["check_enable_rls", "ExecWithCheckOptions"]);

const ROW_SECURITY_HINT =
  "Row-level security of the table applies to this role, and no grant changes that: let the role own the table, or give it BYPASSRLS (alter role … bypassrls)";

/** What Postgres refused, under our code for it. */
export function postgresError(postgres: PostgresFields): SluiceError {
  const { word, retry, hint } = meaningOf(postgres.code ?? "");
  // A policy is told by the routine, whatever the language of the message.
  const advice = missingInFunctionHint(postgres) ?? postgres.hint ??
    (ROW_SECURITY.has(postgres.routine ?? "") ? ROW_SECURITY_HINT : hint);
  const message = [postgres.message, postgres.detail].filter((part) => part).join(": ");
  return new SluiceError(`db/${word}`, message.replace(/\.$/, ""), {
    retry,
    ...(advice === undefined ? {} : { hint: advice }),
    postgres,
  });
}

/** The code of an error that the runtime made, such as `ECONNREFUSED`. */
export function nodeCode(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : null;
}

import { type PostgresFields, SluiceError, type SluiceErrorOptions } from "../core/error.ts";
import { type ConnectionTarget, isSocketFolder } from "./connection_url.ts";
import { meaningOf } from "./sqlstate.ts";

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

/** The connection broke while it was in use. */
export function connectionLost(describe: string, cause?: unknown): SluiceError {
  return new SluiceError("db/connection_lost", `The connection to ${describe} was lost`, {
    retry: "later",
    hint: "The server, the network or an administrator ended it: the server's log says which",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Turns whatever went wrong while connecting into a {@link SluiceError} that says what to do. */
export function connectError(error: unknown, target: ConnectionTarget): Error {
  if (error instanceof SluiceError) return error;
  const postgres = postgresFields(error);
  if (postgres !== null) {
    const { word, retry, hint } = meaningOf(postgres.code ?? "");
    const message = `Could not connect to ${target.describe}: ${postgres.message}`;
    return new SluiceError(`db/${word}`, message, {
      retry,
      ...(hint === undefined ? {} : { hint }),
      postgres,
    });
  }
  const code = nodeCode(error) ?? "";
  const text = error instanceof Error ? error.message : String(error);
  const fail = (word: string, why: string, options: SluiceErrorOptions) =>
    new SluiceError(`db/${word}`, `Could not connect to ${target.describe}: ${why}`, {
      ...options,
      cause: error,
    });
  if (code === "ECONNREFUSED" || (code === "ENOENT" && isSocketFolder(target.host))) {
    return fail("refused", "nothing listens there", {
      retry: "later",
      hint: "Start the server, or correct host and port",
    });
  }
  if (/ENOTFOUND|EAI_/.test(code) || /failed to lookup address/i.test(text)) {
    return fail("unknown_host", "the host name has no address", {
      retry: "later",
      hint: "Correct the host in the URL, or check the network's name server",
    });
  }
  if (code === "SASL_SIGNATURE_MISMATCH") {
    return fail("authentication", "the server could not prove that it knows the password", {
      hint: "Something else may be answering in the server's place: do not go on",
    });
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code) || /certificate|tls|handshake/i.test(text)) {
    return fail("tls", `the encrypted connection failed (${text})`, {
      hint: target.tls === "verify-full"
        ? "The server's certificate must be for this host name, and one that this machine trusts"
        : "The server may not offer encryption: then sslmode=disable, on a network you trust",
    });
  }
  return fail("unreachable", text, {
    retry: "later",
    hint: "Check host, port, firewall and whether the server runs",
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

function postgresError(postgres: PostgresFields): SluiceError {
  const { word, retry, hint } = meaningOf(postgres.code ?? "");
  const advice = postgres.hint ?? hint;
  const message = [postgres.message, postgres.detail].filter((part) => part).join(": ");
  return new SluiceError(`db/${word}`, message.replace(/\.$/, ""), {
    retry,
    ...(advice === undefined ? {} : { hint: advice }),
    postgres,
  });
}

function nodeCode(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : null;
}

import { SluiceError } from "../../core/error.ts";
import { isAbout, missingNameHint } from "../../db/sqlstate.ts";
import type { Location } from "../location.ts";

/** What of an error of `db/` a source calls otherwise, by its word. */
const CONNECTING: Readonly<Record<string, `source/${string}`>> = {
  bad_url: "source/bad_url",
  tls: "source/tls",
  tls_file: "source/tls",
  authentication: "source/forbidden",
  permission_denied: "source/forbidden",
  unknown_database: "source/no_database",
};

/**
 * What went wrong with the database of a source, in the words for sources: those of `db/` are of
 * the database that is loaded. Anything else stays as it is.
 *
 * @param isConnected whether a statement failed, and not the way to the server
 */
export function databaseError(error: unknown, location: Location, isConnected: boolean): unknown {
  if (!(error instanceof SluiceError) || error.origin !== "db") return error;
  return isConnected && error.postgres !== undefined
    ? statementError(error, location)
    : connectionError(error, location);
}

function connectionError(error: SluiceError, { shown }: Location): SluiceError {
  const code = CONNECTING[error.code.slice("db/".length)] ?? "source/unreachable";
  // The address as the pipeline file has it: what a variable holds is not shown.
  const told = error.message.replace(/postgres:\/\/\S+?(?=:? |$)/, () => `"${shown}"`);
  return wrapped(code, told.includes(shown) ? told : `"${shown}": ${told}`, error, {
    hint: error.hint ?? "Check the address of the source",
  });
}

function statementError(error: SluiceError, location: Location): SluiceError {
  const { shown, table } = location;
  const { postgres, message, retry } = error;
  const state = postgres!.code;
  if (table !== undefined && isAbout(state, "missingTable")) {
    return wrapped("source/not_found", `There is no table "${table}" for "${shown}"`, error, {
      hint: "Write it as schema.table, in the letters that Postgres has",
    });
  }
  if (isAbout(state, "notGranted")) {
    return wrapped("source/forbidden", `"${shown}": ${message}`, error, {
      hint: "Grant the role of the source what the query reads: usage on the schema, select",
    });
  }
  if (isAbout(state, "readOnly")) {
    return wrapped("source/bad_query", `The query of "${shown}" writes: ${message}`, error, {
      retry: "never",
      hint: "A source is only read: leave out what changes something",
    });
  }
  if (retry !== "never") {
    return wrapped("source/unavailable", `"${shown}": ${message}`, error, {
      hint: error.hint ?? "The server is busy or broken: run again later",
    });
  }
  return wrapped(
    "source/bad_query",
    `Postgres cannot run the query of "${shown}": ${message}`,
    error,
    {
      hint: missingNameHint(postgres!) ?? error.hint ?? "`query` is one SELECT, as psql takes it",
    },
  );
}

function wrapped(
  code: `source/${string}`,
  message: string,
  cause: SluiceError,
  { hint, retry = cause.retry }: { readonly hint: string; readonly retry?: SluiceError["retry"] },
): SluiceError {
  const { postgres } = cause;
  return new SluiceError(code, message, {
    retry,
    hint,
    cause,
    ...(postgres === undefined ? {} : { postgres }),
  });
}

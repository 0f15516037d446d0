import { SluiceError, type SluiceErrorOptions } from "../../core/error.ts";
import { isSocketFolder } from "./connection_url.ts";
import { nodeCode, postgresFields } from "../db_error.ts";
import { poolerRefusal } from "./pooler.ts";
import type { ResolvedTarget } from "./resolve_target.ts";
import { meaningOf } from "../sqlstate.ts";

/** Turns whatever went wrong while connecting into a {@link SluiceError} that says what to do. */
export function connectError(error: unknown, target: ResolvedTarget): Error {
  if (error instanceof SluiceError) return error;
  return loginError(error, target) ?? tlsError(error, target) ?? networkError(error, target);
}

/** What Postgres, or a pooler in its place, said to the login. */
function loginError(error: unknown, target: ResolvedTarget): SluiceError | null {
  const postgres = postgresFields(error);
  if (postgres === null) {
    return nodeCode(error) !== "SASL_SIGNATURE_MISMATCH"
      ? null
      : failure("authentication", target, "the server could not prove that it knows the password", {
        hint: "Another server may be answering in its place: do not continue",
        cause: error,
      });
  }
  const refusal = poolerRefusal(target.describe, postgres.message ?? "");
  if (refusal !== null) return refusal;
  const setting = refusedSetting(postgres.message ?? "", target);
  if (setting !== null) {
    return failure("bad_url", target, postgres.message ?? "", {
      hint:
        `"${setting}" in the database URL is not a connection parameter, and was sent as a setting: ` +
        "leave it out, or correct it",
      postgres,
    });
  }
  const { word, retry, hint } = meaningOf(postgres.code ?? "");
  const hints = word === "authentication" ? [hint, target.passwordProblem] : [hint];
  const advice = hints.filter((text) => text).join("; ");
  return failure(word, target, postgres.message ?? "", {
    retry,
    ...(advice === "" ? {} : { hint: advice }),
    postgres,
  });
}

/** The setting of the URL that the server names where it refuses one; null for other refusals. */
function refusedSetting(message: string, { settings }: ResolvedTarget): string | null {
  return Object.keys(settings).find((name) => message.includes(`"${name}"`)) ?? null;
}

/** What went wrong with an encryption, by the codes of Node's TLS. */
const TLS_FAILURES: readonly (readonly [RegExp, string, string])[] = [
  [
    /ALERT/,
    "the server refused the encrypted connection",
    "It may want another client certificate (sslcert, sslkey): see its log",
  ],
  [
    /ALTNAME/,
    "the server's certificate is for another name",
    "Connect by a name that is in the certificate; sslmode=verify-ca does not check the name",
  ],
  [
    /EXPIRED|NOT_YET_VALID/,
    "the server's certificate is not valid today",
    "The server needs a new one; check this machine's clock as well",
  ],
  [
    /SELF_SIGNED|UNABLE_TO|ISSUER|UNKNOWN_CA/,
    "no authority that this machine trusts signed the server's certificate",
    "Give that authority's certificate: sslrootcert=PATH",
  ],
];

function tlsError(error: unknown, target: ResolvedTarget): SluiceError | null {
  const code = nodeCode(error) ?? "";
  const text = textOf(error);
  if (
    !/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code) && !/certificate|tls|handshake/i.test(text)
  ) {
    return null;
  }
  const [, why, hint] = TLS_FAILURES.find(([codes]) => codes.test(code)) ?? [];
  return failure("tls", target, `${why ?? "the encrypted connection failed"} (${text})`, {
    hint: hint ?? "Check sslcert and sslkey, and see the server's log",
    cause: error,
  });
}

/** How it shows that the other side has closed: by what was under way at that moment. */
const HANG_UPS: ReadonlySet<string> = new Set([
  "CONNECTION_CLOSED",
  "ECONNABORTED",
  "ECONNRESET",
  "ENOTCONN",
  "EPIPE",
]);

function networkError(error: unknown, target: ResolvedTarget): SluiceError {
  const code = nodeCode(error) ?? "";
  const text = textOf(error);
  if (code === "ECONNREFUSED" || (code === "ENOENT" && isSocketFolder(target.host))) {
    return failure("refused", target, "nothing listens there", {
      retry: "later",
      hint: "Start the server, or correct host and port",
      cause: error,
    });
  }
  if (HANG_UPS.has(code)) return hungUp(target, error);
  if (/ENOTFOUND|EAI_/.test(code) || /failed to lookup address/i.test(text)) {
    return failure("unknown_host", target, "the host name has no address", {
      retry: "later",
      hint: "Correct the host, or check the network's name server",
      cause: error,
    });
  }
  return failure("unreachable", target, text, {
    retry: "later",
    hint: "Check host, port, firewall and whether the server runs",
    cause: error,
  });
}

/** The other side closed the connection while it was being made. */
export function hungUp(target: ResolvedTarget, cause?: unknown): SluiceError {
  return failure("hung_up", target, "it closed the connection before the login was done", {
    retry: "later",
    // It may hang up before its word on our certificate has come through.
    hint: target.material.certificate === null
      ? "Check that it is a Postgres server, and see its log"
      : "It may not accept the certificate of sslcert: see its log",
    ...(cause === undefined ? {} : { cause }),
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failure(
  word: string,
  { describe }: ResolvedTarget,
  why: string,
  options: SluiceErrorOptions,
): SluiceError {
  return new SluiceError(`db/${word}`, `Could not connect to ${describe}: ${why}`, options);
}

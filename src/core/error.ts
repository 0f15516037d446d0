import type { RejectReason } from "./reject_reason.ts";
import type { Origin } from "./stage.ts";

/**
 * Whether the same can succeed later without anybody changing anything: `restart` where not the
 * step that failed, but the load from its first byte.
 */
export type Retry = "never" | "later" | "restart";

/** Every field Postgres sends with an error, under readable names. */
export interface PostgresFields {
  readonly severity?: string;
  /** SQLSTATE, five characters. */
  readonly code?: string;
  readonly message?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: string;
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly dataType?: string;
  readonly constraint?: string;
  readonly file?: string;
  readonly line?: string;
  readonly routine?: string;
}

/** What an error says beside its message. */
export interface SluiceErrorOptions {
  readonly retry?: Retry;
  /** What the user can do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
  readonly postgres?: PostgresFields;
  /** Extra facts, printed as `name: value` and carried in JSON. */
  readonly details?: Readonly<Record<string, string | number>>;
  /** Of a refused load: the first reasons of its rejects. */
  readonly reasons?: readonly RejectReason[];
}

/**
 * A run that failed for a reason outside our code: the network, the database, the file.
 *
 * `code` is `origin/snake_case`, stable, and explained in `docs/errors.md`. Anything else that is
 * thrown is a bug of ours and shows its stack.
 */
export class SluiceError extends Error {
  override readonly name = "SluiceError";
  readonly origin: Origin;
  readonly code: string;
  readonly retry: Retry;
  readonly hint: string | undefined;
  readonly postgres: PostgresFields | undefined;
  readonly details: Readonly<Record<string, string | number>>;
  readonly reasons: readonly RejectReason[];

  constructor(code: `${Origin}/${string}`, message: string, options: SluiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.origin = code.slice(0, code.indexOf("/")) as Origin;
    this.retry = options.retry ?? "never";
    this.hint = options.hint;
    this.postgres = options.postgres;
    this.details = options.details ?? {};
    this.reasons = options.reasons ?? [];
  }

  /** The error as plain data: what the ledger keeps and `--output json` prints. */
  toJSON(): ErrorRecord {
    return {
      code: this.code,
      message: this.message,
      retry: this.retry === "never" ? "never" : "later",
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.postgres === undefined ? {} : { postgres: this.postgres }),
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
      ...(this.reasons.length === 0 ? {} : { reasons: this.reasons }),
    };
  }
}

/** What was thrown, as the ledger and JSON show it; anything but a {@link SluiceError} is a bug. */
export function errorRecord(error: unknown): ErrorRecord {
  if (error instanceof SluiceError) return error.toJSON();
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "core/bug", message: `This is a bug in Sluice: ${message}`, retry: "never" };
}

/** A {@link SluiceError} as JSON. */
export interface ErrorRecord {
  readonly code: string;
  readonly message: string;
  /** Of the same command, from its beginning. */
  readonly retry: "never" | "later";
  readonly hint?: string;
  readonly postgres?: PostgresFields;
  readonly details?: Readonly<Record<string, string | number>>;
  readonly reasons?: readonly RejectReason[];
}

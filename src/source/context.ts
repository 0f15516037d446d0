import type { Clock } from "../core/clock.ts";
import type { HostGate } from "../core/host_slots.ts";
import type { ErrorRecord } from "../core/error.ts";
import type { Secrets } from "../core/secret.ts";

/** What opening or probing a source needs from outside. */
export interface SourceContext {
  readonly secrets: Secrets;
  readonly clock: Clock;
  /** A number in [0, 1), for the jitter of retries. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Bounds how many read from a host at once; left out: that of the process. */
  readonly hosts?: HostGate;
  /**
   * Whether files may be read in parts; left out: they may not. Where parts turned out to be of two
   * files, or not to be had, it is taken back, and the next attempt reads them whole.
   */
  readonly ranges?: { areTrusted: boolean };
  /** Called before each wait; `attempt` counts from 1, `attempts` is the source's `retries`. */
  onRetry(attempt: number, attempts: number, delaySeconds: number, error: ErrorRecord): void;
}

/** A variable of the operator that nobody may see from here on; null: unset. */
export function secretOf(secrets: Secrets, name: string): string | null {
  return secrets.setting(name) === null ? null : secrets.reveal(`\${${name}}`);
}

/** What identifies the bytes of a source; null where unknown. */
export interface SourceFacts {
  /** As the plan has it: secrets still as references, a password in the URL hidden. */
  readonly url: string;
  readonly etag: string | null;
  /** ISO 8601, UTC. */
  readonly lastModified: string | null;
  /** Bytes as stored, so compressed where the source is. */
  readonly bytes: number | null;
  /** Of the stored bytes, hex; `ranges:` and a digest where only parts of them were read. */
  readonly sha256: string | null;
}

/** The etag of a file that was changed just now: it may change again without a trace. */
export const UNSETTLED = "ctime unsettled";

/** What the ledger remembers of the source that is live. */
export type KnownSource = Pick<SourceFacts, "etag" | "lastModified" | "bytes" | "sha256">;

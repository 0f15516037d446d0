import type { Clock } from "../core/clock.ts";
import { SluiceError } from "../core/error.ts";
import { growing, retry } from "../core/retry.ts";

/** How often, and for how long between, something is tried again. */
export interface RetryOptions {
  readonly clock: Clock;
  /** A number in [0, 1): jitter. */
  readonly random: () => number;
  /** Ends the waiting: the error that led to it is then the outcome. */
  readonly signal?: AbortSignal | undefined;
  /** Tries in all; default 8, with at most 36 s of waiting between them. */
  readonly attempts?: number;
  readonly onRetry?: (
    attempt: number,
    attempts: number,
    delaySeconds: number,
    error: SluiceError,
  ) => void;
}

/**
 * What a database says when it will be well again soon: the same work sent once more, perhaps over
 * a new connection, is likely to succeed.
 */
const TRANSIENT: ReadonlySet<string> = new Set([
  "db/serialization_failure",
  "db/deadlock",
  "db/transaction_rolled_back",
  "db/connection_lost",
  "db/commit_unknown",
  "db/server_shutdown",
  "db/server_starting",
  "db/session_timeout",
  "db/too_many_connections",
  "db/read_only",
  "db/refused",
  "db/hung_up",
  "db/unreachable",
  "db/unknown_host",
  "db/connect_timeout",
]);

/** Whether an error is of the kind that a new attempt within the run is likely to cure. */
export function isTransient(error: unknown): error is SluiceError {
  return error instanceof SluiceError && TRANSIENT.has(error.code);
}

/**
 * Does work that may be done twice, and repeats it after each transient error of the database.
 *
 * `work` must be whole: its own transaction or a read, never a step within a transaction or on a
 * session, which are gone with their connection. It may have taken effect before it is repeated.
 */
export async function withRetry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, random, signal, attempts = 8, onRetry } = options;
  return await retry(work, {
    clock,
    signal,
    attempts,
    delay: growing(random, { base: 500, cap: 10_000 }),
    again: isTransient,
    onRetry: (failures, delay, error) =>
      onRetry?.(failures, attempts, delay / 1000, error as SluiceError),
  });
}

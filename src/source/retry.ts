import { Attempts, growing } from "../core/retry.ts";
import { SluiceError } from "../core/error.ts";
import type { SourceContext } from "./context.ts";

/** A server that asks for a longer wait than this is not waited for, seconds. */
const LONGEST_WAIT = 300;

/**
 * Attempts at a source; what has failed so often in a row, without a byte of progress, has failed.
 *
 * @param limit further attempts after the first one
 */
export function sourceAttempts(limit: number, context: SourceContext): Attempts {
  const { signal, clock, random, onRetry } = context;
  const grown = growing(random, { base: 500, cap: 30_000 });
  return new Attempts({
    clock,
    signal,
    attempts: limit + 1,
    delay(failures, error) {
      const asked = askedWait(error);
      return asked === null ? grown(failures) : asked * 1000;
    },
    again(error) {
      // What an abort broke is no fault of the source.
      signal.throwIfAborted();
      return error instanceof SluiceError && error.retry === "later" &&
        (askedWait(error) ?? 0) <= LONGEST_WAIT;
    },
    onRetry: (failures, delay, error) =>
      onRetry(failures, limit, delay / 1000, (error as SluiceError).toJSON()),
    spent: (error) => exhausted(error as SluiceError, limit),
    aborted: (reason) => reason,
  });
}

/** Seconds that the server asks to wait; null where it does not. */
function askedWait(error: unknown): number | null {
  const asked = error instanceof SluiceError ? error.details.retry_after_seconds : null;
  return typeof asked === "number" ? asked : null;
}

function exhausted(error: SluiceError, limit: number): SluiceError {
  if (limit === 0) return error;
  const { code, message, ...rest } = error.toJSON();
  const times = limit === 1 ? "1 retry" : `${limit} retries`;
  return new SluiceError(code as `source/${string}`, `${message} (after ${times})`, rest);
}

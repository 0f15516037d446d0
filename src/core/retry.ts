import type { Clock } from "./clock.ts";

/** When, and how often, work is tried again. */
export interface RetryPolicy {
  readonly clock: Pick<Clock, "sleep">;
  /** Ends the waiting, and lets nothing be tried again. */
  readonly signal?: AbortSignal | undefined;
  /** Tries in all; `Infinity` where `again` alone decides. */
  readonly attempts: number;
  /** Milliseconds of the wait after so many failures in a row, counted from 1. */
  readonly delay: (failures: number, error: unknown) => number;
  /** Whether another attempt may help, after a wait of so many milliseconds. */
  readonly again: (error: unknown, delay: number, failures: number) => boolean;
  /** Called before each wait: tells it, or mends what was in the way. */
  readonly onRetry?:
    | ((failures: number, delay: number, error: unknown) => void | Promise<void>)
    | undefined;
  /** What is thrown where the last attempt has failed; left out: its error. */
  readonly spent?: (error: unknown) => unknown;
  /** What is thrown where the signal ends it; left out: the error of the last attempt. */
  readonly aborted?: (reason: unknown) => unknown;
}

/**
 * Exponential backoff with full jitter: waits between nothing and a base that doubles with each
 * failure, up to the cap.
 *
 * Full jitter spreads clients that failed together best (AWS Architecture Blog, "Exponential
 * Backoff And Jitter").
 *
 * @param random numbers in [0, 1)
 * @param limits milliseconds
 */
export function growing(
  random: () => number,
  { base, cap }: { readonly base: number; readonly cap: number },
): (failures: number) => number {
  return (failures) => Math.round(random() * Math.min(cap, base * 2 ** (failures - 1)));
}

/** Counts failures in a row, and waits after each. */
export class Attempts {
  #failures = 0;

  constructor(readonly policy: RetryPolicy) {}

  /** Something has gone well: the count starts again. */
  reset(): void {
    this.#failures = 0;
  }

  /**
   * Waits before the next attempt.
   *
   * @param error of the attempt that failed: it is thrown where another one is of no use
   * @returns false where the signal has aborted
   */
  async wait(error: unknown): Promise<boolean> {
    const { clock, signal, attempts, delay, again, onRetry, spent } = this.policy;
    const failures = ++this.#failures;
    const milliseconds = delay(failures, error);
    if (!again(error, milliseconds, failures)) throw error;
    if (signal?.aborted) return false;
    if (failures >= attempts) throw await spent?.(error) ?? error;
    await onRetry?.(failures, milliseconds, error);
    if (milliseconds === 0) return true;
    try {
      await clock.sleep(milliseconds, signal);
      return true;
    } catch (stopped) {
      if (!signal?.aborted) throw stopped;
      return false;
    }
  }

  /** Does work until it succeeds, or another attempt is of no use. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (await this.wait(error)) continue;
        const { signal, aborted = () => error } = this.policy;
        throw aborted(signal!.reason);
      }
    }
  }
}

/**
 * Does work until it succeeds, or another attempt is of no use. It may be done twice: where its
 * answer got lost, it has taken effect before it is repeated.
 */
export async function retry<T>(work: () => Promise<T>, policy: RetryPolicy): Promise<T> {
  return await new Attempts(policy).run(work);
}

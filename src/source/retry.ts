import { backoff } from "../core/backoff.ts";
import { SluiceError } from "../core/error.ts";
import type { SourceContext } from "./context.ts";

/** A server that asks for a longer wait than this is not waited for, seconds. */
const LONGEST_WAIT = 300;

/** Errors that only a new start cures. */
const NEEDS_RESTART: readonly string[] = ["source/restart_needed", "source/changed_while_reading"];

/** Counts attempts in a row that failed without a byte of progress. */
export class Retries {
  #failures = 0;
  readonly #limit: number;
  readonly #context: SourceContext;

  constructor(limit: number, context: SourceContext) {
    this.#limit = limit;
    this.#context = context;
  }

  /** A byte has come: the count starts again. */
  progress(): void {
    this.#failures = 0;
  }

  /** Waits before the next attempt, or throws `error` where another one is of no use. */
  async wait(error: unknown): Promise<void> {
    const { signal, clock, random, onRetry } = this.#context;
    signal.throwIfAborted();
    if (!(error instanceof SluiceError)) throw error;
    if (error.retry === "never" || NEEDS_RESTART.includes(error.code)) throw error;
    const asked = error.details.retry_after_seconds;
    if (typeof asked === "number" && asked > LONGEST_WAIT) throw error;
    if (this.#failures >= this.#limit) throw this.#exhausted(error);
    this.#failures++;
    const seconds = typeof asked === "number" ? asked : backoff(this.#failures, random()) / 1000;
    onRetry(this.#failures, this.#limit, seconds, error.toJSON());
    await clock.sleep(seconds * 1000, signal);
  }

  /** Runs `work` until it succeeds or another attempt is of no use. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        await this.wait(error);
      }
    }
  }

  #exhausted(error: SluiceError): SluiceError {
    if (this.#limit === 0) return error;
    const { code, message, ...rest } = error.toJSON();
    const times = this.#limit === 1 ? "1 retry" : `${this.#limit} retries`;
    return new SluiceError(code as `source/${string}`, `${message} (after ${times})`, rest);
  }
}

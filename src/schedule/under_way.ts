import type { Clock } from "../core/clock.ts";

/** How {@link UnderWay.stop} went. */
export interface Stopped {
  /** Runs that came to their own end. */
  readonly finished: number;
  /** Runs that were told to stop, and did. */
  readonly interrupted: number;
  /** Runs that were still at work when the time was over. */
  readonly abandoned: number;
}

/** Milliseconds that runs get to clean up when their time to finish is over. */
const CLEANING = 5_000;

/** Runs under way, one for each pipeline at the most. */
export class UnderWay {
  readonly #limits: Pick<Clock, "sleep">;
  readonly #runs = new Map<string, Promise<unknown>>();
  readonly #interrupt = new AbortController();

  constructor(limits: Pick<Clock, "sleep">) {
    this.#limits = limits;
  }

  /** Aborted when runs have to stop. */
  get signal(): AbortSignal {
    return this.#interrupt.signal;
  }

  get size(): number {
    return this.#runs.size;
  }

  has(pipeline: string): boolean {
    return this.#runs.has(pipeline);
  }

  /** Begins work, which must not throw, and calls back when it is over. */
  begin(pipeline: string, work: () => Promise<void>, onEnd: () => void): void {
    const ended = work().finally(() => {
      this.#runs.delete(pipeline);
      onEnd();
    });
    this.#runs.set(pipeline, ended);
  }

  /** Lets runs finish, and stops those that do not within the time. */
  async stop(graceSeconds: number): Promise<Stopped> {
    const all = this.#runs.size;
    const grace = graceSeconds * 1000;
    const cleaning = Math.min(CLEANING, grace / 2);
    await this.#end(grace - cleaning);
    const finished = all - this.#runs.size;
    this.#interrupt.abort(new DOMException("The server stops", "AbortError"));
    await this.#end(cleaning);
    const abandoned = this.#runs.size;
    return { finished, interrupted: all - finished - abandoned, abandoned };
  }

  async #end(milliseconds: number): Promise<void> {
    if (this.#runs.size === 0) return;
    const over = new AbortController();
    await Promise.race([
      Promise.all(this.#runs.values()),
      this.#limits.sleep(milliseconds, over.signal).catch(() => {}),
    ]);
    over.abort();
  }
}

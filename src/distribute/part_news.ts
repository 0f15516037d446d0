import type { RunEvent } from "../core/event.ts";
import { SluiceError } from "../core/error.ts";
import type { Clock } from "../core/clock.ts";
import type { PartNews } from "../ledger/mod.ts";

/** Milliseconds between two times that a worker tells what a partition came to. */
const EVERY = 1_000;

/**
 * The reports of a worker on one partition, for the follower of its run: gathered, and sent now and
 * then.
 *
 * A message that the database does not take is sent with the next one: no load fails for it.
 */
export class PartNewsSender implements AsyncDisposable {
  #events: RunEvent[] = [];
  #progress: RunEvent | null = null;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  /** @param meanwhile done each time as well, such as asking whether the partition is wanted */
  constructor(
    readonly clock: Clock,
    readonly send: (news: PartNews) => Promise<void>,
    readonly meanwhile: () => Promise<void>,
  ) {
    this.#ended = this.#sendNowAndThen();
    // Told when it is disposed.
    this.#ended.catch(() => {});
  }

  readonly emit = (event: RunEvent): void => {
    if (event.type === "progress") this.#progress = event;
    else this.#events.push(event);
  };

  async #sendNowAndThen(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.clock.sleep(EVERY, this.#stop.signal).catch(() => {});
      await this.#flush();
      if (!this.#stop.signal.aborted) await quietly(this.meanwhile);
    }
  }

  async #flush(): Promise<void> {
    const events = this.#events;
    const progress = this.#progress;
    if (events.length === 0 && progress === null) return;
    this.#events = [];
    this.#progress = null;
    await quietly(() => this.send({ events, progress }), () => this.#events.unshift(...events));
  }

  /** Sends what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

async function quietly(work: () => Promise<void>, otherwise = () => {}): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    otherwise();
  }
}

import type { CopyIn } from "../db/database.ts";
import { COPY_HEADER, COPY_TRAILER } from "../core/copy_format.ts";

/** Bytes per write: a month took 2.74 s like this and 3.18 s with whole buffers (medians of three). */
const WRITE_BYTES = 256 * 1024;

/** A reusable buffer of encoded tuples. */
export interface TupleBuffer {
  bytes: Uint8Array<ArrayBuffer>;
  length: number;
}

/** Where buffers of tuples go. */
export interface RowSink<B extends TupleBuffer> {
  /** A buffer to fill; waits until one is free. */
  take(): Promise<B>;
  /** Sends a buffer that was taken. */
  send(buffer: B): Promise<void>;
  /** Ends the sending. Returns the rows that Postgres counted. */
  finish(): Promise<number>;
  /** Gives up what is under way; never throws. */
  abort(reason: string): Promise<void>;
}

/**
 * Spreads buffers of tuples over several COPY connections into one table.
 *
 * Nothing is visible before the exchange, so a load split over connections is still all or nothing.
 * There is one buffer more than connections: one is filled while the others are on their way, and
 * waiting for a free one is the backpressure that reaches back to the download.
 */
export class CopyFan<B extends TupleBuffer> implements RowSink<B> {
  readonly #open: () => Promise<CopyIn>;
  readonly #limit: number;
  readonly #lanes: Lane[] = [];
  readonly #free: B[];
  #wake: (() => void) | null = null;
  #failure: unknown = null;

  /**
   * @param open starts one more COPY
   * @param limit connections at the most; each is opened when all others are busy
   */
  constructor(open: () => Promise<CopyIn>, limit: number, makeBuffer: () => B) {
    this.#open = open;
    this.#limit = limit;
    this.#free = Array.from({ length: limit + 1 }, makeBuffer);
  }

  /** A buffer to fill; waits until one is free. */
  async take(): Promise<B> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure;
      const buffer = this.#free.pop();
      if (buffer !== undefined) {
        buffer.length = 0;
        return buffer;
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Sends a buffer on the connection that has least to do; does not wait for it to arrive. */
  async send(buffer: B): Promise<void> {
    if (buffer.length === 0) {
      this.#giveBack(buffer);
      return;
    }
    const lane = await this.#lane();
    lane.waiting++;
    lane.tail = lane.tail
      .then(async () => {
        for (let at = 0; at < buffer.length && this.#failure === null; at += WRITE_BYTES) {
          await lane.copy.write(
            buffer.bytes.subarray(at, Math.min(at + WRITE_BYTES, buffer.length)),
          );
        }
      })
      .catch((error) => this.#fail(error))
      .finally(() => {
        lane.waiting--;
        this.#giveBack(buffer);
      });
  }

  /** Ends every COPY. Returns the rows that Postgres counted. */
  async finish(): Promise<number> {
    // An empty load still is one COPY, so that its failure modes are the same.
    if (this.#lanes.length === 0) await this.#addLane();
    await Promise.all(this.#lanes.map((lane) => lane.tail));
    if (this.#failure !== null) throw this.#failure;
    const rows = await Promise.all(this.#lanes.map(async ({ copy }) => {
      await copy.write(COPY_TRAILER);
      return await copy.finish();
    }));
    return rows.reduce((sum, count) => sum + count, 0);
  }

  /** Makes every connection give up its COPY; never throws. */
  async abort(reason: string): Promise<void> {
    this.#failure ??= new Error(reason);
    await Promise.allSettled(this.#lanes.map(({ copy }) => copy.abort(reason)));
    await Promise.allSettled(this.#lanes.map(({ tail }) => tail));
  }

  async #lane(): Promise<Lane> {
    const idlest = this.#lanes.reduce<Lane | null>(
      (best, lane) => best === null || lane.waiting < best.waiting ? lane : best,
      null,
    );
    if (idlest !== null && (idlest.waiting === 0 || this.#lanes.length >= this.#limit)) {
      return idlest;
    }
    return await this.#addLane();
  }

  async #addLane(): Promise<Lane> {
    const copy = await this.#open();
    const lane = { copy, waiting: 0, tail: Promise.resolve() };
    this.#lanes.push(lane);
    await copy.write(COPY_HEADER);
    return lane;
  }

  #giveBack(buffer: B): void {
    this.#free.push(buffer);
    this.#wake?.();
    this.#wake = null;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#wake?.();
    this.#wake = null;
  }
}

interface Lane {
  readonly copy: CopyIn;
  waiting: number;
  tail: Promise<void>;
}

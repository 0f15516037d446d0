import { createHash } from "node:crypto";
import type { ByteRange, RandomInput } from "./random_input.ts";
import { type Spool, spool } from "./spool.ts";
import type { FileRanges } from "./transports/transport.ts";

/** How an identity begins that is no digest of all bytes of a file. */
export const RANGES = "ranges:";

/** Where more of a file than this would be read, all of it is read in one go. */
const MOST_SHARE = 0.8;
/** What a request costs beside its bytes, in bytes. */
const REQUEST_BYTES = 8 << 10;
/** Bytes between two stretches that are read along to spare a request. */
const MOST_GAP = 1 << 16;
/** Parts are read together until they have so many bytes. */
const STEP_BYTES = 8 << 20;
/** Bytes of a step that are kept in memory; those of a longer one are in a file. */
const MEMORY_BYTES = 32 << 20;

/** Stretches that are read together, in the order of the file. */
type Step = readonly ByteRange[];

/** A step that was read: the stretches lie one behind the other. */
interface Held {
  readonly step: Step;
  readonly bytes: Spool;
}

/**
 * A file of which only what is wanted is read: a step is read ahead while the one before is used.
 *
 * Where most of it is wanted, or nobody says what, it is read whole.
 */
export class RangedInput implements RandomInput, AsyncDisposable {
  readonly size: number;
  readonly #ranges: FileRanges;
  readonly #readAll: () => Promise<Spool>;
  readonly #progress: (share: number) => void;
  #whole: Spool | null = null;
  #steps: readonly Step[] = [];
  #current = 0;
  readonly #held = new Map<number, Promise<Held>>();
  /** One request at a time. */
  #queue: Promise<unknown> = Promise.resolve();
  #isEnded = false;
  /** Where each stretch lies, and its digest. */
  readonly #read: (readonly [start: number, end: number, sha256: string])[] = [];
  #expected = 0;
  #received = 0;

  /**
   * @param readAll reads the whole file in place of parts
   * @param progress is told how much of what is wanted was read, in [0, 1]
   */
  constructor(
    ranges: FileRanges,
    readonly shown: string,
    readAll: () => Promise<Spool>,
    progress: (share: number) => void,
  ) {
    this.size = ranges.size;
    this.#ranges = ranges;
    this.#readAll = readAll;
    this.#progress = progress;
    this.#note(this.#tailAt, ranges.tail);
  }

  get #tailAt(): number {
    return this.size - this.#ranges.tail.length;
  }

  async expect(parts: readonly Step[]): Promise<void> {
    const steps = stepsOf(parts, this.#tailAt);
    const stretches = steps.flat();
    const wanted = lengthOf(stretches) + stretches.length * REQUEST_BYTES;
    if (wanted + this.#ranges.tail.length > this.size * MOST_SHARE) {
      this.#whole = await this.#readAll();
      return;
    }
    this.#expected = lengthOf(stretches);
    this.#steps = steps;
    this.#prepare(0);
  }

  async read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#whole !== null) return await this.#whole.read(start, end);
    if (start >= this.#tailAt) {
      return this.#ranges.tail.slice(start - this.#tailAt, end - this.#tailAt);
    }
    let at = this.#current;
    while (at < this.#steps.length && !holds(this.#steps[at], start, end)) at++;
    // A footer that is long, or what a file says nothing of.
    if (at === this.#steps.length) return await this.#readOnce(start, end);
    if (at > this.#current) await this.#leave(at);
    this.#prepare(at);
    // Read ahead.
    this.#prepare(at + 1);
    const { step, bytes } = await this.#held.get(at)!;
    let before = 0;
    for (const stretch of step) {
      if (start >= stretch.start && end <= stretch.end) {
        const from = before + start - stretch.start;
        return await bytes.read(from, from + end - start);
      }
      before += stretch.end - stretch.start;
    }
    throw new Error("A step holds what it was chosen for");
  }

  /** Each answer has proven itself. */
  confirm(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * What stands for the bytes that were read; null where those were all bytes of the file.
   *
   * It is the same wherever the same stretches of the same file were read.
   */
  identity(): string | null {
    if (this.#whole !== null) return null;
    const read = this.#read.toSorted(([a, b], [c, d]) => a - c || b - d);
    const text = JSON.stringify([this.#ranges.etag, this.size, read]);
    return RANGES + createHash("sha256").update(text).digest("hex");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    await this.#leave(this.#steps.length);
    await this.#queue;
    await this.#whole?.[Symbol.asyncDispose]();
  }

  /** Starts to read a step, once what was asked for before is there. */
  #prepare(at: number): void {
    if (at >= this.#steps.length || this.#held.has(at)) return;
    const step = this.#steps[at];
    const held = this.#inTurn(async () => {
      const bytes = await spool(this.#chunks(step), this.shown, MEMORY_BYTES);
      return { step, bytes };
    });
    // Who reads it hears that it failed.
    held.catch(() => {});
    this.#held.set(at, held);
  }

  async *#chunks(step: Step): AsyncGenerator<Uint8Array, void, undefined> {
    for (const { start, end } of step) {
      await using part = this.#ranges.read(start, end);
      const hash = createHash("sha256");
      for await (const chunk of part.chunks) {
        if (this.#isEnded) return;
        hash.update(chunk);
        this.#received += chunk.length;
        this.#progress(Math.min(1, this.#received / Math.max(1, this.#expected)));
        yield chunk;
      }
      this.#read.push([start, end, hash.digest("hex")]);
    }
  }

  async #readOnce(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#inTurn(async () => {
      const bytes = new Uint8Array(end - start);
      let at = 0;
      await using part = this.#ranges.read(start, end);
      for await (const chunk of part.chunks) {
        bytes.set(chunk, at);
        at += chunk.length;
      }
      this.#note(start, bytes);
      return bytes;
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  #note(start: number, bytes: Uint8Array): void {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    this.#read.push([start, start + bytes.length, sha256]);
  }

  /** Forgets the steps before another one. */
  async #leave(next: number): Promise<void> {
    this.#current = next;
    for (const [at, held] of this.#held) {
      if (at >= next) continue;
      this.#held.delete(at);
      // One that failed holds nothing.
      const step = await held.catch(() => null);
      await step?.bytes[Symbol.asyncDispose]();
    }
  }
}

function holds(step: Step, start: number, end: number): boolean {
  return step.some((stretch) => start >= stretch.start && end <= stretch.end);
}

function lengthOf(stretches: Step): number {
  return stretches.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** What is to be read before `tailAt`: small parts together, and neighbours in one stretch. */
function stepsOf(parts: readonly Step[], tailAt: number): readonly Step[] {
  const steps: Step[] = [];
  let open: ByteRange[] = [];
  for (const part of parts) {
    open.push(...part.filter(({ start, end }) => start < tailAt && end > start));
    if (lengthOf(open) < STEP_BYTES) continue;
    steps.push(merged(open));
    open = [];
  }
  return open.length === 0 ? steps : [...steps, merged(open)];
}

function merged(stretches: readonly ByteRange[]): Step {
  const result: { start: number; end: number }[] = [];
  for (const { start, end } of stretches.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    // A gap is worth less than a request, and small beside what is wanted.
    const gap = last === undefined
      ? -1
      : Math.min(MOST_GAP, Math.min(last.end - last.start, end - start) / 4);
    if (last === undefined || start - last.end > gap) result.push({ start, end });
    else last.end = Math.max(last.end, end);
  }
  return result;
}

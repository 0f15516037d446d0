const LF = 10;
const CR = 13;

/**
 * Holds back the last lines of a file, which are known as such only at its end.
 *
 * Empty lines do not count. No more than `most` bytes are held: a footer is never that long, and a
 * line that is goes on to be told.
 */
export class Footer {
  #held = new Uint8Array(0);
  /** Where the lines begin, in what is held. */
  #starts: number[] = [];
  #isInLine = false;

  constructor(readonly lines: number, readonly most: number) {}

  /** Takes the next bytes; returns those that are no footer, valid until the next call. */
  push(chunk: Uint8Array): Uint8Array {
    const from = this.#held.length;
    const all = new Uint8Array(from + chunk.length);
    all.set(this.#held);
    all.set(chunk, from);
    for (let i = from; i < all.length; i++) {
      const isEnd = all[i] === LF || all[i] === CR;
      if (!isEnd && !this.#isInLine) {
        this.#starts.push(i);
        if (this.#starts.length > 2 * this.lines) this.#starts = this.#starts.slice(-this.lines);
      }
      this.#isInLine = !isEnd;
    }
    this.#starts = this.#starts.slice(-this.lines);
    let cut = this.#starts.length < this.lines ? 0 : this.#starts[0];
    if (all.length - cut > this.most) cut = all.length;
    this.#held = all.slice(cut);
    this.#starts = this.#starts.filter((start) => start >= cut).map((start) => start - cut);
    return all.subarray(0, cut);
  }
}

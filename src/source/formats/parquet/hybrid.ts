/** Numbers of `width` bits, which are runs of one number or packed; each is checked to be there. */
export class HybridNumbers {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  readonly #width: number;
  /** Numbers that no run was read of. */
  #unread: number;
  #at: number;
  /** Of the run: numbers that are left, and what each is, or how many packed ones are behind. */
  #left = 0;
  #value: number | null = null;
  #behind = 0;

  /** @param count numbers that are wanted; the bytes may have more */
  constructor(bytes: Uint8Array, start: number, end: number, width: number, count: number) {
    // What is read of four bytes, from any bit of the first on.
    if (width > 25) throw new Error(`numbers of ${width} bits`);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
    this.#width = width;
    this.#unread = count;
  }

  /**
   * Reads the next `count` numbers, of those that were wanted.
   *
   * @param out gets them from `to` on: one kind of array, which the loop is compiled for
   * @returns the largest of these; -1 where there is none
   * @throws Error where the bytes end before
   */
  read(out: Int32Array, to: number, count: number): number {
    let largest = -1;
    const last = to + count;
    while (to < last) {
      if (this.#left === 0) this.#begin();
      const taken = Math.min(this.#left, last - to);
      let most = -1;
      if (this.#value === null) {
        most = unpack(this.#view, this.#at, this.#width, this.#behind, out, to, taken);
      } else {
        out.fill(this.#value, to, to + taken);
        if (taken > 0) most = this.#value;
      }
      if (most > largest) largest = most;
      this.#behind += taken;
      this.#left -= taken;
      to += taken;
    }
    return largest;
  }

  /** Reads what a run says of itself, until one has numbers. */
  #begin(): void {
    const bytes = this.#bytes;
    const width = this.#width;
    // Of the packed ones before, those behind the last that was wanted too: there are none.
    if (this.#value === null) this.#at += this.#behind * width / 8;
    let header = 0;
    for (let shift = 0;; shift += 7) {
      if (this.#at >= this.#end || shift > 28) throw new Error("a run of numbers is cut");
      const byte = bytes[this.#at++];
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    this.#behind = 0;
    if (header % 2 === 0) {
      this.#value = 0;
      for (let i = 0; i < width; i += 8) {
        if (this.#at >= this.#end) throw new Error("a run of numbers is cut");
        this.#value |= bytes[this.#at++] << i;
      }
      this.#left = Math.min(header / 2, this.#unread);
    } else {
      this.#value = null;
      this.#left = Math.min((header - 1) / 2 * 8, this.#unread);
      const last = this.#at + Math.ceil(this.#left * width / 8);
      if (last > this.#end) throw new Error("packed numbers are cut");
    }
    this.#unread -= this.#left;
  }
}

/** The first `count` numbers, as {@link HybridNumbers.read} reads them. */
export function readHybrid(
  bytes: Uint8Array,
  start: number,
  end: number,
  width: number,
  out: Int32Array,
  count: number,
): number {
  return new HybridNumbers(bytes, start, end, width, count).read(out, 0, count);
}

/** Numbers of which only those are at hand that are looked at: a page has many. */
export class HybridWindow {
  /** Those from {@link HybridWindow.from} on. */
  numbers = new Int32Array(0);
  from = 0;
  #to = 0;

  constructor(readonly source: HybridNumbers, readonly count: number) {}

  /**
   * Has the numbers `from … to)` at hand; those before are gone.
   *
   * @returns the largest of those that came; -1 where there is none
   */
  seek(from: number, to: number): number {
    const kept = this.#to - from;
    if (kept < 0) throw new Error("Numbers were passed that nobody looked at");
    const needed = Math.max(kept, to - from);
    const before = this.numbers;
    if (needed > before.length) this.numbers = new Int32Array(Math.max(needed, before.length * 2));
    this.numbers.set(before.subarray(from - this.from, this.#to - this.from));
    this.from = from;
    if (to <= this.#to) return -1;
    const largest = this.source.read(this.numbers, kept, to - this.#to);
    this.#to = to;
    return largest;
  }

  /** Whether a number is at hand. */
  holds(index: number): boolean {
    return index < this.#to;
  }
}

/**
 * Packed numbers, which are there; a function of its own, which is compiled for itself.
 *
 * @param behind numbers from `at` on that were read before
 */
function unpack(
  view: DataView,
  at: number,
  width: number,
  behind: number,
  out: Int32Array,
  to: number,
  count: number,
): number {
  if (width === 0) {
    out.fill(0, to, to + count);
    return count > 0 ? 0 : -1;
  }
  const mask = (1 << width) - 1;
  // Four bytes at once, as long as there are four.
  const fours = Math.max(0, Math.floor((view.byteLength - 4 - at) * 8 / width) - behind);
  const whole = Math.min(count, fours);
  let largest = -1;
  let bit = behind * width;
  for (let i = 0; i < whole; i++, bit += width) {
    const value = view.getInt32(at + (bit >>> 3), true) >>> (bit & 7) & mask;
    if (value > largest) largest = value;
    out[to + i] = value;
  }
  for (let i = whole; i < count; i++, bit += width) {
    let four = 0;
    for (let from = at + (bit >>> 3), k = 0; k < 4 && from + k < view.byteLength; k++) {
      four |= view.getUint8(from + k) << k * 8;
    }
    const value = four >>> (bit & 7) & mask;
    if (value > largest) largest = value;
    out[to + i] = value;
  }
  return largest;
}

/** The same of numbers that a byte holds. */
export function readHybridBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  width: number,
  out: Uint8Array,
): number {
  const numbers = new Int32Array(out.length);
  const largest = readHybrid(bytes, start, end, width, numbers, out.length);
  out.set(numbers);
  return largest;
}

/** The one number that all `count` of them are, where they are one run; null where they are not. */
export function onlyNumber(
  bytes: Uint8Array,
  start: number,
  end: number,
  width: number,
  count: number,
): number | null {
  let header = 0;
  let at = start;
  for (let shift = 0;; shift += 7) {
    if (at >= end || shift > 28) return null;
    const byte = bytes[at++];
    header += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (header % 2 !== 0 || header / 2 < count || at + Math.ceil(width / 8) > end) return null;
  let value = 0;
  for (let i = 0; i < width; i += 8) value |= bytes[at++] << i;
  return value;
}

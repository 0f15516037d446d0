import type { StoredField, StoredSegment, StoredType } from "../../../rows/stored/stored_rows.ts";
import { PageStrings } from "./byte_strings.ts";
import { decoding } from "./faults.ts";
import type { LeafReader } from "./leaf_reader.ts";
import type { NestedWriter } from "./nested.ts";
import { TextWriter } from "./text_writer.ts";

/** Bytes of JSON that are written ahead of a batch. */
const MOST_AHEAD = 1 << 18;
/** Characters of a value that is no text: the longest are those of a double, or of an interval. */
const SHORT = 64;

/** A field whose values are taken row by row, or many at once. */
export interface FieldSource extends StoredField {
  readonly segments: readonly StoredSegment[];
  /** Has up to so many rows at hand, at least one; returns how many. */
  load(rows: number): Promise<number>;
  /** Looks at so many of them. */
  look(rows: number): void;
  /**
   * Adds the bytes of texts to those of their rows, each as many as it has at the most; returns how
   * many a value of another kind has.
   */
  measure(rows: number, bytes: Float64Array): number;
  /** Goes on behind so many. */
  advance(rows: number): void;
}

/** Values of one leaf, each row with one. */
export class LeafSource implements FieldSource {
  segments: readonly StoredSegment[] = [];
  readonly #text = new TextWriter(new Uint8Array(SHORT));

  constructor(readonly leaf: LeafReader) {}

  get type(): StoredType {
    return this.leaf.stored;
  }

  readonly textOf = (value: unknown) => {
    this.#text.length = 0;
    this.leaf.put(value, this.#text);
    return this.#text;
  };

  async load(rows: number): Promise<number> {
    if (!this.leaf.holds(rows)) await this.leaf.load(rows);
    return rows;
  }

  look(rows: number): void {
    this.segments = this.leaf.segments(rows);
  }

  measure(_rows: number, bytes: Float64Array): number {
    const { type } = this;
    // Of bytes each may be a digit or more, and there is a scale.
    const each = type.kind === "text" ? 1 : 3;
    const more = SHORT + (type.kind === "decimal" ? Math.abs(type.scale) : 0);
    for (const segment of this.segments) {
      const { from, to, def, defAt, full, values, at, indices } = segment;
      if (!(values instanceof PageStrings)) {
        if (Array.isArray(values)) addLengths(segment, values, bytes, each);
        continue;
      }
      const { starts, ends } = values;
      let next = at;
      for (let row = from, level = defAt; row < to; row++, level++) {
        if (def !== null && def[level] !== full) continue;
        const index = indices === null ? next : indices[next];
        next++;
        bytes[row] += (ends[index] - starts[index]) * each;
      }
    }
    return more;
  }

  advance(rows: number): void {
    this.leaf.advance(rows);
  }
}

/** Byte strings that are objects, as some encodings have them. */
function addLengths(
  { from, to, def, defAt, full, at, indices }: StoredSegment,
  values: readonly unknown[],
  bytes: Float64Array,
  each: number,
): void {
  let next = at;
  for (let row = from, level = defAt; row < to; row++, level++) {
    if (def !== null && def[level] !== full) continue;
    const value = values[indices === null ? next : indices[next]];
    next++;
    if (value instanceof Uint8Array) bytes[row] += value.length * each;
  }
}

const NESTED: StoredType = { kind: "nested" };

/** Lists and objects: their JSON is written once, in the order of the file. */
export class NestedSource implements FieldSource {
  readonly type = NESTED;
  segments: readonly StoredSegment[] = [];
  readonly #writer: NestedWriter;
  #out = new TextWriter(new Uint8Array(0));
  /** Of the rows that were written and not passed: 1 where there is a value. */
  #levels: number[] = [];
  #starts: number[] = [];
  #ends: number[] = [];

  constructor(writer: NestedWriter) {
    this.#writer = writer;
  }

  readonly textOf = () => {
    throw new Error("It has been written");
  };

  async load(rows: number): Promise<number> {
    const missing = rows - this.#levels.length;
    if (missing > 0) await this.#writer.load(missing);
    while (this.#levels.length < rows && (this.#levels.length === 0 || !this.#isFull())) {
      const start = this.#out.length;
      const isThere = decoding(this.#writer.place, () => this.#writer.take(this.#out));
      this.#levels.push(isThere ? 1 : 0);
      if (!isThere) continue;
      this.#starts.push(start);
      this.#ends.push(this.#out.length);
    }
    return Math.min(rows, this.#levels.length);
  }

  #isFull(): boolean {
    return this.#out.length > MOST_AHEAD;
  }

  look(rows: number): void {
    const [starts, ends] = [Int32Array.from(this.#starts), Int32Array.from(this.#ends)];
    this.segments = [{
      from: 0,
      to: rows,
      def: Uint8Array.from(this.#levels),
      defAt: 0,
      full: 1,
      values: new PageStrings(this.#out.bytes, starts, ends, starts.length),
      at: 0,
      indices: null,
    }];
  }

  measure(rows: number, bytes: Float64Array): number {
    let next = 0;
    for (let row = 0; row < rows; row++) {
      if (this.#levels[row] === 0) continue;
      bytes[row] += this.#ends[next] - this.#starts[next];
      next++;
    }
    return 0;
  }

  advance(rows: number): void {
    const passed = this.#levels.slice(0, rows).reduce((sum, level) => sum + level, 0);
    const rest = this.#levels.slice(rows);
    const from = this.#starts[passed] ?? this.#out.length;
    const starts = this.#starts.slice(passed).map((start) => start - from);
    const ends = this.#ends.slice(passed).map((end) => end - from);
    const kept = this.#out.bytes.slice(from, this.#out.length);
    // What the batch before holds is not written over.
    this.#out = new TextWriter(kept);
    this.#out.length = kept.length;
    this.#levels = rest;
    this.#starts = starts;
    this.#ends = ends;
  }
}

import type { PartitionBounds, RowsPlan } from "../../plan/load_plan.ts";
import type { Column } from "../compile_columns.ts";
import type { FieldOptions } from "../field_reader.ts";
import { Frame } from "../frame.ts";
import type { BatchArrays, RecordBatch, RecordSplitter } from "../record_batch.ts";
import { MODULE } from "./module.ts";
import { COLUMN_BYTES, writeProgram } from "./program.ts";

/** What the rows of a file have in common. */
export interface KernelRows {
  readonly plan: RowsPlan;
  /** Those of the file, each with its place in the plan. */
  readonly columns: readonly { readonly column: Column; readonly index: number }[];
  /** Fields whose values are counted and discarded. */
  readonly unused: readonly number[];
  readonly anyField: FieldOptions;
  readonly bounds: PartitionBounds | null;
  /** Values of a tuple. */
  readonly values: number;
  /** Bytes of a tuple beside twice those of its record. */
  readonly fixed: number;
  readonly tail: Uint8Array;
  /** Each tuple ends with the offset of its record. */
  readonly offsetColumn: boolean;
  /** The quote where it is doubled in quotes; null where there is none, or another escape. */
  readonly doubled: number | null;
}

/** How a call of {@link Kernel.encode} ended. */
export const DONE = 0;
/** A field is left. */
export const LEFT = 1;
/** The frame may be too short for the next tuple. */
export const FULL = 2;

interface Exports {
  start(): number;
  setBatch(
    bytes: number,
    starts: number,
    ends: number,
    flags: number,
    recordStarts: number,
    recordEnds: number,
    lines: number,
  ): void;
  setDialect(
    delimiter: number,
    quote: number,
    escape: number,
    comment: number,
    longest: number,
  ): void;
  split(
    from: number,
    filled: number,
    record: number,
    width: number,
    line: number,
    afterCr: number,
  ): number;
  splitCount(): number;
  splitLine(): number;
  splitAfterCr(): number;
  splitIsAtEnd(): number;
  setProgram(
    at: number,
    columns: number,
    values: number,
    fixed: number,
    tail: number,
    tailLength: number,
    hasLine: boolean,
    hasOffset: boolean,
    doubled: number,
  ): void;
  encode(
    from: number,
    fromColumn: number,
    to: number,
    tuple: number,
    at: number,
    limit: number,
    width: number,
    base: number,
  ): number;
  atRecord(): number;
  atColumn(): number;
  atTuple(): number;
  atEnd(): number;
  discardedValues(): number;
}

const PAGE = 65536;
/** Bytes that a vector may touch behind what it works on. */
const SLACK = 64;
const PROGRAM_BYTES = 1 << 19;
/** Bytes of a batch: a longer record is read, and its batch encoded, by TypeScript. */
const BATCH_BYTES = 1 << 20;
/** Room for the tuples of a batch; one that needs more is encoded by TypeScript from there on. */
const FRAME_BYTES = 1 << 22;

let compiled: WebAssembly.Module | null = null;

/**
 * Splits and encodes plain records in WebAssembly, in one memory that is taken once.
 *
 * It decides nothing: each record that it does not split, and each field that it does not encode, is
 * left to the code that defines what is accepted, and what it does take it takes as that does.
 */
export class Kernel implements RecordSplitter {
  readonly home: BatchArrays;
  /** Where {@link Kernel.encode} stopped. */
  record = 0;
  column = 0;
  /** Where the tuple of that record begins in the frame. */
  tuple = 0;
  readonly #exports: Exports;
  readonly #memory: WebAssembly.Memory;
  readonly #frames: readonly Frame[];
  #taken = 0;
  readonly #program: number;
  #free: number;

  /** @param frames that are filled and on their way at a time */
  constructor(readonly frames: number) {
    compiled ??= new WebAssembly.Module(Uint8Array.fromBase64(MODULE));
    const sizes = [PAGE, PROGRAM_BYTES]
      .concat([1, 4, 4, 1, 4, 4, 8].map((size) => BATCH_BYTES * size))
      .concat(Array.from({ length: frames }, () => FRAME_BYTES));
    const total = sizes.reduce((sum, size) => sum + size + SLACK, 0);
    const initial = Math.ceil(total / PAGE);
    this.#memory = new WebAssembly.Memory({ initial, maximum: initial });
    const buffer = this.#memory.buffer as ArrayBuffer;
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory: this.#memory } });
    this.#exports = exports as unknown as Exports;
    if (this.#exports.start() > PAGE) throw new Error("The kernel's own data has no room");
    let next = 0;
    const [, program, ...places] = sizes.map((size) => {
      const at = next;
      next += size + SLACK;
      return at;
    });
    this.#program = this.#free = program;
    const [bytes, starts, ends, flags, recordStarts, recordEnds, lines] = places;
    this.home = {
      bytes: new Uint8Array(buffer, bytes, BATCH_BYTES),
      starts: new Int32Array(buffer, starts, BATCH_BYTES),
      ends: new Int32Array(buffer, ends, BATCH_BYTES),
      flags: new Uint8Array(buffer, flags, BATCH_BYTES),
      recordStarts: new Int32Array(buffer, recordStarts, BATCH_BYTES),
      recordEnds: new Int32Array(buffer, recordEnds, BATCH_BYTES),
      lines: new Float64Array(buffer, lines, BATCH_BYTES),
    };
    this.#exports.setBatch(bytes, starts, ends, flags, recordStarts, recordEnds, lines);
    this.#frames = places.slice(7).map((at) => new Frame(new Uint8Array(buffer, at, FRAME_BYTES)));
  }

  /** A frame that it can write to. */
  takeFrame(): Frame {
    const frame = this.#frames[this.#taken++];
    if (frame === undefined) throw new Error(`All ${this.frames} frames are taken`);
    return frame;
  }

  /** Begins anew, for another load. */
  reset(): void {
    this.beginFile();
    this.takeBackFrames();
  }

  /** Forgets what the batches of the file before have left; its frames may be on their way. */
  beginFile(): void {
    // A reader writes those of quoted fields only.
    this.home.flags.fill(0);
  }

  /** All frames are free again: none is on its way. */
  takeBackFrames(): void {
    this.#taken = 0;
    for (const frame of this.#frames) {
      frame.length = 0;
      frame.comeHome();
    }
  }

  setDialect(
    delimiter: number,
    quote: number,
    escape: number,
    comment: number,
    longest: number,
  ): void {
    this.#exports.setDialect(delimiter, quote, escape, comment, longest);
  }

  split(batch: RecordBatch, from: number, filled: number, line: number, afterCr: number): number {
    const next = this.#exports.split(from, filled, batch.count, batch.width, line, afterCr);
    batch.count = this.#exports.splitCount();
    return next;
  }

  get line(): number {
    return this.#exports.splitLine();
  }

  get afterCr(): number {
    return this.#exports.splitAfterCr();
  }

  get isAtEnd(): boolean {
    return this.#exports.splitIsAtEnd() !== 0;
  }

  /** Settles what is encoded; false where it has no room for so many columns and texts. */
  setRows({ plan, columns, unused, anyField, bounds, doubled, ...rows }: KernelRows): boolean {
    // A million fields are not written down to find that out.
    if ((columns.length + unused.length) * COLUMN_BYTES > PROGRAM_BYTES) return false;
    this.#free = this.#program;
    let hasRoom = true;
    const place = (bytes: Uint8Array) => {
      const at = this.#free;
      const end = (at + bytes.length + 15) & ~15;
      if (end > this.#program + PROGRAM_BYTES) hasRoom = false;
      if (!hasRoom) return 0;
      new Uint8Array(this.#memory.buffer).set(bytes, at);
      this.#free = end;
      return at;
    };
    const program = writeProgram(
      columns.map(({ column, index }) => ({ column, plan: plan.columns[index] })),
      unused.map((field) => ({ field, options: anyField })),
      bounds,
      place,
    );
    const tail = place(rows.tail);
    if (!hasRoom) return false;
    this.#exports.setProgram(
      program.at,
      program.columns,
      rows.values,
      rows.fixed,
      tail,
      rows.tail.length,
      plan.lineColumn,
      rows.offsetColumn,
      doubled ?? 256,
    );
    return true;
  }

  /** Whether it sees a batch. */
  holds(batch: RecordBatch): boolean {
    return batch.bytes === this.home.bytes && batch.starts === this.home.starts &&
      batch.lines === this.home.lines;
  }

  /**
   * Appends the tuples of records `from` to `to` to a frame of its own, until a field is left.
   *
   * @param fromColumn goes on behind this many columns of the tuple begun at `tuple`; 0 begins one
   * @returns {@link DONE}, {@link LEFT} or {@link FULL}
   */
  encode(
    batch: RecordBatch,
    frame: Frame,
    from: number,
    fromColumn: number,
    to: number,
    tuple: number,
  ): number {
    const at = frame.bytes.byteOffset;
    const status = this.#exports.encode(
      from,
      fromColumn,
      to,
      at + tuple,
      at + frame.length,
      at + frame.bytes.length,
      batch.width,
      batch.base,
    );
    this.record = this.#exports.atRecord();
    this.column = this.#exports.atColumn();
    this.tuple = this.#exports.atTuple() - at;
    frame.length = this.#exports.atEnd() - at;
    return status;
  }

  /** Values in fields of no column, of the last call. */
  get discarded(): number {
    return this.#exports.discardedValues();
  }
}

import type { Encoded } from "../core/result.ts";
import type { Reject } from "../core/reject.ts";
import type { RowsPlan } from "../plan/load_plan.ts";
import type { Column } from "./compile_columns.ts";
import { FieldReader } from "./field_reader.ts";
import type { FieldOptions } from "./field_reader.ts";
import type { Frame } from "./frame.ts";
import { DONE, type Kernel, LEFT } from "./kernel/kernel.ts";
import { MISSING, type RecordBatch } from "./record_batch.ts";
import type { RowEncoder } from "./row_encoder.ts";
import type { SeenKeys } from "./seen_keys.ts";
import { COUNTED, fromMalformed, rejected } from "./to_reject.ts";
import { putBigint } from "./tuple_parts.ts";
import type { Problem } from "./types/encoder.ts";

/** What does not depend on a record. */
export interface RecordSettings {
  readonly plan: RowsPlan;
  /** Target columns, in the order of each tuple's values. */
  readonly names: readonly string[];
  /** Those that the file has fields of. */
  readonly columns: readonly Column[];
  /** Fields of no column, whose values are counted and left. */
  readonly left: readonly number[];
  /** Fields of no column, whose values discard the record. */
  readonly watched: readonly number[];
  /** Fields that a record may lack, whatever the contract says. */
  readonly optional: ReadonlySet<number>;
  /** How a field of no column is read. */
  readonly anyField: FieldOptions;
  /** Bytes of a tuple beyond those of its fields, at most. */
  readonly fixed: number;
  /** What each tuple ends with: defaults of missing columns, and constants. */
  readonly tail: Uint8Array;
  readonly offsetColumn: boolean;
  /** The file lacks a column, and the contract discards all of its rows. */
  readonly discardsAll: boolean;
  /** Null where a header, or the place, names the fields. */
  readonly keys: SeenKeys | null;
  /** The records are some of a file's. */
  readonly isPart: boolean;
  /** Encodes what is plain of the batches and frames that lie in its memory. */
  readonly kernel: Kernel | null;
}

/** How far the kernel and TypeScript, by turns, are with a batch. */
interface Progress {
  record: number;
  /** Fields of the record that are done, where its tuple is begun. */
  done: number;
  isBegun: boolean;
  /** Where the record's tuple begins in the frame. */
  rowStart: number;
  rows: number;
  /** Malformed records that were told. */
  bad: number;
  /** The record that was last counted as special. */
  noted: number;
}

/** Encodes the records of one file: the kernel what is plain, where there is one, the rest here. */
export class RecordEncoder implements RowEncoder {
  readonly columns: readonly string[];
  readonly #settings: RecordSettings;
  readonly #field = new FieldReader();
  /** Nothing but an empty field is NULL there, which needs no look at its bytes. */
  readonly #isPlain: boolean;
  readonly #mayDiscard: boolean;
  readonly #needsKeys: boolean;
  readonly #special = { records: 0, bytes: 0, all: 0, allBytes: 0 };
  #discarded = 0;
  #valuesDiscarded = 0;
  /** What is wrong with the field that was encoded last. */
  #problem: Problem | null = null;

  constructor(settings: RecordSettings) {
    const { plan, names, anyField, discardsAll, watched, keys } = settings;
    this.#settings = settings;
    this.columns = names;
    this.#isPlain = !anyField.trim && anyField.emptyIsNull && anyField.nulls === null;
    this.#needsKeys = keys !== null && plan.missingColumns === "discard_row";
    this.#mayDiscard = discardsAll || watched.length > 0 || this.#needsKeys ||
      (keys !== null && plan.newColumns === "discard_row");
  }

  end(): void {
    if (!this.#settings.isPart) this.#settings.keys?.end();
  }

  get discarded(): number {
    return this.#discarded;
  }

  get valuesDiscarded(): number {
    return this.#valuesDiscarded;
  }

  get plain(): Encoded {
    const { all, records, allBytes, bytes } = this.#special;
    return { records: all - records, bytes: allBytes - bytes };
  }

  get special(): Encoded {
    const { records, bytes } = this.#special;
    return { records, bytes };
  }

  encode(
    batch: RecordBatch,
    frame: Frame,
    reject: (reject: Reject) => void,
    countOnly = false,
  ): number {
    const { count, malformed } = batch;
    this.#settings.keys?.note(batch);
    this.#countAll(batch);
    frame.comeHome();
    const { kernel } = this.#settings;
    const fast = kernel !== null && kernel.holds(batch) ? kernel : null;
    const at: Progress = {
      record: 0,
      done: 0,
      isBegun: false,
      rowStart: 0,
      rows: 0,
      bad: 0,
      noted: -1,
    };
    while (at.record < count) {
      if (this.#mayDiscard && !at.isBegun && this.#isDiscarded(batch, at.record)) {
        this.#discarded++;
        this.#noteSpecial(batch, at.record++);
        continue;
      }
      if (fast !== null && frame.bytes === frame.home && this.#byKernel(fast, batch, frame, at)) {
        continue;
      }
      if (at.noted !== at.record) this.#noteSpecial(batch, at.noted = at.record);
      if (!at.isBegun) this.#begin(batch, frame, at);
      at.done = this.#encodeFields(batch, at.record, at.done, frame, fast !== null);
      if (this.#problem === null) {
        if (fast !== null && frame.bytes === frame.home) continue;
        this.#endTuple(batch, at.record, frame);
        at.rows++;
      } else {
        frame.length = at.rowStart;
        this.#refuse(batch, at, this.#problem, reject, countOnly);
      }
      at.record++;
      at.done = 0;
      at.isBegun = false;
    }
    while (at.bad < malformed.length) reject(fromMalformed(batch, malformed[at.bad++], countOnly));
    return at.rows;
  }

  /** Lets the kernel go on; returns whether nothing of the batch is left for it or for us. */
  #byKernel(kernel: Kernel, batch: RecordBatch, frame: Frame, at: Progress): boolean {
    const from = at.record;
    const until = this.#mayDiscard ? from + 1 : batch.count;
    const status = kernel.encode(batch, frame, from, at.done, until, at.rowStart);
    at.record = kernel.record;
    at.done = kernel.column;
    at.rowStart = kernel.tuple;
    at.isBegun = status === LEFT;
    at.rows += at.record - from;
    this.#valuesDiscarded += kernel.discarded;
    if (this.#settings.keys !== null) {
      for (let k = from; k < at.record; k++) this.#valuesDiscarded += othersOf(batch, k);
    }
    return status === DONE;
  }

  #begin(batch: RecordBatch, frame: Frame, at: Progress): void {
    frame.reserve(this.#roomOf(batch, at.record));
    at.rowStart = frame.length;
    frame.bytes[at.rowStart] = this.columns.length >> 8;
    frame.bytes[at.rowStart + 1] = this.columns.length;
    frame.length = at.rowStart + 2;
    at.isBegun = true;
  }

  #refuse(
    batch: RecordBatch,
    at: Progress,
    problem: Problem,
    reject: (reject: Reject) => void,
    countOnly: boolean,
  ): void {
    const { plan, columns } = this.#settings;
    if (plan.typeChanges === "discard_row" && isTypeProblem(problem)) {
      this.#discarded++;
      return;
    }
    const { malformed } = batch;
    const offset = batch.base + batch.recordStarts[at.record];
    while (at.bad < malformed.length && malformed[at.bad].byteOffset < offset) {
      reject(fromMalformed(batch, malformed[at.bad++], countOnly));
    }
    reject(countOnly ? COUNTED : this.#toReject(batch, at.record, columns[at.done], problem));
  }

  /** Fields that are quoted, trimmed or NULL: rarer than plain ones, and kept out of the hot loop. */
  #encodeSpecial(column: Column, batch: RecordBatch, at: number, frame: Frame): Problem | null {
    const field = this.#field;
    field.read(column, batch, at);
    // An array's text may be longer than its JSON.
    if (column.elements !== null) frame.reserve(field.end - field.start + 8);
    if (!field.isNull) return encodeValue(column, field.bytes, field.start, field.end, frame);
    return encodeNull(column, frame);
  }

  #toReject(batch: RecordBatch, record: number, column: Column, problem: Problem): Reject {
    this.#field.read(column, batch, record * batch.width + column.field);
    return rejected(batch, record, column, this.#field, problem);
  }

  /** What the contract makes of a value that its type cannot hold; null goes on with the row. */
  #instead(column: Column, problem: Problem, frame: Frame): Problem | null {
    const isDropped = this.#settings.plan.typeChanges === "discard_value" &&
      isTypeProblem(problem);
    return isDropped ? encodeNull(column, frame) : problem;
  }

  #isDiscarded(batch: RecordBatch, record: number): boolean {
    const { plan, columns, watched, anyField, discardsAll } = this.#settings;
    if (discardsAll) return true;
    if (this.#needsKeys && columns.some((column) => this.#lacks(batch, record, column))) {
      return true;
    }
    if (plan.newColumns === "discard_row" && othersOf(batch, record) > 0) return true;
    for (let k = 0; k < watched.length; k++) {
      this.#field.read(anyField, batch, record * batch.width + watched[k]);
      if (!this.#field.isNull) return true;
    }
    return false;
  }

  /** Whether a record lacks the key of a column that every record should have. */
  #lacks(batch: RecordBatch, record: number, { field }: Column): boolean {
    return (batch.flags[record * batch.width + field] & MISSING) !== 0 &&
      !this.#settings.optional.has(field);
  }

  /** Bytes that the tuple of a record, or what is left of it, takes at most; a value may take more. */
  #roomOf({ recordStarts, recordEnds }: RecordBatch, record: number): number {
    return (recordEnds[record] - recordStarts[record]) * 2 + this.#settings.fixed;
  }

  /**
   * Writes the fields of a record that are not done, and counts those of no column; returns how many
   * are done, which are all, those before the one with a {@link #problem}, or one more than before
   * where the kernel takes the rest.
   */
  #encodeFields(
    batch: RecordBatch,
    record: number,
    done: number,
    frame: Frame,
    isShared: boolean,
  ): number {
    // Hot loop: where there is no kernel, every field of every file passes here.
    const { bytes, width, starts, ends, flags } = batch;
    const { columns, left } = this.#settings;
    const room = this.#roomOf(batch, record);
    let limit = frame.bytes.length - room;
    this.#problem = null;
    while (done < columns.length) {
      const column = columns[done];
      const at = record * width + column.field;
      const start = starts[at];
      const end = ends[at];
      let problem = flags[at] === 0 && start !== end && column.plain
        ? encodeValue(column, bytes, start, end, frame)
        : this.#encodeSpecial(column, batch, at, frame);
      if (problem !== null) {
        problem = this.#instead(column, problem, frame);
        if (problem !== null) {
          this.#problem = problem;
          return done;
        }
      }
      done++;
      // A value that took more than its share must not take it from the next.
      if (frame.length > limit) {
        frame.reserve(room);
        limit = frame.bytes.length - room;
      }
      if (isShared && frame.bytes === frame.home) return done;
    }
    for (; done < columns.length + left.length; done++) {
      this.#countLeft(batch, record * width + left[done - columns.length]);
    }
    return done;
  }

  #countLeft(batch: RecordBatch, at: number): void {
    if (this.#isPlain && batch.flags[at] === 0) {
      if (batch.starts[at] !== batch.ends[at]) this.#valuesDiscarded++;
      return;
    }
    this.#field.read(this.#settings.anyField, batch, at);
    if (!this.#field.isNull) this.#valuesDiscarded++;
  }

  #endTuple(batch: RecordBatch, record: number, frame: Frame): void {
    const { plan, keys, tail, offsetColumn } = this.#settings;
    if (keys !== null) this.#valuesDiscarded += othersOf(batch, record);
    // A few bytes, or none: not worth a call of `set` for each row.
    for (let i = 0; i < tail.length; i++) frame.bytes[frame.length + i] = tail[i];
    frame.length += tail.length;
    if (plan.lineColumn) putBigint(frame, batch.lines[record]);
    if (offsetColumn) putBigint(frame, batch.base + batch.recordStarts[record]);
  }

  #countAll({ count, recordStarts, recordEnds }: RecordBatch): void {
    this.#special.all += count;
    for (let r = 0; r < count; r++) this.#special.allBytes += recordEnds[r] - recordStarts[r];
  }

  #noteSpecial({ recordStarts, recordEnds }: RecordBatch, record: number): void {
    this.#special.records++;
    this.#special.bytes += recordEnds[record] - recordStarts[record];
  }
}

function othersOf({ others }: RecordBatch, record: number): number {
  return others?.counts[record] ?? 0;
}

/** Writes what stands for NULL, unless NULL is the problem. */
export function encodeNull({ nullProblem, nullValue }: Column, frame: Frame): Problem | null {
  if (nullProblem !== null) return nullProblem;
  for (let i = 0; i < nullValue.length; i++) frame.bytes[frame.length + i] = nullValue[i];
  frame.length += nullValue.length;
  return null;
}

/** Writes a value that is there, unless it is none of its column's. */
export function encodeValue(
  column: Column,
  bytes: Uint8Array,
  start: number,
  end: number,
  frame: Frame,
): Problem | null {
  const from = frame.length;
  const problem = column.encode(bytes, start, end, frame);
  const { checks } = column;
  if (problem !== null || checks === null) return problem;
  for (let k = 0; k < checks.length; k++) {
    const broken = checks[k](frame, from, bytes, start, end);
    if (broken !== null) return broken;
  }
  return null;
}

/** The type, not a rule, is what the value breaks. */
export function isTypeProblem({ code }: Problem): boolean {
  return /^(invalid_|out_of_range$|nul_byte$)/.test(code);
}

import type { Column } from "../compile_columns.ts";
import { FieldReader } from "../field_reader.ts";
import { Frame } from "../frame.ts";
import { NESTED, type RecordBatch } from "../record_batch.ts";
import { encodeNull, encodeValue, isTypeProblem } from "../record_encoder.ts";
import { copyValues, type EncodeStored, ODD, shortcut } from "./encode_stored.ts";
import { type NumberProgram, numberProgram, type StoredColumnPlan } from "./number_program.ts";
import { FORM_BYTES, type NumberForm, storeNumbers } from "./store_numbers.ts";
import {
  areStrings,
  type StoredField,
  type StoredSegment,
  type StoredType,
  type StoredValues,
  valueOf,
} from "./stored_rows.ts";

/** Encoded values of a dictionary, each once it is asked for. */
interface Dictionary {
  readonly values: StoredValues;
  readonly frame: Frame;
  readonly starts: Int32Array;
  /** 0: not yet; {@link ODD}: it is a problem. */
  readonly lengths: Int32Array;
  /** In place of all that: each is a number of its column. */
  readonly numbers: Float64Array | null;
}

/** Rows of a batch whose values are encoded alike. */
interface Part {
  readonly from: number;
  readonly to: number;
  /** Where the encoded values lie; null: they are numbers. */
  readonly frame: Frame | null;
  readonly nulls: Uint8Array | null;
}

/** Encodes one column of stored rows: numbers as they are, all else once for each value. */
export class StoredColumn {
  readonly #plan: StoredColumnPlan;
  readonly #column: Column;
  readonly #discardsValues: boolean;
  #type: StoredType | null = null;
  #program: NumberProgram | null = null;
  #encode: EncodeStored | null = null;
  #dictionary: Dictionary | null = null;
  readonly #values = new Frame(1 << 12);
  readonly #reader = new FieldReader();
  /** One field: what is not plain is read as those of records are. */
  readonly #one: RecordBatch = {
    bytes: new Uint8Array(0),
    base: 0,
    width: 1,
    count: 1,
    starts: new Int32Array(1),
    ends: new Int32Array(1),
    flags: new Uint8Array(1),
    recordStarts: new Int32Array(1),
    recordEnds: new Int32Array(1),
    lines: new Float64Array(1),
    malformed: [],
    unescape: () => 0,
  };

  // Of the batch: by row.
  #parts: Part[] = [];
  #numbers = new Float64Array(0);
  #nulls = new Uint8Array(0);
  #starts = new Int32Array(0);
  #lengths = new Int32Array(0);

  /** @param discardsValues values that the type cannot hold become NULL */
  constructor(plan: StoredColumnPlan, discardsValues: boolean) {
    this.#plan = plan;
    this.#column = plan.column;
    this.#discardsValues = discardsValues;
  }

  /** Index of its field. */
  get field(): number {
    return this.#column.field;
  }

  /**
   * Looks at the values of a batch: adds the bytes of each to those of its row, and marks the rows
   * with one that is not plain.
   *
   * @returns bytes that each row has beside those: where all have as many they are told once
   */
  prepare(
    field: StoredField | undefined,
    rows: number,
    emptyFlags: number,
    sizes: Int32Array,
    odd: Uint8Array,
  ): number {
    this.#parts = [];
    this.#values.length = 0;
    this.#reserve(rows);
    if (field === undefined) return this.#allNull(rows, odd);
    if (field.type !== this.#type) this.#settle(field, emptyFlags);
    const { segments } = field;
    if (segments.length === 1) return this.#prepareSegment(segments[0], sizes, odd);
    for (const segment of segments) {
      const each = this.#prepareSegment(segment, sizes, odd);
      if (each > 0) { for (let row = segment.from; row < segment.to; row++) sizes[row] += each; }
    }
    return 0;
  }

  /** Writes the values of rows `from … to)`, each where its row's tuple goes on. */
  write(from: number, to: number, places: Int32Array, frame: Frame): void {
    for (const part of this.#parts) {
      const first = Math.max(from, part.from);
      const last = Math.min(to, part.to);
      if (first >= last) continue;
      if (part.frame !== null) {
        copyValues(part.frame, this.#starts, this.#lengths, first, last, places, frame);
      } else {
        const { nullValue } = this.#column;
        const { form } = this.#program!;
        storeNumbers(form, this.#numbers, first, last, part.nulls, nullValue, places, frame);
      }
    }
  }

  #reserve(rows: number): void {
    if (rows <= this.#numbers.length) return;
    this.#numbers = new Float64Array(rows);
    this.#nulls = new Uint8Array(rows);
    this.#starts = new Int32Array(rows);
    this.#lengths = new Int32Array(rows);
  }

  /** Decides for a type how its values are encoded. */
  #settle(field: StoredField, emptyFlags: number): void {
    const { type } = field;
    this.#type = type;
    this.#dictionary = null;
    this.#program = numberProgram(this.#plan, type);
    const byText = this.#byText(field, emptyFlags);
    this.#encode = shortcut(this.#plan, type, byText) ?? byText;
  }

  #allNull(rows: number, odd: Uint8Array): number {
    const { nullProblem, nullValue } = this.#column;
    const frame = this.#values;
    this.#putNull(frame);
    this.#starts.fill(0, 0, rows);
    this.#lengths.fill(nullValue.length, 0, rows);
    if (nullProblem !== null) odd.fill(1, 0, rows);
    this.#parts.push({ from: 0, to: rows, frame, nulls: null });
    return nullValue.length;
  }

  /** As {@link prepare} does, for the rows of a segment. */
  #prepareSegment(segment: StoredSegment, sizes: Int32Array, odd: Uint8Array): number {
    const nulls = this.#findNulls(segment);
    const { from, to } = segment;
    if (segment.indices !== null) {
      const { numbers } = this.#dictionaryOf(segment.values);
      if (numbers !== null) {
        this.#gather(segment, segment.indices, numbers, nulls);
        return this.#addNumbers(segment, nulls, this.#program!.form, sizes, odd);
      }
      const frame = this.#byDictionary(segment, segment.indices, nulls, sizes, odd);
      this.#parts.push({ from, to, frame, nulls });
      return 0;
    }
    const program = this.#program;
    if (program !== null && program.load(segment, nulls, program.limits, this.#numbers)) {
      return this.#addNumbers(segment, nulls, program.form, sizes, odd);
    }
    this.#oneByOne(segment, nulls, sizes, odd);
    this.#parts.push({ from, to, frame: this.#values, nulls });
    return 0;
  }

  /** Marks the rows without a value; null where each has one. */
  #findNulls({ from, to, def, defAt, full }: StoredSegment): Uint8Array | null {
    if (def === null) return null;
    const nulls = this.#nulls;
    let count = 0;
    for (let row = from, at = defAt; row < to; row++, at++) {
      const isNull = def[at] === full ? 0 : 1;
      nulls[row] = isNull;
      count += isNull;
    }
    return count === 0 ? null : nulls;
  }

  #addNumbers(
    { from, to }: StoredSegment,
    nulls: Uint8Array | null,
    form: NumberForm,
    sizes: Int32Array,
    odd: Uint8Array,
  ): number {
    const { nullProblem, nullValue } = this.#column;
    const bytes = FORM_BYTES[form];
    this.#parts.push({ from, to, frame: null, nulls });
    if (nulls === null) return bytes;
    for (let row = from; row < to; row++) {
      if (nulls[row] === 0) sizes[row] += bytes;
      else {
        sizes[row] += nullValue.length;
        if (nullProblem !== null) odd[row] = 1;
      }
    }
    return 0;
  }

  /** Each value of a dictionary is encoded once, whatever it is. */
  #byDictionary(
    { from, to, at, values }: StoredSegment,
    indices: Int32Array,
    nulls: Uint8Array | null,
    sizes: Int32Array,
    odd: Uint8Array,
  ): Frame {
    const dictionary = this.#dictionaryOf(values);
    const { frame, starts, lengths } = dictionary;
    const { nullProblem, nullValue } = this.#column;
    const ownStarts = this.#starts;
    const ownLengths = this.#lengths;
    let next = at;
    for (let row = from; row < to; row++) {
      if (nulls !== null && nulls[row] !== 0) {
        ownStarts[row] = 0;
        ownLengths[row] = nullValue.length;
        sizes[row] += nullValue.length;
        if (nullProblem !== null) odd[row] = 1;
        continue;
      }
      const index = indices[next++];
      let length = lengths[index];
      if (length === 0) {
        starts[index] = frame.length;
        length = lengths[index] = this.#encode!(values, index, frame);
      }
      if (length === ODD) {
        odd[row] = 1;
        continue;
      }
      ownStarts[row] = starts[index];
      ownLengths[row] = length;
      sizes[row] += length;
    }
    return frame;
  }

  #dictionaryOf(values: StoredValues): Dictionary {
    if (this.#dictionary?.values === values) return this.#dictionary;
    const frame = new Frame(1 << 12);
    this.#putNull(frame);
    const numbers = this.#numbersOf(values);
    const length = numbers === null ? values.length : 0;
    return this.#dictionary = {
      values,
      frame,
      starts: new Int32Array(length),
      lengths: new Int32Array(length),
      numbers,
    };
  }

  /** A dictionary as numbers; null where one of its values is none. */
  #numbersOf(values: StoredValues): Float64Array | null {
    const program = this.#program;
    if (program === null) return null;
    const numbers = new Float64Array(values.length);
    const all = { from: 0, to: values.length, def: null, defAt: 0, full: 0 };
    const segment: StoredSegment = { ...all, values, at: 0, indices: null };
    return program.load(segment, null, program.limits, numbers) ? numbers : null;
  }

  #gather(
    { from, to, at }: StoredSegment,
    indices: Int32Array,
    numbers: Float64Array,
    nulls: Uint8Array | null,
  ): void {
    const own = this.#numbers;
    if (nulls === null) return gather(indices, at, numbers, own, from, to);
    let next = at;
    for (let row = from; row < to; row++) {
      if (nulls[row] === 0) own[row] = numbers[indices[next++]];
    }
  }

  #oneByOne(
    { from, to, at, values }: StoredSegment,
    nulls: Uint8Array | null,
    sizes: Int32Array,
    odd: Uint8Array,
  ): void {
    const { nullProblem, nullValue } = this.#column;
    const frame = this.#values;
    if (frame.length === 0) this.#putNull(frame);
    const encode = this.#encode!;
    let next = at;
    for (let row = from; row < to; row++) {
      if (nulls !== null && nulls[row] !== 0) {
        this.#starts[row] = 0;
        this.#lengths[row] = nullValue.length;
        sizes[row] += nullValue.length;
        if (nullProblem !== null) odd[row] = 1;
        continue;
      }
      const start = frame.length;
      const length = encode(values, next++, frame);
      this.#starts[row] = start;
      this.#lengths[row] = length;
      if (length === ODD) odd[row] = 1;
      else sizes[row] += length;
    }
  }

  /** What stands for NULL lies first. */
  #putNull(frame: Frame): void {
    const { nullValue } = this.#column;
    frame.reserve(nullValue.length);
    frame.bytes.set(nullValue);
    frame.length = nullValue.length;
  }

  /** A value by its text, through all that fields of records pass. */
  #byText({ type, textOf }: StoredField, emptyFlags: number): EncodeStored {
    const column = this.#column;
    const reader = this.#reader;
    const one = this.#one;
    const isNested = type.kind === "nested";
    return (values, index, out) => {
      const from = out.length;
      let bytes: Uint8Array;
      let start = 0;
      let end: number;
      // A text is its bytes, and what is nested was written already.
      if (areStrings(values) && (isNested || type.kind === "text")) {
        bytes = values.bytes;
        start = values.starts[index];
        end = values.ends[index];
      } else ({ bytes, length: end } = textOf(valueOf(values, index)));
      out.reserve((end - start) * 2 + 64);
      let problem;
      if (start !== end && !isNested && column.plain) {
        problem = encodeValue(column, bytes, start, end, out);
      } else {
        one.bytes = bytes;
        one.starts[0] = start;
        one.ends[0] = end;
        one.flags[0] = start === end ? emptyFlags : isNested ? NESTED : 0;
        reader.read(column, one, 0);
        out.reserve((reader.end - reader.start) * 2 + 64 + column.nullValue.length);
        problem = reader.isNull
          ? encodeNull(column, out)
          : encodeValue(column, reader.bytes, reader.start, reader.end, out);
      }
      if (problem !== null && this.#discardsValues && isTypeProblem(problem)) {
        out.length = from;
        out.reserve(column.nullValue.length);
        problem = encodeNull(column, out);
      }
      if (problem === null) return out.length - from;
      out.length = from;
      return ODD;
    };
  }
}

/** A number of a dictionary for each row. */
function gather(
  indices: Int32Array,
  at: number,
  numbers: Float64Array,
  out: Float64Array,
  from: number,
  to: number,
): void {
  for (let row = from; row < to; row++, at++) out[row] = numbers[indices[at]];
}

import type { Encoded } from "../../core/result.ts";
import type { Reject } from "../../core/reject.ts";
import type { Frame } from "../frame.ts";
import type { RecordBatch } from "../record_batch.ts";
import type { RowEncoder } from "../row_encoder.ts";
import { putBigint } from "../tuple_parts.ts";
import type { StoredColumn } from "./stored_column.ts";
import type { StoredRows } from "./stored_rows.ts";

/** What does not depend on a row. */
export interface StoredSettings {
  readonly columns: readonly StoredColumn[];
  /** What each tuple ends with, before the place of its row. */
  readonly tail: Uint8Array;
  readonly lineColumn: boolean;
  readonly offsetColumn: boolean;
  /** A row may be left out for what it has: each is read as a text. */
  readonly needsTexts: boolean;
}

/** Bytes of the number of values that a tuple begins with, and of a place with its length. */
const HEAD_BYTES = 2;
const PLACE_BYTES = 12;

/**
 * Encodes rows that come column by column, without a text between where that is plain.
 *
 * It decides nothing: a row with anything that is not plain goes as a text to the encoder of records,
 * which says what becomes of it.
 */
export class StoredEncoder implements RowEncoder {
  readonly #records: RowEncoder;
  readonly #settings: StoredSettings;
  readonly #plain = { records: 0, bytes: 0 };
  /** Bytes of each row's tuple, and those that all have beside them. */
  #sizes = new Int32Array(0);
  #common = 0;
  #places = new Int32Array(0);
  #odd = new Uint8Array(0);

  constructor(records: RowEncoder, settings: StoredSettings) {
    this.#records = records;
    this.#settings = settings;
  }

  get columns(): readonly string[] {
    return this.#records.columns;
  }

  get discarded(): number {
    return this.#records.discarded;
  }

  get valuesDiscarded(): number {
    return this.#records.valuesDiscarded;
  }

  /** Of rows that were no texts the bytes of their tuples. */
  get plain(): Encoded {
    const { records, bytes } = this.#records.plain;
    return { records: records + this.#plain.records, bytes: bytes + this.#plain.bytes };
  }

  get special(): Encoded {
    return this.#records.special;
  }

  end(): void {
    this.#records.end();
  }

  encode(
    batch: RecordBatch,
    frame: Frame,
    reject: (reject: Reject) => void,
    countOnly = false,
  ): number {
    const { stored } = batch;
    if (stored === undefined) return this.#records.encode(batch, frame, reject, countOnly);
    frame.comeHome();
    const odd = this.#prepare(stored);
    let rows = 0;
    for (let row = 0; row < stored.rows;) {
      const next = odd.indexOf(1, row);
      const end = next < 0 || next > stored.rows ? stored.rows : next;
      if (end > row) {
        this.#write(batch, row, end, frame);
        rows += end - row;
      }
      row = end;
      if (row === stored.rows) break;
      rows += this.#records.encode(batch.text!(row++), frame, reject, countOnly);
    }
    return rows;
  }

  /** Looks at all values; returns which rows are read as texts. */
  #prepare(stored: StoredRows): Uint8Array {
    const { columns, needsTexts, tail, lineColumn, offsetColumn } = this.#settings;
    const { rows, fields, emptyFlags, suspects } = stored;
    if (rows > this.#odd.length) {
      this.#sizes = new Int32Array(rows);
      this.#places = new Int32Array(rows);
      this.#odd = new Uint8Array(rows);
    }
    const odd = this.#odd.fill(needsTexts ? 1 : 0, 0, rows);
    if (needsTexts) return odd;
    if (suspects !== null) odd.set(suspects.subarray(0, rows));
    const places = (lineColumn ? PLACE_BYTES : 0) + (offsetColumn ? PLACE_BYTES : 0);
    this.#sizes.fill(0, 0, rows);
    let common = HEAD_BYTES + tail.length + places;
    for (const column of columns) {
      common += column.prepare(fields[column.field], rows, emptyFlags, this.#sizes, odd);
    }
    this.#common = common;
    return odd;
  }

  /** Appends the tuples of rows that are plain throughout. */
  #write(batch: RecordBatch, from: number, to: number, frame: Frame): void {
    const sizes = this.#sizes;
    const places = this.#places;
    const { columns, tail, lineColumn, offsetColumn } = this.#settings;
    const count = this.columns.length;
    const common = this.#common;
    const start = frame.length;
    let end = start;
    for (let row = from; row < to; row++) {
      places[row] = end + HEAD_BYTES;
      end += common + sizes[row];
    }
    frame.reserve(end - start);
    const { bytes } = frame;
    for (let row = from; row < to; row++) {
      const at = places[row];
      bytes[at - 2] = count >> 8;
      bytes[at - 1] = count;
    }
    for (const column of columns) column.write(from, to, places, frame);
    copyToAll(tail, from, to, places, bytes);
    frame.length = places[to - 1];
    if (lineColumn || offsetColumn) {
      for (let row = from; row < to; row++) {
        frame.length = places[row];
        if (lineColumn) putBigint(frame, batch.lines[row]);
        if (offsetColumn) putBigint(frame, batch.base + batch.recordStarts[row]);
      }
    }
    if (frame.length !== end) throw new Error("Tuples are not as long as they were measured");
    this.#plain.records += to - from;
    this.#plain.bytes += end - start;
  }
}

/** Writes the same bytes to each row's tuple, where it goes on, and moves that on. */
function copyToAll(
  tail: Uint8Array,
  from: number,
  to: number,
  places: Int32Array,
  out: Uint8Array,
): void {
  const { length } = tail;
  for (let row = from; row < to; row++) {
    const at = places[row];
    for (let i = 0; i < length; i++) out[at + i] = tail[i];
    places[row] = at + length;
  }
}

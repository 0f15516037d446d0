import { NULL, QUOTED, STRING } from "../../../core/field_flags.ts";
import type { BatchArrays, RecordBatch } from "../../../rows/record_batch.ts";
import type { XlsxOptions } from "../../../spec/formats/xlsx.ts";
import { comeHome, emptyBatch, isHome, RAW_LIMIT, reserve } from "../../growing_batch.ts";
import { cellName } from "./merges.ts";

/** What a cell says: nothing, a text, or why it says nothing that can be loaded. */
export type Value = null | ValueText | CellFault;

export interface ValueText {
  /** A text, or its UTF-8. */
  readonly text: string | Uint8Array;
  /** It is a text in the workbook too, not a number or a date. */
  readonly isText: boolean;
}

/** A cell that makes its record a reject, as the raw record keeps it. */
export type CellFault =
  | { readonly error: string }
  | { readonly formula: string }
  | { readonly merged: string; readonly value: string | null };

const LEAST_BYTES = 1 << 12;

/** Collects rows as a batch of texts. */
export class RowBatch {
  readonly batch: RecordBatch;
  readonly #options: XlsxOptions;
  readonly #home: BatchArrays | undefined;
  readonly #sheet: string;
  /** Who asks for everything wants to know what is a text. */
  readonly #tellsText: boolean;
  #filled = 0;
  #rows: (readonly Value[])[] = [];

  constructor(
    options: XlsxOptions,
    sheet: string,
    base: number,
    tellsText: boolean,
    home?: BatchArrays,
  ) {
    this.#options = options;
    this.#sheet = sheet;
    this.#tellsText = tellsText;
    this.#home = home;
    this.batch = emptyBatch(() => 0, home);
    this.batch.base = base;
    this.batch.place = (record, field) =>
      `sheet ${JSON.stringify(this.#sheet)}, cell ${cellName(this.batch.lines[record] - 1, field)}`;
    this.batch.raw = (record) => rawOf(this.#rows[record]);
  }

  /** The offset behind the last record. */
  get end(): number {
    return this.batch.base + this.#filled;
  }

  /** Bytes of texts in the batch. */
  get filled(): number {
    return this.#filled;
  }

  /** Begins a new batch. */
  start(): void {
    const { batch } = this;
    batch.base += this.#filled;
    this.#filled = 0;
    batch.count = 0;
    batch.malformed = [];
    this.#rows = [];
    if (this.#home !== undefined && !isHome(batch, this.#home)) comeHome(batch, this.#home, 0, 0);
    if (this.#tellsText) batch.others = { counts: new Int32Array(0), names: [] };
  }

  result(): RecordBatch | null {
    const { batch } = this;
    if (batch.others !== undefined) {
      batch.others = { counts: new Int32Array(batch.count), names: [] };
    }
    return batch.count === 0 && batch.malformed.length === 0 ? null : batch;
  }

  /**
   * Adds a row.
   *
   * @param row in the sheet, from 0
   * @param values of each field, and of cells behind the last one
   * @param isNeeded whether somebody reads a field
   */
  add(row: number, values: readonly Value[], isNeeded: (field: number) => boolean): void {
    const { width } = this.batch;
    const behind = values.findIndex((value, f) => f >= width && value !== null);
    if (behind >= 0) {
      const message = `Cell ${cellName(row, behind)} stands behind the last field, which is in ` +
        `column ${cellName(row, width - 1).replace(/\d+$/, "")}`;
      return this.#reject(row, values, "too_many_fields", message);
    }
    const fault = values.findIndex((value, f) => isFault(value) && isNeeded(f));
    if (fault >= 0) {
      const [code, message] = faultOf(values[fault] as CellFault, cellName(row, fault));
      return this.#reject(row, values, code, message);
    }
    this.#put(row, values);
  }

  #put(row: number, values: readonly Value[]): void {
    const { batch } = this;
    const { width, count } = batch;
    reserve(batch, (count + 1) * width, count + 1);
    const ofEmpty = this.#options.nullValues.includes("") ? 0 : QUOTED;
    const start = this.#filled;
    for (let f = 0; f < width; f++) {
      const at = count * width + f;
      const value = values[f] ?? null;
      const from = this.#filled;
      if (value === null) {
        batch.starts[at] = batch.ends[at] = 0;
        batch.flags[at] = NULL;
        continue;
      }
      const text = isFault(value) ? shownFault(value) : value.text;
      if (text.length === 0) batch.flags[at] = ofEmpty;
      else batch.flags[at] = 0;
      if (this.#tellsText && !isFault(value) && value.isText) batch.flags[at] |= STRING;
      this.#write(text);
      batch.starts[at] = from;
      batch.ends[at] = this.#filled;
    }
    const end = this.#filled;
    // So that each record has a place of its own.
    this.#write("\n");
    if (end - start > this.#options.maxRecordBytes) {
      this.#filled = start;
      const message = `The record is longer than ${this.#options.maxRecordBytes} bytes`;
      return this.#reject(row, values, "record_too_long", message, RAW_LIMIT);
    }
    batch.recordStarts[count] = start;
    batch.recordEnds[count] = end;
    batch.lines[count] = row + 1;
    this.#rows[count] = values;
    batch.count++;
  }

  #reject(
    row: number,
    values: readonly Value[],
    code: string,
    message: string,
    most = Infinity,
  ): void {
    const { batch } = this;
    const start = this.#filled;
    this.#write(rawOf(values));
    const end = Math.min(this.#filled, start + most);
    this.#write("\n");
    batch.malformed.push({
      line: row + 1,
      byteOffset: batch.base + start,
      code,
      message: `${message} (sheet ${JSON.stringify(this.#sheet)}, row ${row + 1})`,
      start,
      end,
    });
  }

  #write(text: string | Uint8Array): void {
    const { batch } = this;
    const most = this.#filled + text.length * (typeof text === "string" ? 3 : 1);
    if (most > batch.bytes.length) {
      const grown = new Uint8Array(Math.max(most, batch.bytes.length * 2, LEAST_BYTES));
      grown.set(batch.bytes.subarray(0, this.#filled));
      batch.bytes = grown;
    }
    if (typeof text === "string") this.#writeText(text);
    else {
      batch.bytes.set(text, this.#filled);
      this.#filled += text.length;
    }
  }

  /** Numbers are short and ASCII: not worth a call of the encoder each. */
  #writeText(text: string): void {
    const { bytes } = this.batch;
    let at = this.#filled;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) {
        const rest = encoder.encodeInto(text.slice(i), bytes.subarray(at));
        this.#filled = at + rest.written;
        return;
      }
      bytes[at++] = code;
    }
    this.#filled = at;
  }
}

const encoder = new TextEncoder();

export function isFault(value: Value): value is CellFault {
  return value !== null && !("text" in value);
}

/** The reject of a cell, in words. */
function faultOf(fault: CellFault, cell: string): readonly [code: string, message: string] {
  if ("error" in fault) return ["cell_error", `Cell ${cell} is the error ${fault.error}`];
  if ("formula" in fault) {
    return ["formula_without_value", `Cell ${cell} has a formula whose value was never stored`];
  }
  return ["merged_cell", `Cell ${cell} is merged into ${fault.merged}, which has one value`];
}

/** What a column that nobody reads has in place of a value. */
function shownFault(fault: CellFault): string {
  return "error" in fault ? fault.error : "";
}

/** A row as rejects keep it: a JSON list of its texts. */
function rawOf(values: readonly Value[]): Uint8Array {
  const shown = Array.from(values, (value) => {
    if (value === null || value === undefined || isFault(value)) return value ?? null;
    return typeof value.text === "string" ? value.text : new TextDecoder().decode(value.text);
  });
  return encoder.encode(JSON.stringify(shown));
}

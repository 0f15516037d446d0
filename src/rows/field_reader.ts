import type { RowsPlan } from "../plan/load_plan.ts";
import type { Column } from "./compile_columns.ts";
import { ARRAY_TEXT_GROWTH, arrayText } from "./array_text.ts";
import {
  BARE,
  CODED,
  ESCAPED,
  NESTED,
  NULL,
  QUOTED,
  type RecordBatch,
  STRING,
} from "./record_batch.ts";

/** What decides whether a field is NULL. */
export type FieldOptions =
  & Partial<Pick<Column, "delimiter">>
  & Pick<
    Column,
    | "trim"
    | "trimQuoted"
    | "emptyIsNull"
    | "emptyAsNull"
    | "nulls"
    | "quotedNulls"
    | "isJson"
    | "elements"
  >;

/** Finds what a field says: without its escapes and, where the column asks for it, its blanks. */
export class FieldReader {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  isNull = false;
  #scratch = new Uint8Array(1024);
  #decoded = new Uint8Array(1024);

  read(
    column: FieldOptions,
    batch: RecordBatch,
    at: number,
  ): void {
    let { bytes } = batch;
    let start = batch.starts[at];
    let end = batch.ends[at];
    const flags = batch.flags[at];
    if ((flags & NULL) !== 0 || (column.isJson && (flags & STRING) !== 0)) {
      this.bytes = bytes;
      this.start = start - 1;
      this.end = end + 1;
      this.isNull = (flags & NULL) !== 0;
      return;
    }
    if ((flags & ESCAPED) !== 0 && (flags & BARE) === 0) {
      if (this.#scratch.length < end - start) this.#scratch = new Uint8Array((end - start) * 2);
      end = batch.unescape(bytes, start, end, this.#scratch);
      bytes = this.#scratch;
      start = 0;
    }
    if ((flags & CODED) !== 0) {
      const most = (end - start) * 3;
      if (this.#decoded.length < most) this.#decoded = new Uint8Array(most * 2);
      end = batch.decode!(bytes, start, end, this.#decoded);
      bytes = this.#decoded;
      start = 0;
    }
    if ((flags & QUOTED) !== 0 ? column.trimQuoted : column.trim) {
      while (start < end && isBlank(bytes[start])) start++;
      while (end > start && isBlank(bytes[end - 1])) end--;
    }
    if ((flags & NESTED) !== 0 && column.elements !== null) {
      this.#array(bytes, start, end, column);
      return;
    }
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.isNull = (flags & QUOTED) !== 0 && !column.quotedNulls
      ? start === end && column.emptyAsNull
      : start === end
      ? column.emptyIsNull || ((flags & (STRING | QUOTED)) !== 0 && column.emptyAsNull)
      : column.nulls !== null && isOneOf(bytes, start, end, column.nulls);
  }

  /** A list is an array of its column's type. */
  #array(
    bytes: Uint8Array,
    start: number,
    end: number,
    { elements, delimiter }: Pick<FieldOptions, "elements" | "delimiter">,
  ): void {
    const most = (end - start) * ARRAY_TEXT_GROWTH + 2;
    if (this.#decoded.length < most) this.#decoded = new Uint8Array(most * 2);
    this.bytes = this.#decoded;
    this.start = 0;
    this.end = arrayText(bytes, start, end, elements === "json", this.#decoded, delimiter);
    this.isNull = false;
  }
}

/** Reads a field of no column: NULL, or something. */
export function anyValue({ nullValues, trim, quotedNulls }: RowsPlan): FieldOptions {
  const others = nullValues.filter((text) => text !== "");
  return {
    trim,
    trimQuoted: false,
    emptyIsNull: nullValues.includes(""),
    emptyAsNull: false,
    quotedNulls: quotedNulls ?? false,
    isJson: false,
    elements: null,
    nulls: others.length === 0 ? null : others.map((text) => new TextEncoder().encode(text)),
  };
}

function isOneOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  texts: readonly Uint8Array[],
): boolean {
  for (let t = 0; t < texts.length; t++) {
    const text = texts[t];
    if (text.length !== end - start) continue;
    let i = 0;
    while (i < text.length && text[i] === bytes[start + i]) i++;
    if (i === text.length) return true;
  }
  return false;
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9;
}

import type { CsvOptions } from "../spec/pipeline_spec.ts";
import type { Column } from "./compile_columns.ts";
import { ESCAPED, QUOTED, type RecordBatch } from "./record_batch.ts";

/** What decides whether a field is NULL. */
export type FieldOptions = Pick<
  Column,
  "trim" | "trimQuoted" | "emptyIsNull" | "emptyAsNull" | "nulls"
>;

/** Finds what a field says: without its escapes and, where the column asks for it, its blanks. */
export class FieldReader {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  isNull = false;
  #scratch = new Uint8Array(1024);
  readonly #quote: number;
  readonly #escape: number;

  constructor({ quote, escape }: Pick<CsvOptions, "quote" | "escape">) {
    this.#quote = (quote ?? "").charCodeAt(0);
    this.#escape = (escape ?? "").charCodeAt(0);
  }

  read(
    column: FieldOptions,
    batch: RecordBatch,
    at: number,
  ): void {
    let { bytes } = batch;
    let start = batch.starts[at];
    let end = batch.ends[at];
    const flags = batch.flags[at];
    if ((flags & ESCAPED) !== 0) {
      if (this.#scratch.length < end - start) this.#scratch = new Uint8Array((end - start) * 2);
      end = unescape(bytes, start, end, this.#scratch, this.#quote, this.#escape);
      bytes = this.#scratch;
      start = 0;
    }
    if ((flags & QUOTED) !== 0 ? column.trimQuoted : column.trim) {
      while (start < end && isBlank(bytes[start])) start++;
      while (end > start && isBlank(bytes[end - 1])) end--;
    }
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.isNull = (flags & QUOTED) !== 0
      ? start === end && column.emptyAsNull
      : start === end
      ? column.emptyIsNull
      : column.nulls !== null && isOneOf(bytes, start, end, column.nulls);
  }
}

/** Reads a field of no column: NULL, or something. */
export function anyValue({ nullValues, trim }: CsvOptions): FieldOptions {
  const others = nullValues.filter((text) => text !== "");
  return {
    trim,
    trimQuoted: false,
    emptyIsNull: nullValues.includes(""),
    emptyAsNull: false,
    nulls: others.length === 0 ? null : others.map((text) => new TextEncoder().encode(text)),
  };
}

/** Drops each escape that stands before a quote or an escape; returns the new length. */
function unescape(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  quote: number,
  escape: number,
): number {
  let length = 0;
  for (let i = start; i < end; i++) {
    if (bytes[i] === escape && i + 1 < end && (bytes[i + 1] === quote || bytes[i + 1] === escape)) {
      i++;
    }
    out[length++] = bytes[i];
  }
  return length;
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

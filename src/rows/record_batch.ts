import type { StoredRows } from "./stored/stored_rows.ts";

/**
 * Records found in a stretch of decoded bytes, as offsets: no field is ever copied or made a string.
 *
 * Field `f` of record `r` is `bytes[starts[r * width + f] … ends[r * width + f])`, quotes excluded.
 * A batch and its arrays are reused by the reader: everything in it is valid until the next call.
 */
export interface RecordBatch {
  bytes: Uint8Array;
  /** Offset of `bytes[0]` in the decompressed source. */
  base: number;
  /** Fields per record: the header's length, or the first record's where there is no header. */
  width: number;
  /** Records in the batch. */
  count: number;
  starts: Int32Array;
  ends: Int32Array;
  /** Per field: {@link QUOTED}, {@link ESCAPED}, {@link NULL}, {@link MISSING}, {@link STRING}, {@link CODED}. */
  flags: Uint8Array;
  /** Per record: extent of its raw bytes in `bytes`, without the line end. */
  recordStarts: Int32Array;
  recordEnds: Int32Array;
  /** Per record: the line it starts on, from 1. */
  lines: Float64Array;
  /** Records that are no rows at all: ragged, too long, an unclosed quote. Counted as read. */
  malformed: MalformedRecord[];
  /** What a field with {@link ESCAPED} says. */
  unescape: Unescape;
  /** What a field with {@link CODED} says, without its escapes: at most three bytes for each. */
  decode?: Unescape;
  /** The encoding that the fields are of; left out: UTF-8. */
  encoding?: string;
  /** Where keys name fields: those that nobody asked for. */
  others?: OtherKeys;
  /**
   * Values as the format stores them, in place of bytes and fields: a record's offset is its number,
   * and what it says is in {@link RecordBatch.text}.
   */
  stored?: StoredRows;
  /**
   * With `stored`: a record as a batch of its text, or of one that is malformed, until the next call.
   */
  text?(record: number): RecordBatch;
  /** A record as rejects keep it, where its bytes in the batch do not tell it. */
  raw?(record: number): Uint8Array;
  /** Where a field of a record stands, beside its line: `row 7 of row group 2`. */
  place?(record: number, field: number): string;
}

/** What a batch is written into. */
export type BatchArrays = Pick<
  RecordBatch,
  "bytes" | "starts" | "ends" | "flags" | "recordStarts" | "recordEnds" | "lines"
>;

/** A quicker way to split records, for the plain ones of a batch that lies in its arrays. */
export interface RecordSplitter {
  /** Where the batch lies: it has room for as many fields and records as bytes. */
  readonly home: BatchArrays;
  /** Characters as bytes, -1 where one is not in use. */
  setDialect(delimiter: number, quote: number, escape: number, comment: number, most: number): void;
  /**
   * Adds the records that begin at `from`, on `line`, to the batch, until one is left; returns where
   * that one begins.
   */
  split(batch: RecordBatch, from: number, filled: number, line: number, afterCr: number): number;
  /** After a call: the line of the record that is left. */
  readonly line: number;
  /** Where an LF would be the second half of a CRLF; -1 elsewhere. */
  readonly afterCr: number;
  /** The record that is left is not complete; else something about it is not plain. */
  readonly isAtEnd: boolean;
}

/** Writes `bytes[start … end)` without its escapes to the front of `out`; returns its length. */
export type Unescape = (
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
) => number;

/** Keys without a field in the batch. */
export interface OtherKeys {
  /** Per record: its values of such keys, but for null. */
  counts: Int32Array;
  /** The first of these keys in the file so far. */
  readonly names: readonly string[];
}

export {
  BARE,
  CODED,
  ESCAPED,
  MISSING,
  NESTED,
  NULL,
  QUOTED,
  STRING,
} from "../core/field_flags.ts";

/** A record that the format could not split into the right number of fields. */
export interface MalformedRecord {
  readonly line: number;
  readonly byteOffset: number;
  /** A word of the format, explained in `docs/rejects.md`. */
  readonly code: string;
  readonly message: string;
  /** Its raw bytes in the batch, up to `end`; of a record that is too long only the first. */
  readonly start: number;
  readonly end: number;
}

/**
 * Rows of a batch column by column, as a format stores them: no value is a text yet.
 *
 * They are what their texts say: whoever reads them otherwise must come to the same bytes.
 */
export interface StoredRows {
  readonly rows: number;
  /** By their index in a record; undefined: NULL in each row. */
  readonly fields: readonly (StoredField | undefined)[];
  /** Flags of the field of an empty text. */
  readonly emptyFlags: number;
  /** Rows whose text may be longer than a record may be; null: none. */
  readonly suspects: Uint8Array | null;
}

/** What the values of a field are. */
export type StoredType =
  | { readonly kind: "integer" | "double" | "boolean" | "text" | "uuid" | "date" }
  /** Integers, or big-endian bytes in two's complement, that count 10^-scale. */
  | { readonly kind: "decimal"; readonly scale: number }
  /** So many a second: of a day, or since 1970-01-01. */
  | { readonly kind: "time"; readonly perSecond: number }
  | { readonly kind: "timestamp"; readonly perSecond: number; readonly isUtc: boolean }
  /** A list or an object as JSON. */
  | { readonly kind: "nested" }
  /** Known by its text. */
  | { readonly kind: "other" };

/** The values of a field in the rows of a batch. */
export interface StoredField {
  readonly type: StoredType;
  /** In order, without a gap. */
  readonly segments: readonly StoredSegment[];
  /** The text of a value, until the next call. */
  textOf(value: unknown): TextBytes;
}

/** Bytes up to a length. */
export interface TextBytes {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** Values of some rows that lie together. */
export interface StoredSegment {
  /** Rows of the batch. */
  readonly from: number;
  readonly to: number;
  /** Levels of the rows, from `defAt` on: those of `full` have a value, others are NULL. */
  readonly def: Uint8Array | null;
  readonly defAt: number;
  readonly full: number;
  /** The values; the rows' own begin at `at`. */
  readonly values: StoredValues;
  readonly at: number;
  /** In place of the values themselves: which of them each row has, from `at` on. */
  readonly indices: Int32Array | null;
}

/** Typed arrays, byte strings that lie behind each other, or any values. */
export type StoredValues =
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array
  | ByteStrings
  | ArrayLike<unknown>;

/** Byte strings in one stretch of bytes. */
export interface ByteStrings {
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly length: number;
  /** One of them, undefined where there is none. */
  at(index: number): Uint8Array | undefined;
}

/** Whether values are byte strings in one stretch. */
export function areStrings(values: StoredValues): values is ByteStrings {
  return "starts" in values;
}

/** One value. */
export function valueOf(values: StoredValues, index: number): unknown {
  return areStrings(values) ? values.at(index) : values[index];
}

import type { ColumnType } from "../../spec/pipeline_spec.ts";
import { compareNumeric, numericRank } from "../numeric_order.ts";

/** How the binary values of a type are ordered, as Postgres orders them. */
export interface Order {
  /** A number that never falls where the value rises: it settles most comparisons. */
  rank(view: DataView, at: number, length: number): number;
  /** Values of the same rank are equal where the rank's size is below this. */
  readonly exactBelow: number;
  /** Settles what the rank cannot. */
  compare(a: Uint8Array, b: Uint8Array): number;
}

/** The order of a type's values; null for `json` and `jsonb`, whose order is of no use or none. */
export function orderOf(type: ColumnType): Order | null {
  return ORDERS[type.name];
}

const int16 = byRank((view, at) => view.getInt16(at));
const int32 = byRank((view, at) => view.getInt32(at));
const bool = byRank((view, at) => view.getUint8(at));
// NaN is the greatest, and equal to itself; infinity shares its rank.
const float32 = float((view, at) => view.getFloat32(at));
const float64 = float((view, at) => view.getFloat64(at));

const int64: Order = {
  rank: (view, at) => view.getInt32(at) * 4294967296 + view.getUint32(at + 4),
  exactBelow: 2 ** 53,
  compare: (a, b) => sign(viewOf(a).getBigInt64(0), viewOf(b).getBigInt64(0)),
};

/** The order of bytes; `compareStretch` settles it where they lie. */
export const BYTEWISE: Order = { rank: firstBytes, exactBelow: 0, compare: compareBytes };

/** Spaces at the end of a char(n) are padding and count for nothing. */
const padded: Order = {
  rank: (view, at, length) => {
    while (length > 0 && view.getUint8(at + length - 1) === 32) length--;
    return firstBytes(view, at, length);
  },
  exactBelow: 0,
  compare: (a, b) => compareBytes(unpadded(a), unpadded(b)),
};

const interval: Order = {
  rank: () => 0,
  exactBelow: 0,
  compare: (a, b) => sign(span(a), span(b)),
};

const numeric: Order = {
  rank: numericRank,
  exactBelow: 0,
  compare: (a, b) => compareNumeric(viewOf(a), 0, viewOf(b), 0),
};

const ORDERS: Readonly<Record<ColumnType["name"], Order | null>> = {
  "smallint": int16,
  "integer": int32,
  "bigint": int64,
  "real": float32,
  "double precision": float64,
  "numeric": numeric,
  "boolean": bool,
  "text": BYTEWISE,
  "varchar": BYTEWISE,
  "char": padded,
  "uuid": BYTEWISE,
  "bytea": BYTEWISE,
  "date": int32,
  "time": int64,
  "timestamp": int64,
  "timestamptz": int64,
  "interval": interval,
  "json": null,
  "jsonb": null,
  "other": BYTEWISE,
};

/** Values that a double holds exactly. */
function byRank(rank: Order["rank"]): Order {
  return {
    rank,
    exactBelow: Infinity,
    compare: (a, b) => rank(viewOf(a), 0, a.length) - rank(viewOf(b), 0, b.length),
  };
}

function float(read: (view: DataView, at: number) => number): Order {
  return {
    rank: (view, at) => {
      const value = read(view, at);
      return value !== value ? Infinity : value;
    },
    exactBelow: Infinity,
    compare: (a, b) => compareFloats(read(viewOf(a), 0), read(viewOf(b), 0)),
  };
}

function firstBytes(view: DataView, at: number, length: number): number {
  let rank = 0;
  for (let i = 0; i < 6; i++) rank = rank * 256 + (i < length ? view.getUint8(at + i) : 0);
  return rank;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return compareStretch(a, 0, a.length, b);
}

/** Compares `bytes` from `start` to `end` with other bytes. */
export function compareStretch(
  bytes: Uint8Array,
  start: number,
  end: number,
  other: Uint8Array,
): number {
  const length = end - start;
  const shared = Math.min(length, other.length);
  for (let i = 0; i < shared; i++) {
    const difference = bytes[start + i]! - other[i]!;
    if (difference !== 0) return difference;
  }
  return length - other.length;
}

function unpadded(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 32) end--;
  return bytes.subarray(0, end);
}

function compareFloats(a: number, b: number): number {
  if (a !== a || b !== b) return Number(a !== a) - Number(b !== b);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Microseconds, with 30 days to a month and 24 hours to a day as Postgres compares them. */
function span(bytes: Uint8Array): bigint {
  const view = viewOf(bytes);
  const days = BigInt(view.getInt32(12)) * 30n + BigInt(view.getInt32(8));
  return days * 86_400_000_000n + view.getBigInt64(0);
}

function sign(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

import type { ColumnType } from "../../spec/pipeline_spec.ts";
import { compareNumeric } from "../numeric_order.ts";

/** Orders two encoded values of a type as Postgres does; offsets are those of their int32 lengths. */
export type Compare = (a: DataView, aAt: number, b: DataView, bAt: number) => number;

/** The order of a type; texts, UUIDs and the like by their bytes. */
export function compareOf(type: ColumnType): Compare {
  switch (type.name) {
    case "smallint":
      return (a, i, b, k) => a.getInt16(i + 4) - b.getInt16(k + 4);
    case "integer":
    case "date":
      return (a, i, b, k) => a.getInt32(i + 4) - b.getInt32(k + 4);
    case "bigint":
    case "time":
    case "timestamp":
    case "timestamptz":
      return compareInt64;
    case "real":
      return (a, i, b, k) => compareFloat(a.getFloat32(i + 4), b.getFloat32(k + 4));
    case "double precision":
      return (a, i, b, k) => compareFloat(a.getFloat64(i + 4), b.getFloat64(k + 4));
    case "numeric":
      return (a, i, b, k) => compareNumeric(a, i + 4, b, k + 4);
    case "interval":
      return (a, i, b, k) => {
        const left = intervalMicros(a, i);
        const right = intervalMicros(b, k);
        return left < right ? -1 : left > right ? 1 : 0;
      };
    default:
      return compareBytes;
  }
}

/** Says of an encoded value whether it is beyond a limit. */
export type Beyond = (view: DataView, at: number) => boolean;

/**
 * Whether values of a type lie above (`sign` 1) or below (`sign` -1) an encoded limit.
 *
 * The short integers have functions of their own: comparing them through two views and two calls
 * was 7 % of the profile of bench/rows_micro.ts.
 */
export function beyond(type: ColumnType, limit: DataView, sign: 1 | -1): Beyond {
  if (type.name === "smallint") {
    const value = limit.getInt16(4);
    return sign === 1
      ? (view, at) => view.getInt16(at + 4) > value
      : (view, at) => view.getInt16(at + 4) < value;
  }
  if (type.name === "integer" || type.name === "date") {
    const value = limit.getInt32(4);
    return sign === 1
      ? (view, at) => view.getInt32(at + 4) > value
      : (view, at) => view.getInt32(at + 4) < value;
  }
  const compare = compareOf(type);
  return (view, at) => compare(view, at, limit, 0) * sign > 0;
}

const compareInt64: Compare = (a, i, b, k) =>
  a.getInt32(i + 4) - b.getInt32(k + 4) || a.getUint32(i + 8) - b.getUint32(k + 8);

/** Postgres sorts NaN above everything, and equal to itself. */
function compareFloat(a: number, b: number): number {
  if (a !== a) return b !== b ? 0 : 1;
  if (b !== b) return -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A month counts as thirty days here, as in Postgres. */
function intervalMicros(view: DataView, at: number): bigint {
  const days = view.getInt32(at + 12) + view.getInt32(at + 16) * 30;
  return view.getBigInt64(at + 4) + BigInt(days) * 86_400_000_000n;
}

const compareBytes: Compare = (a, i, b, k) => {
  const left = a.getInt32(i);
  const right = b.getInt32(k);
  for (let n = 0; n < left && n < right; n++) {
    const order = a.getUint8(i + 4 + n) - b.getUint8(k + 4 + n);
    if (order !== 0) return order;
  }
  return left - right;
};

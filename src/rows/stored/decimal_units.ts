import { MOST_UNITS } from "../types/numeric.ts";
import { areStrings, type StoredType, type StoredValues } from "./stored_rows.ts";

const POWERS = Float64Array.from({ length: 16 }, (_, i) => Number(`1e${i}`));

/** Reads a value as a whole number of units of a scale; NaN where it is none that a double holds. */
export type Units = (values: StoredValues, index: number) => number;

/**
 * Units of the values of a field, each exactly what its text says.
 *
 * @param scale of the column; null: each value keeps its own
 * @returns null where the texts must be read
 */
export function unitsOf(
  type: StoredType,
  scale: number | null,
): { readonly scale: number; readonly units: Units } | null {
  if (type.kind === "integer") {
    const to = scale ?? 0;
    return { scale: to, units: scaled(wholeUnits, POWERS[to]) };
  }
  if (type.kind === "double") {
    return scale === null ? null : { scale, units: doubleUnits(POWERS[scale]) };
  }
  if (type.kind !== "decimal" || type.scale < 0) return null;
  const to = scale ?? type.scale;
  if (to < type.scale || to > 12) return null;
  return { scale: to, units: scaled(wholeUnits, POWERS[to - type.scale]) };
}

function scaled(read: Units, factor: number): Units {
  return (values, index) => {
    const units = read(values, index) * factor;
    return units < MOST_UNITS && units > -MOST_UNITS ? units : NaN;
  };
}

const wholeUnits: Units = (values, index) => {
  if (values instanceof Int32Array) return values[index];
  if (values instanceof BigInt64Array) {
    const value = values[index];
    return value < 1_000_000_000_000_000n && value > -1_000_000_000_000_000n ? Number(value) : NaN;
  }
  return areStrings(values)
    ? bytesUnits(values.bytes, values.starts[index], values.ends[index])
    : NaN;
};

/** Two's complement, the highest byte first. */
function bytesUnits(bytes: Uint8Array, start: number, end: number): number {
  if (end === start) return NaN;
  const sign = bytes[start] >= 128 ? 255 : 0;
  // What is beyond seven bytes may only be the sign.
  for (; end - start > 7; start++) if (bytes[start] !== sign) return NaN;
  if (bytes[start] >= 128 !== (sign === 255)) return NaN;
  let value = sign === 0 ? 0 : -1;
  for (let at = start; at < end; at++) value = value * 256 + bytes[at];
  return value;
}

/**
 * A double is so many units where it is the one nearest to them: below 10^15 of them, fifteen digits,
 * no shorter text is that of the same double.
 */
function doubleUnits(factor: number): Units {
  return (values, index) => {
    const value = (values as Float64Array)[index];
    const units = Math.round(value * factor);
    if (units / factor !== value || units === 0 && Object.is(value, -0)) return NaN;
    return units < MOST_UNITS && units > -MOST_UNITS ? units : NaN;
  };
}

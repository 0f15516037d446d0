import type { Frame } from "../frame.ts";
import type { Check } from "../rules/mod.ts";
import { MOST_UNITS, putUnits } from "../types/numeric.ts";
import { type Units, unitsOf } from "./decimal_units.ts";
import { judgesValues, type StoredColumnPlan, takesTexts } from "./number_program.ts";
import { areStrings, type StoredType, type StoredValues } from "./stored_rows.ts";

/** What is not plain of a value: its row is read as a text, which finds the same and says what. */
export const ODD = -1;

/** Encodes one value to the end of a frame; returns its bytes, or {@link ODD}. */
export type EncodeStored = (values: StoredValues, index: number, out: Frame) => number;

/** A quicker way for values of some types, which leaves what is not plain to `rest`. */
export function shortcut(
  column: StoredColumnPlan,
  type: StoredType,
  rest: EncodeStored,
): EncodeStored | null {
  const { plan, bounds } = column;
  if (!takesTexts(column)) return null;
  const { checks } = column.column;
  if (plan.type.name === "uuid" && type.kind === "uuid" && checks === null) return uuidOr(rest);
  if (plan.type.name === "bigint" && type.kind === "integer" && checks === null) {
    return int64Or(rest);
  }
  if (plan.type.name !== "numeric" || bounds !== null || !judgesValues(column)) return null;
  const { precision } = plan.type;
  const scale = precision === null ? null : plan.type.scale ?? 0;
  if (scale !== null && (scale < 0 || scale > 12)) return null;
  const found = unitsOf(type, scale);
  if (found === null) return null;
  const ceiling = precision === null || precision > 15 ? MOST_UNITS : 10 ** precision;
  return numericOr(found.units, found.scale, ceiling, checks, rest);
}

/** Copies encoded values of a few bytes each. */
export function copyValues(
  { bytes, view }: Frame,
  starts: Int32Array,
  lengths: Int32Array,
  from: number,
  to: number,
  places: Int32Array,
  frame: Frame,
): void {
  const out = frame.view;
  for (let row = from; row < to; row++) {
    const start = starts[row];
    const length = lengths[row];
    const at = places[row];
    places[row] = at + length;
    if (length > 64) {
      frame.bytes.set(bytes.subarray(start, start + length), at);
      continue;
    }
    let i = 0;
    for (; i + 4 <= length; i += 4) out.setInt32(at + i, view.getInt32(start + i));
    for (; i < length; i++) frame.bytes[at + i] = bytes[start + i];
  }
}

const UUID_BYTES = 16;

function uuidOr(rest: EncodeStored): EncodeStored {
  return (values, index, out) => {
    if (!areStrings(values)) return rest(values, index, out);
    const start = values.starts[index];
    if (values.ends[index] - start !== UUID_BYTES) return rest(values, index, out);
    out.reserve(UUID_BYTES + 4);
    const { length } = out;
    out.view.setInt32(length, UUID_BYTES);
    for (let i = 0; i < UUID_BYTES; i++) out.bytes[length + 4 + i] = values.bytes[start + i];
    out.length = length + 4 + UUID_BYTES;
    return 4 + UUID_BYTES;
  };
}

function int64Or(rest: EncodeStored): EncodeStored {
  return (values, index, out) => {
    if (!(values instanceof BigInt64Array)) return rest(values, index, out);
    out.reserve(12);
    out.view.setInt32(out.length, 8);
    out.view.setBigInt64(out.length + 4, values[index]);
    out.length += 12;
    return 12;
  };
}

const NO_TEXT = new Uint8Array(0);

function numericOr(
  units: Units,
  scale: number,
  ceiling: number,
  checks: readonly Check[] | null,
  rest: EncodeStored,
): EncodeStored {
  return (values, index, out) => {
    const value = units(values, index);
    if (!(value < ceiling && value > -ceiling)) return rest(values, index, out);
    out.reserve(32);
    const from = out.length;
    putUnits(out, value < 0, value < 0 ? -value : value, scale);
    if (checks !== null) {
      for (const check of checks) {
        if (check(out, from, NO_TEXT, 0, 0) === null) continue;
        out.length = from;
        return ODD;
      }
    }
    return out.length - from;
  };
}

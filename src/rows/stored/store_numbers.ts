import type { Frame } from "../frame.ts";

/** How a number is written: as an integer of so many bytes, a float, or a boolean. */
export type NumberForm = "int2" | "int4" | "int8" | "float4" | "float8" | "bool";

/** Bytes of a value and its length. */
export const FORM_BYTES: Readonly<Record<NumberForm, number>> = {
  int2: 6,
  int4: 8,
  int8: 12,
  float4: 8,
  float8: 12,
  bool: 5,
};

/**
 * Writes the numbers of rows `from … to)`, each where its row's tuple goes on, and moves that on.
 *
 * @param nulls rows that have none are 1
 */
type StoreNumbers = (
  numbers: Float64Array,
  from: number,
  to: number,
  nulls: Uint8Array | null,
  places: Int32Array,
  frame: Frame,
) => void;

/**
 * Writes the numbers of rows `from … to)`, each where its row's tuple goes on, and moves that on.
 *
 * @param nulls rows whose value is `nullValue` are 1
 */
export function storeNumbers(
  form: NumberForm,
  numbers: Float64Array,
  from: number,
  to: number,
  nulls: Uint8Array | null,
  nullValue: Uint8Array,
  places: Int32Array,
  frame: Frame,
): void {
  if (nulls !== null) storeNulls(from, to, nulls, nullValue, places, frame);
  STORES[form](numbers, from, to, nulls, places, frame);
}

function storeNulls(
  from: number,
  to: number,
  nulls: Uint8Array,
  nullValue: Uint8Array,
  places: Int32Array,
  { bytes }: Frame,
): void {
  for (let row = from; row < to; row++) {
    if (nulls[row] === 0) continue;
    const at = places[row];
    for (let i = 0; i < nullValue.length; i++) bytes[at + i] = nullValue[i];
    places[row] = at + nullValue.length;
  }
}

// Hot loops, one for each form: together they would be compiled again for each form that comes.

const STORES: Readonly<Record<NumberForm, StoreNumbers>> = {
  int2(numbers, from, to, nulls, places, { view }) {
    for (let row = from; row < to; row++) {
      if (nulls !== null && nulls[row] !== 0) continue;
      const at = places[row];
      view.setInt32(at, 2);
      view.setInt16(at + 4, numbers[row]);
      places[row] = at + 6;
    }
  },
  int4(numbers, from, to, nulls, places, { view }) {
    for (let row = from; row < to; row++) {
      if (nulls !== null && nulls[row] !== 0) continue;
      const at = places[row];
      view.setInt32(at, 4);
      view.setInt32(at + 4, numbers[row]);
      places[row] = at + 8;
    }
  },
  int8(numbers, from, to, nulls, places, { view }) {
    for (let row = from; row < to; row++) {
      if (nulls !== null && nulls[row] !== 0) continue;
      const at = places[row];
      const value = numbers[row];
      const upper = Math.floor(value / 4294967296);
      view.setInt32(at, 8);
      view.setInt32(at + 4, upper);
      view.setUint32(at + 8, value - upper * 4294967296);
      places[row] = at + 12;
    }
  },
  float4(numbers, from, to, nulls, places, { view }) {
    for (let row = from; row < to; row++) {
      if (nulls !== null && nulls[row] !== 0) continue;
      const at = places[row];
      const value = numbers[row];
      view.setInt32(at, 4);
      // JavaScript's NaN may carry any payload; Postgres writes the plain one.
      if (value !== value) view.setInt32(at + 4, 0x7fc00000);
      else view.setFloat32(at + 4, value);
      places[row] = at + 8;
    }
  },
  float8(numbers, from, to, nulls, places, { view }) {
    for (let row = from; row < to; row++) {
      if (nulls !== null && nulls[row] !== 0) continue;
      const at = places[row];
      const value = numbers[row];
      view.setInt32(at, 8);
      if (value === value) view.setFloat64(at + 4, value);
      else {
        view.setInt32(at + 4, 0x7ff80000);
        view.setInt32(at + 8, 0);
      }
      places[row] = at + 12;
    }
  },
  bool(numbers, from, to, nulls, places, { view, bytes }) {
    for (let row = from; row < to; row++) {
      if (nulls !== null && nulls[row] !== 0) continue;
      const at = places[row];
      view.setInt32(at, 1);
      bytes[at + 4] = numbers[row];
      places[row] = at + 5;
    }
  },
};

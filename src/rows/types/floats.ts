import { asciiText, putInt32 } from "./ascii.ts";
import {
  compareDecimal,
  decimalEnd,
  decimalStart,
  double,
  MALFORMED_INPUT,
  RANGE_INPUT,
  readDouble,
  ROUNDED_INPUT,
} from "./decimal.ts";
import type { Encode, Problem, TypeEncoder } from "./encoder.ts";
import { withSeparators } from "./number_text.ts";

const MALFORMED: Problem = { code: "invalid_number", expected: "a number" };
const RANGE_8: Problem = {
  code: "out_of_range",
  expected: "a double precision (about 1e-324 to 1e308)",
};
const RANGE_4: Problem = { code: "out_of_range", expected: "a real (about 1e-45 to 3e38)" };

/** `double precision`: decimal text, `NaN`, `Infinity`, `inf`. */
export const doublePrecision: TypeEncoder = {
  name: "double precision",
  compile: (_type, options) => withSeparators(encodeFloat64, options, MALFORMED),
};

/** `real`: rounded once, from the decimal text. */
export const real: TypeEncoder = {
  name: "real",
  compile: (_type, options) => withSeparators(encodeFloat32, options, MALFORMED),
};

const POWERS = Float64Array.from({ length: 16 }, (_, i) => Number(`1e${i}`));

const encodeFloat64: Encode = (bytes, start, end, frame) => {
  // Hot loop: of 15 bytes at most every digit fits a double exactly, and one division rounds once.
  if (end - start <= 15) {
    const negative = bytes[start] === 45;
    const first = negative ? start + 1 : start;
    let mantissa = 0;
    let point = -1;
    let i = first;
    for (; i < end; i++) {
      const digit = bytes[i] - 48;
      if (digit >= 0 && digit <= 9) mantissa = mantissa * 10 + digit;
      else if (digit === -2 && point < 0) point = i;
      else break;
    }
    if (i === end && i - first > (point < 0 ? 0 : 1)) {
      const value = point < 0 ? mantissa : mantissa / POWERS[end - point - 1];
      const at = frame.length;
      frame.view.setInt32(at, 8);
      frame.view.setFloat64(at + 4, negative ? -value : value);
      frame.length = at + 12;
      return null;
    }
  }
  const input = readDouble(bytes, start, end);
  if (input === MALFORMED_INPUT) return MALFORMED;
  if (input === RANGE_INPUT) return RANGE_8;
  const at = frame.length;
  frame.view.setInt32(at, 8);
  frame.view.setFloat64(at + 4, double[0]!);
  frame.length = at + 12;
  return null;
};

const encodeFloat32: Encode = (bytes, start, end, frame) => {
  const input = readDouble(bytes, start, end);
  if (input === MALFORMED_INPUT) return MALFORMED;
  if (input === RANGE_INPUT) return RANGE_4;
  let value = Math.fround(double[0]!);
  if (input === ROUNDED_INPUT && value !== double[0]) value = roundOnce(bytes, value);
  if (double[0] !== value) {
    if (value === Infinity || value === -Infinity || value === 0) return RANGE_4;
  }
  // JavaScript's NaN may carry any payload; Postgres writes the plain one.
  const at = frame.length;
  putInt32(frame.bytes, at, 4);
  if (value !== value) putInt32(frame.bytes, at + 4, 0x7fc00000);
  else frame.view.setFloat32(at + 4, value);
  frame.length = at + 8;
  return null;
};

const single = new Float32Array(1);
const singleBits = new Int32Array(single.buffer);

/** Where the double lies halfway between two reals, only the decimal text tells which is nearer. */
function roundOnce(bytes: Uint8Array, rounded: number): number {
  const size = Math.abs(double[0]!);
  single[0] = Math.abs(rounded);
  const outward = size > single[0];
  singleBits[0] = singleBits[0]! + (outward ? 1 : -1);
  const other = single[0]!;
  const a = Math.abs(rounded) === Infinity ? 2 ** 128 : Math.abs(rounded);
  const b = other === Infinity ? 2 ** 128 : other;
  if (size !== (a + b) / 2) return rounded;
  let order = compareDecimal(asciiText(bytes, decimalStart, decimalEnd), double[0]!);
  if (order === 0) return rounded;
  if (double[0]! < 0) order = -order;
  const nearer = (order > 0) === (a > b) ? Math.abs(rounded) : other;
  return double[0]! < 0 ? -nearer : nearer;
}

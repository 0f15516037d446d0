import type { Frame } from "../frame.ts";
import { isSpace, putInt32, trimEnd } from "./ascii.ts";
import type { Encode, Problem, TypeEncoder } from "./encoder.ts";
import { withSeparators } from "./number_text.ts";

const MALFORMED: Problem = { code: "invalid_integer", expected: "an integer" };

function outOfRange(type: string, low: string, high: string): Problem {
  return { code: "out_of_range", expected: `a ${type} (${low} to ${high})` };
}

/** `smallint`: decimal digits only; hex, octal, binary and underscores are refused. */
export const smallint: TypeEncoder = {
  name: "smallint",
  compile: (_type, options) => withSeparators(encodeInt16, options, MALFORMED),
};

/** `integer`, read as `smallint` is. */
export const integer: TypeEncoder = {
  name: "integer",
  compile: (_type, options) => withSeparators(encodeInt32, options, MALFORMED),
};

/** `bigint`, read as `smallint` is; exact over the whole range. */
export const bigint: TypeEncoder = {
  name: "bigint",
  compile: (_type, options) => withSeparators(encodeInt64, options, MALFORMED),
};

const RANGE_16 = outOfRange("smallint", "-32768", "32767");
const RANGE_32 = outOfRange("integer", "-2147483648", "2147483647");
const RANGE_64 = outOfRange("bigint", "-9223372036854775808", "9223372036854775807");

const encodeInt16: Encode = (bytes, start, end, frame) => {
  const value = readSmall(bytes, start, end);
  if (value !== value) return MALFORMED;
  if (value < -32768 || value > 32767) return RANGE_16;
  const at = frame.length;
  frame.view.setInt32(at, 2);
  frame.view.setInt16(at + 4, value);
  frame.length = at + 6;
  return null;
};

const encodeInt32: Encode = (bytes, start, end, frame) => {
  const value = readSmall(bytes, start, end);
  if (value !== value) return MALFORMED;
  if (value < -2147483648 || value > 2147483647) return RANGE_32;
  const at = frame.length;
  frame.view.setInt32(at, 4);
  frame.view.setInt32(at + 4, value);
  frame.length = at + 8;
  return null;
};

const encodeInt64: Encode = (bytes, start, end, frame) => {
  if (end - start > 15) return encodeLongInt64(bytes, start, end, frame);
  const value = readSmall(bytes, start, end);
  if (value !== value) return MALFORMED;
  const out = frame.bytes;
  const at = frame.length;
  const high = Math.floor(value / 4294967296);
  putInt32(out, at, 8);
  putInt32(out, at + 4, high);
  putInt32(out, at + 8, value - high * 4294967296);
  frame.length = at + 12;
  return null;
};

/** The integer; NaN where it is none. Beyond 2^53 it is only good enough for a range check. */
function readSmall(bytes: Uint8Array, start: number, end: number): number {
  // Hot loop: most integers of most files pass here.
  while (start < end && isSpace(bytes[start]!)) start++;
  if (start === end) return NaN;
  let sign = bytes[start]!;
  if (sign === 45 || sign === 43) start++;
  else sign = 43;
  if (start === end) return NaN;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) {
      if (i === start || trimEnd(bytes, i, end) !== i) return NaN;
      break;
    }
    value = value * 10 + digit;
  }
  // Never -0: the range check and the bytes want a plain zero.
  return sign === 45 ? 0 - value : value;
}

/** Sixteen bytes and more: two halves, so that no digit is lost. */
function encodeLongInt64(
  bytes: Uint8Array,
  start: number,
  end: number,
  frame: Frame,
): Problem | null {
  while (start < end && isSpace(bytes[start]!)) start++;
  end = trimEnd(bytes, start, end);
  if (start === end) return MALFORMED;
  const negative = bytes[start] === 45;
  if (negative || bytes[start] === 43) start++;
  if (start === end) return MALFORMED;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) return MALFORMED;
  }
  while (start < end - 1 && bytes[start] === 48) start++;
  if (end - start > 19) return RANGE_64;
  const split = Math.max(start, end - 9);
  let head = 0;
  for (let i = start; i < split; i++) head = head * 10 + (bytes[i]! - 48);
  let tail = 0;
  for (let i = split; i < end; i++) tail = tail * 10 + (bytes[i]! - 48);
  // head < 10^10, so each product below stays under 2^53.
  const headHigh = Math.floor(head / 65536);
  const headLow = head - headHigh * 65536;
  const low48 = headLow * 1e9 + tail;
  const highPart = headHigh * 1e9 + Math.floor(low48 / 65536);
  let low = (highPart % 65536) * 65536 + (low48 % 65536);
  let high = Math.floor(highPart / 65536);
  if (high > 2147483648 || (high === 2147483648 && (low > 0 || !negative))) return RANGE_64;
  if (high === 2147483648) high = -2147483648;
  else if (negative) {
    high = low === 0 ? -high : -high - 1;
    low = low === 0 ? 0 : 4294967296 - low;
  }
  const out = frame.bytes;
  const at = frame.length;
  putInt32(out, at, 8);
  putInt32(out, at + 4, high);
  putInt32(out, at + 8, low);
  frame.length = at + 12;
  return null;
}

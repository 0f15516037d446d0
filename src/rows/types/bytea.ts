import { HEX } from "../../core/hex_digits.ts";
import { putInt32 } from "./ascii.ts";
import type { Encode, Problem, TypeEncoder } from "./encoder.ts";
import { HAS_NUL, NOT_UTF8 } from "./texts.ts";
import { countCodePoints, INVALID_UTF8 } from "./utf8.ts";

const MALFORMED: Problem = {
  code: "invalid_bytea",
  expected: "bytea text (\\x and hex digits, or the escape format)",
};

/** `bytea`: `\x` and hex digits, or Postgres' escape format. */
export const bytea: TypeEncoder = {
  name: "bytea",
  compile: () => (bytes, start, end, frame) =>
    end - start >= 2 && bytes[start] === 92 && bytes[start + 1] === 120
      ? encodeHex(bytes, start + 2, end, frame)
      : encodeEscape(bytes, start, end, frame),
};

const encodeHex: Encode = (bytes, start, end, frame) => {
  const out = frame.bytes;
  let at = frame.length + 4;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    // Postgres skips these between pairs only.
    if (byte === 32 || byte === 10 || byte === 9 || byte === 13) continue;
    const high = HEX[byte]!;
    const low = ++i < end ? HEX[bytes[i]!]! : 255;
    if (high > 15 || low > 15) return MALFORMED;
    out[at++] = high << 4 | low;
  }
  putInt32(out, frame.length, at - frame.length - 4);
  frame.length = at;
  return null;
};

const encodeEscape: Encode = (bytes, start, end, frame) => {
  // Text that is no valid UTF-8 could not have reached Postgres as text.
  const count = countCodePoints(bytes, start, end);
  if (count < 0) return count === INVALID_UTF8 ? NOT_UTF8 : HAS_NUL;
  const out = frame.bytes;
  let at = frame.length + 4;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte !== 92) {
      out[at++] = byte;
      continue;
    }
    if (bytes[i + 1] === 92 && i + 1 < end) {
      out[at++] = 92;
      i++;
      continue;
    }
    if (i + 3 >= end) return MALFORMED;
    const a = bytes[i + 1]! - 48;
    const b = bytes[i + 2]! - 48;
    const c = bytes[i + 3]! - 48;
    if (a < 0 || a > 3 || b < 0 || b > 7 || c < 0 || c > 7) return MALFORMED;
    out[at++] = a << 6 | b << 3 | c;
    i += 3;
  }
  putInt32(out, frame.length, at - frame.length - 4);
  frame.length = at;
  return null;
};

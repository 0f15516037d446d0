import { HEX } from "../../core/hex_digits.ts";
import { putInt32 } from "./ascii.ts";
import type { Encode, Problem, TypeEncoder } from "./encoder.ts";

const MALFORMED: Problem = { code: "invalid_uuid", expected: "a UUID" };

/** `uuid`: 32 hex digits, a hyphen after any group of four, braces around or none. */
export const uuid: TypeEncoder = { name: "uuid", compile: () => encodeUuid };

const encodeUuid: Encode = (bytes, start, end, frame) => {
  if (end - start < 32) return MALFORMED;
  const braces = bytes[start] === 123;
  if (braces) {
    if (bytes[end - 1] !== 125) return MALFORMED;
    start++;
    end--;
  }
  const out = frame.bytes;
  const at = frame.length;
  for (let i = 0; i < 16; i++) {
    if (end - start < 2) return MALFORMED;
    const high = HEX[bytes[start]!]!;
    const low = HEX[bytes[start + 1]!]!;
    if (high > 15 || low > 15) return MALFORMED;
    out[at + 4 + i] = high << 4 | low;
    start += 2;
    if (i % 2 === 1 && i < 15 && start < end && bytes[start] === 45) start++;
  }
  if (start !== end) return MALFORMED;
  putInt32(out, at, 16);
  frame.length = at + 20;
  return null;
};

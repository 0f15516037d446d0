import type { ColumnType } from "../../spec/pipeline_spec.ts";
import type { Frame } from "../frame.ts";
import { putInt32 } from "./ascii.ts";
import type { Encode, Problem, TypeEncoder } from "./encoder.ts";
import { countCodePoints, INVALID_UTF8, skipCodePoints } from "./utf8.ts";

export const NOT_UTF8: Problem = { code: "invalid_utf8", expected: "valid UTF-8" };
export const HAS_NUL: Problem = {
  code: "nul_byte",
  expected: "text that Postgres can store: it holds a NUL byte",
};

/** `text`: any UTF-8 without NUL. */
export const text: TypeEncoder = { name: "text", compile: () => encodeText };

/** `varchar(n)`: spaces beyond `n` characters are cut, anything else beyond is refused. */
export const varchar: TypeEncoder = {
  name: "varchar",
  compile(type) {
    const limit = lengthOf(type);
    return limit === null ? encodeText : limited(limit, false);
  },
};

/** `char(n)`: as `varchar(n)`, and padded with spaces. */
export const char: TypeEncoder = {
  name: "char",
  compile: (type) => limited(lengthOf(type) ?? 1, true),
};

function lengthOf(type: ColumnType): number | null {
  return type.name === "varchar" || type.name === "char" ? type.length : null;
}

const encodeText: Encode = (bytes, start, end, frame) => {
  const count = countCodePoints(bytes, start, end);
  if (count < 0) return count === INVALID_UTF8 ? NOT_UTF8 : HAS_NUL;
  writeBytes(frame, bytes, start, end);
  return null;
};

function limited(limit: number, pad: boolean): Encode {
  const tooLong: Problem = {
    code: "too_long",
    expected: `at most ${limit} ${limit === 1 ? "character" : "characters"} long`,
  };
  return (bytes, start, end, frame) => {
    let count = countCodePoints(bytes, start, end);
    if (count < 0) return count === INVALID_UTF8 ? NOT_UTF8 : HAS_NUL;
    if (count > limit) {
      const cut = skipCodePoints(bytes, start, end, limit);
      for (let i = cut; i < end; i++) if (bytes[i] !== 32) return tooLong;
      end = cut;
      count = limit;
    }
    const padding = pad ? limit - count : 0;
    if (padding > 0) frame.reserve(end - start + padding + 4);
    const at = frame.length;
    writeBytes(frame, bytes, start, end);
    if (padding > 0) {
      frame.bytes.fill(32, frame.length, frame.length + padding);
      frame.length += padding;
      putInt32(frame.bytes, at, frame.length - at - 4);
    }
    return null;
  };
}

/** Writes bytes with their length before them. */
export function writeBytes(frame: Frame, bytes: Uint8Array, start: number, end: number): void {
  const out = frame.bytes;
  const length = end - start;
  let at = frame.length;
  putInt32(out, at, length);
  at += 4;
  // Hot loop: below some dozens of bytes a loop beats the call that a subarray copy is.
  if (length < 48) { for (let i = start; i < end; i++) out[at++] = bytes[i]!; }
  else {
    out.set(bytes.subarray(start, end), at);
    at += length;
  }
  frame.length = at;
}

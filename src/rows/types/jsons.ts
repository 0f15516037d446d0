import { isJson } from "../../core/json_bytes.ts";
import { putInt32 } from "./ascii.ts";
import type { Encode, Problem, TypeEncoder } from "./encoder.ts";
import { HAS_NUL, NOT_UTF8, writeBytes } from "./texts.ts";
import { countCodePoints, INVALID_UTF8 } from "./utf8.ts";

const MALFORMED: Problem = { code: "invalid_json", expected: "a JSON value" };
const MALFORMED_B: Problem = {
  code: "invalid_json",
  expected: "a JSON value that jsonb can store",
};

/** `json`: the text as it is, once it is known to be JSON. */
export const json: TypeEncoder = {
  name: "json",
  compile: () => (bytes, start, end, frame) => {
    const problem = check(bytes, start, end, false);
    if (problem === null) writeBytes(frame, bytes, start, end);
    return problem;
  },
};

/** `jsonb`: a version byte, then the text. */
export const jsonb: TypeEncoder = {
  name: "jsonb",
  compile: (): Encode => (bytes, start, end, frame) => {
    const problem = check(bytes, start, end, true);
    if (problem !== null) return problem;
    const at = frame.length;
    frame.length = at + 1;
    writeBytes(frame, bytes, start, end);
    putInt32(frame.bytes, at, end - start + 1);
    frame.bytes[at + 4] = 1;
    return null;
  },
};

function check(
  bytes: Uint8Array,
  start: number,
  end: number,
  strict: boolean,
): Problem | null {
  const count = countCodePoints(bytes, start, end);
  if (count < 0) return count === INVALID_UTF8 ? NOT_UTF8 : HAS_NUL;
  return isJson(bytes, start, end, strict) ? null : strict ? MALFORMED_B : MALFORMED;
}

import { putInt32, skipSpace, trimEnd } from "./ascii.ts";
import type { Encode, Problem, TypeEncoder } from "./encoder.ts";

const MALFORMED: Problem = { code: "invalid_boolean", expected: "a boolean" };

/** `boolean`: the words of Postgres and their prefixes, or only the column's own words. */
export const boolean: TypeEncoder = {
  name: "boolean",
  compile(_type, { true_values, false_values }) {
    if (true_values === undefined && false_values === undefined) return encodePostgres;
    const encoder = new TextEncoder();
    return ownWords(
      (true_values ?? []).map((word) => encoder.encode(word)),
      (false_values ?? []).map((word) => encoder.encode(word)),
    );
  },
};

const encodePostgres: Encode = (bytes, start, end, frame) => {
  start = skipSpace(bytes, start, end);
  end = trimEnd(bytes, start, end);
  const value = postgresBoolean(bytes, start, end);
  if (value < 0) return MALFORMED;
  const at = frame.length;
  putInt32(frame.bytes, at, 1);
  frame.bytes[at + 4] = value;
  frame.length = at + 5;
  return null;
};

/** 1, 0, or -1 where it is neither. */
function postgresBoolean(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0) return -1;
  switch (bytes[start]! | 32) {
    case 116: // t
      return isPrefix(bytes, start, end, "true") ? 1 : -1;
    case 102: // f
      return isPrefix(bytes, start, end, "false") ? 0 : -1;
    case 121: // y
      return isPrefix(bytes, start, end, "yes") ? 1 : -1;
    case 110: // n
      return isPrefix(bytes, start, end, "no") ? 0 : -1;
    case 111: // o: "o" alone could be either
      if (length < 2) return -1;
      return isPrefix(bytes, start, end, "on") ? 1 : isPrefix(bytes, start, end, "off") ? 0 : -1;
    case 49: // 1
      return length === 1 && bytes[start] === 49 ? 1 : -1;
    case 48: // 0
      return length === 1 && bytes[start] === 48 ? 0 : -1;
    default:
      return -1;
  }
}

function isPrefix(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - start > word.length) return false;
  for (let i = start; i < end; i++) {
    let byte = bytes[i]!;
    if (byte >= 65 && byte <= 90) byte += 32;
    if (byte !== word.charCodeAt(i - start)) return false;
  }
  return true;
}

function ownWords(yes: readonly Uint8Array[], no: readonly Uint8Array[]): Encode {
  const words = [...yes, ...no];
  return (bytes, start, end, frame) => {
    for (let w = 0; w < words.length; w++) {
      if (!equals(bytes, start, end, words[w]!)) continue;
      const at = frame.length;
      putInt32(frame.bytes, at, 1);
      frame.bytes[at + 4] = w < yes.length ? 1 : 0;
      frame.length = at + 5;
      return null;
    }
    return MALFORMED;
  };
}

function equals(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word[i]) return false;
  return true;
}

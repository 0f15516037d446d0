import { HEX } from "./hex_digits.ts";

/** Deeper documents are refused: Postgres would stop at its stack's depth, wherever that is. */
export const MAX_DEPTH = 1000;

/** jsonb keeps numbers as `numeric`; more digits or a larger exponent might not fit. */
const MAX_NUMBER_LENGTH = 8000;

/** True where the valid UTF-8 text is one JSON value; `strict` adds what only jsonb demands. */
export function isJson(
  bytes: Uint8Array,
  start: number,
  end: number,
  strict: boolean,
): boolean {
  const after = skipValue(bytes, skipBlank(bytes, start, end), end, strict, 0);
  return after >= 0 && skipBlank(bytes, after, end) === end;
}

/** Offset behind blanks. */
export function skipBlank(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const byte = bytes[at]!;
    if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) break;
    at++;
  }
  return at;
}

/** Offset behind the value that begins here; -1 where there is none. */
export function skipValue(
  bytes: Uint8Array,
  at: number,
  end: number,
  strict: boolean,
  depth = 0,
): number {
  if (at >= end || depth > MAX_DEPTH) return -1;
  switch (bytes[at]) {
    case 34:
      return skipString(bytes, at + 1, end, strict);
    case 123:
      return skipMembers(bytes, at + 1, end, strict, depth, true);
    case 91:
      return skipMembers(bytes, at + 1, end, strict, depth, false);
    case 116:
      return skipLiteral(bytes, at, end, "true");
    case 102:
      return skipLiteral(bytes, at, end, "false");
    case 110:
      return skipLiteral(bytes, at, end, "null");
    default:
      return skipNumber(bytes, at, end, strict);
  }
}

function skipMembers(
  bytes: Uint8Array,
  at: number,
  end: number,
  strict: boolean,
  depth: number,
  object: boolean,
): number {
  const close = object ? 125 : 93;
  at = skipBlank(bytes, at, end);
  if (at < end && bytes[at] === close) return at + 1;
  while (at < end) {
    if (object) {
      if (bytes[at] !== 34) return -1;
      at = skipString(bytes, at + 1, end, strict);
      if (at < 0) return -1;
      at = skipBlank(bytes, at, end);
      if (at >= end || bytes[at] !== 58) return -1;
      at = skipBlank(bytes, at + 1, end);
    }
    at = skipValue(bytes, at, end, strict, depth + 1);
    if (at < 0) return -1;
    at = skipBlank(bytes, at, end);
    if (at >= end) return -1;
    if (bytes[at] === close) return at + 1;
    if (bytes[at] !== 44) return -1;
    at = skipBlank(bytes, at + 1, end);
  }
  return -1;
}

/** Offset behind the string whose first character stands here; -1 where it is none. */
export function skipString(bytes: Uint8Array, at: number, end: number, strict: boolean): number {
  let high = false;
  // Hot loop: most of a document is inside strings.
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === 92) {
      const kind = bytes[at + 1]!;
      if (at + 1 >= end) return -1;
      if (kind === 117) {
        const code = hexCode(bytes, at + 2, end);
        if (code < 0) return -1;
        if (strict) {
          if (code === 0) return -1;
          const low = code >= 0xdc00 && code <= 0xdfff;
          if (high !== low) return -1;
          high = code >= 0xd800 && code <= 0xdbff;
        }
        at += 6;
        continue;
      }
      if (high) return -1;
      // " \ / b f n r t
      if (
        kind !== 34 && kind !== 92 && kind !== 47 && kind !== 98 && kind !== 102 &&
        kind !== 110 && kind !== 114 && kind !== 116
      ) return -1;
      at += 2;
      continue;
    }
    if (high) return -1;
    if (byte === 34) return at + 1;
    if (byte < 32) return -1;
    at++;
  }
  return -1;
}

/** The four hex digits that stand here, as a number; -1 where they are none. */
export function hexCode(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 4) return -1;
  let code = 0;
  for (let i = at; i < at + 4; i++) {
    const digit = HEX[bytes[i]!]!;
    if (digit > 15) return -1;
    code = code << 4 | digit;
  }
  return code;
}

function skipLiteral(bytes: Uint8Array, at: number, end: number, word: string): number {
  if (end - at < word.length) return -1;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return -1;
  return at + word.length;
}

function skipNumber(bytes: Uint8Array, start: number, end: number, strict: boolean): number {
  let at = start;
  if (bytes[at] === 45) at++;
  const whole = at;
  at = skipDigits(bytes, at, end);
  if (at === whole || (bytes[whole] === 48 && at > whole + 1)) return -1;
  if (at < end && bytes[at] === 46) {
    const fraction = ++at;
    at = skipDigits(bytes, at, end);
    if (at === fraction) return -1;
  }
  if (at < end && (bytes[at]! | 32) === 101) {
    at++;
    if (at < end && (bytes[at] === 43 || bytes[at] === 45)) at++;
    const exponent = at;
    at = skipDigits(bytes, at, end);
    if (at === exponent) return -1;
    if (strict) {
      let value = 0;
      for (let i = exponent; i < at; i++) value = value * 10 + bytes[i]! - 48;
      if (value > MAX_NUMBER_LENGTH) return -1;
    }
  }
  return strict && at - start > MAX_NUMBER_LENGTH ? -1 : at;
}

function skipDigits(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at]! >= 48 && bytes[at]! <= 57) at++;
  return at;
}

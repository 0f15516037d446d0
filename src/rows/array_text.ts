import { isJson, skipValue } from "../core/json_bytes.ts";
import { unescapeJson } from "../core/unescape_json.ts";

const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const LETTER_N = 110;
const OPEN = 123;
const CLOSE = 125;
const NULL = new TextEncoder().encode("NULL");

/** Bytes of an array's text for one of its JSON, at most: each may need a backslash, or quotes. */
export const ARRAY_TEXT_GROWTH = 3;

/**
 * Writes a list of JSON as the text of a Postgres array: lists in it are dimensions, null is NULL,
 * and an object is its own text.
 *
 * What is no list of JSON stays as it is, in quotes: no array type reads that.
 *
 * @param keepsJson elements are JSON themselves: a string keeps its quotes
 * @param out has room for {@link ARRAY_TEXT_GROWTH} times the bytes, and two more
 * @param delimiter what the type of the elements has between them
 * @returns the length written
 */
export function arrayText(
  bytes: Uint8Array,
  start: number,
  end: number,
  keepsJson: boolean,
  out: Uint8Array,
  delimiter = COMMA,
): number {
  if (bytes[start] !== OPEN_LIST || !isJson(bytes, start, end, false)) {
    return quoted(bytes, start, end, out, 0);
  }
  let length = 0;
  for (let at = start; at < end;) {
    const byte = bytes[at];
    if (byte === OPEN_LIST) out[length++] = OPEN;
    else if (byte === CLOSE_LIST) out[length++] = CLOSE;
    else if (byte === COMMA) out[length++] = delimiter;
    else if (byte === LETTER_N) {
      out.set(NULL, length);
      length += NULL.length;
      at += NULL.length;
      continue;
    } else if (byte > 32) {
      const after = skipValue(bytes, at, end, false);
      length = byte === QUOTE && !keepsJson
        ? quotedString(bytes, at + 1, after - 1, out, length)
        : quoted(bytes, at, after, out, length);
      at = after;
      continue;
    }
    at++;
  }
  return length;
}

/** An element in quotes, which makes any text one. */
function quoted(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  length: number,
): number {
  out[length++] = QUOTE;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE || byte === BACKSLASH) out[length++] = BACKSLASH;
    out[length++] = byte;
  }
  out[length++] = QUOTE;
  return length;
}

let scratch = new Uint8Array(256);

/** The same of what a string of JSON says. */
function quotedString(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  length: number,
): number {
  if (scratch.length < end - start) scratch = new Uint8Array((end - start) * 2);
  return quoted(scratch, 0, unescapeJson(bytes, start, end, scratch), out, length);
}

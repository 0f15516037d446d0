import { hexCode } from "./json_bytes.ts";

const BACKSLASH = 92;
const ESCAPES = new Map(
  ([["b", 8], ["t", 9], ["n", 10], ["f", 12], ["r", 13]] as const)
    .map(([letter, byte]) => [letter.charCodeAt(0), byte]),
);

/**
 * The value of a JSON string, as UTF-8; its escapes are known to be right.
 *
 * Half of a surrogate pair is not a character: it becomes bytes that are not UTF-8, which every
 * type refuses.
 *
 * @returns the length written to `out`, never more than there was
 */
export function unescapeJson(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
): number {
  let length = 0;
  for (let at = start; at < end;) {
    const byte = bytes[at];
    if (byte !== BACKSLASH) {
      out[length++] = byte;
      at++;
      continue;
    }
    const kind = bytes[at + 1];
    if (kind !== 0x75) {
      out[length++] = ESCAPES.get(kind) ?? kind;
      at += 2;
      continue;
    }
    let code = hexCode(bytes, at + 2, end);
    at += 6;
    if (code >= 0xd800 && code < 0xdc00 && bytes[at] === BACKSLASH && bytes[at + 1] === 0x75) {
      const low = hexCode(bytes, at + 2, end);
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + low - 0xdc00;
        at += 6;
      }
    }
    length = putCodePoint(code, out, length);
  }
  return length;
}

function putCodePoint(code: number, out: Uint8Array, at: number): number {
  if (code < 0x80) {
    out[at++] = code;
    return at;
  }
  if (code < 0x800) out[at++] = 0xc0 | code >> 6;
  else {
    if (code < 0x10000) out[at++] = 0xe0 | code >> 12;
    else {
      out[at++] = 0xf0 | code >> 18;
      out[at++] = 0x80 | code >> 12 & 0x3f;
    }
    out[at++] = 0x80 | code >> 6 & 0x3f;
  }
  out[at++] = 0x80 | code & 0x3f;
  return at;
}

/** What {@link countCodePoints} returns for bytes that Postgres does not take as text. */
export const INVALID_UTF8 = -1;
export const NUL_BYTE = -2;

/** Code points in the text, or one of the constants above. */
export function countCodePoints(bytes: Uint8Array, start: number, end: number): number {
  // Hot loop: nearly all bytes are ASCII.
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === 0) return NUL_BYTE;
    if (byte > 127) {
      const rest = countWide(bytes, i, end);
      return rest < 0 ? rest : rest + i - start;
    }
  }
  return end - start;
}

/** UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
function countWide(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; count++) {
    const byte = bytes[i]!;
    if (byte === 0) return NUL_BYTE;
    const length = sequenceLength(byte);
    if (length === 0 || i + length > end) return INVALID_UTF8;
    if (length > 1) {
      const second = bytes[i + 1]!;
      if ((second & 0xc0) !== 0x80) return INVALID_UTF8;
      if (byte === 0xe0 && second < 0xa0) return INVALID_UTF8;
      if (byte === 0xed && second > 0x9f) return INVALID_UTF8;
      if (byte === 0xf0 && second < 0x90) return INVALID_UTF8;
      if (byte === 0xf4 && second > 0x8f) return INVALID_UTF8;
      if (length > 2 && (bytes[i + 2]! & 0xc0) !== 0x80) return INVALID_UTF8;
      if (length > 3 && (bytes[i + 3]! & 0xc0) !== 0x80) return INVALID_UTF8;
    }
    i += length;
  }
  return count;
}

function sequenceLength(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc2) return 0;
  if (byte < 0xe0) return 2;
  if (byte < 0xf0) return 3;
  return byte < 0xf5 ? 4 : 0;
}

/** Offset behind the first `count` code points of valid text. */
export function skipCodePoints(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
): number {
  let at = start;
  while (at < end && count-- > 0) at += sequenceLength(bytes[at]!);
  return at;
}

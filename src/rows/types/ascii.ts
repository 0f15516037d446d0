/** What Postgres calls whitespace in numbers (`isspace` in the C locale). */
export function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

/** The first byte that is not whitespace. */
export function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  while (start < end && isSpace(bytes[start]!)) start++;
  return start;
}

/** End of the text without its trailing whitespace. */
export function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  while (end > start && isSpace(bytes[end - 1]!)) end--;
  return end;
}

/** True where the bytes are the given lower-case ASCII word, in any case. */
export function isWord(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  return end - start === word.length && startsWithWord(bytes, start, end, word);
}

/** True where the bytes begin with the given lower-case ASCII word, in any case. */
export function startsWithWord(
  bytes: Uint8Array,
  start: number,
  end: number,
  word: string,
): boolean {
  if (end - start < word.length) return false;
  for (let i = 0; i < word.length; i++) {
    let byte = bytes[start + i]!;
    if (byte >= 65 && byte <= 90) byte += 32;
    if (byte !== word.charCodeAt(i)) return false;
  }
  return true;
}

/** The bytes as text, for slow paths only. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** Writes an int32, big-endian. */
export function putInt32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

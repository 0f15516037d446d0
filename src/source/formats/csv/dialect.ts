import type { Unescape } from "../../../rows/record_batch.ts";

/** A CSV dialect as bytes; -1 where a character is not in use. */
export interface Dialect {
  readonly delimiter: number;
  /** Its bytes behind the first one, where it has several. */
  readonly delimiterRest?: Uint8Array | undefined;
  readonly quote: number;
  readonly escape: number;
  readonly comment: number;
  /** Lines at the start that are no records, whatever they hold. */
  readonly skipLines: number;
  /** A record that lacks fields has NULL in their place. */
  readonly padShort?: boolean | undefined;
  /** Empty fields behind the last one are passed over. */
  readonly dropSurplus?: boolean | undefined;
  /** Backslashes escape as in COPY text, where there are no quotes. */
  readonly backslashEscapes?: boolean | undefined;
  /** Blanks around quotes are no part of the field. */
  readonly blanksAroundQuotes?: boolean | undefined;
  /** Empty lines before the first record are skipped (it is a header). */
  readonly skipEmptyFirst: boolean;
  /** Bytes from a record's first byte to its line end, exclusive. */
  readonly maxRecordBytes: number;
}

export const BACKSLASH = 92;

/** Which bytes can end something, by their value. */
export function markTable(dialect: Dialect): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of [0x0a, 0x0d, dialect.delimiter, dialect.quote, dialect.escape]) {
    if (byte >= 0) table[byte] = 1;
  }
  if (dialect.backslashEscapes) table[BACKSLASH] = 1;
  return table;
}

/** Drops each escape that stands before a quote or an escape; any other one is data. */
export function unescaper({ quote, escape, backslashEscapes }: Dialect): Unescape {
  if (backslashEscapes) return unescapeCopy;
  return (bytes, start, end, out) => {
    let length = 0;
    for (let i = start; i < end; i++) {
      if (
        bytes[i] === escape && i + 1 < end && (bytes[i + 1] === quote || bytes[i + 1] === escape)
      ) i++;
      out[length++] = bytes[i];
    }
    return length;
  };
}

/** Bytes of the delimiter; 1 where there is none. */
export function delimiterLength({ delimiterRest }: Dialect): number {
  return 1 + (delimiterRest?.length ?? 0);
}

/** Whether what stands behind the first byte of a delimiter is the rest of it. */
export function endsDelimiter(
  bytes: Uint8Array,
  at: number,
  end: number,
  { delimiterRest }: Dialect,
): boolean {
  if (delimiterRest === undefined) return true;
  if (at + delimiterRest.length > end) return false;
  for (let i = 0; i < delimiterRest.length; i++) {
    if (bytes[at + i] !== delimiterRest[i]) return false;
  }
  return true;
}

/** Whether all of `bytes[start … end)` are blanks, of which the delimiter is none. */
export function isBlank(
  bytes: Uint8Array,
  start: number,
  end: number,
  { delimiter }: Dialect,
): boolean {
  for (let i = start; i < end; i++) {
    if (bytes[i] !== 32 && bytes[i] !== 9 || bytes[i] === delimiter) return false;
  }
  return true;
}

/** Whether the fields that `bytes[start … end)` adds to a record are empty, in quotes or without. */
export function areEmpty(
  bytes: Uint8Array,
  start: number,
  end: number,
  dialect: Dialect,
): boolean {
  const { delimiter, quote } = dialect;
  let at = start;
  while (at < end) {
    if (bytes[at] !== delimiter || !endsDelimiter(bytes, at + 1, end, dialect)) return false;
    at += delimiterLength(dialect);
    if (quote >= 0 && at + 1 < end && bytes[at] === quote && bytes[at + 1] === quote) at += 2;
  }
  return true;
}

/** Letters behind a backslash, and the bytes that they stand for. */
const LETTERS: ReadonlyMap<number, number> = new Map(
  Object.entries({ b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 })
    .map(([letter, byte]) => [letter.charCodeAt(0), byte]),
);

/** Undoes the escapes of COPY text: letters, `\\x` and hex digits, octal digits, or the byte itself. */
function unescapeCopy(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let length = 0;
  for (let i = start; i < end; i++) {
    if (bytes[i] !== BACKSLASH || i + 1 === end) {
      out[length++] = bytes[i];
      continue;
    }
    const next = bytes[++i];
    const isHex = next === 0x78;
    const base = isHex ? 16 : 8;
    const first = isHex ? i + 1 : i;
    let at = first;
    let code = 0;
    while (at < end && at - first < (isHex ? 2 : 3)) {
      const digit = parseInt(String.fromCharCode(bytes[at]), base);
      if (Number.isNaN(digit)) break;
      code = code * base + digit;
      at++;
    }
    if (at > first) {
      out[length++] = code & 255;
      i = at - 1;
    } else out[length++] = LETTERS.get(next) ?? next;
  }
  return length;
}

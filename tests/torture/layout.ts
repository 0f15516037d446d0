/** Part of a file: text as UTF-8, a number as one byte. */
export type Part = string | number | Uint8Array;

/** A stretch of a hostile file, and what must become of it. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Postgres's text of each column; null where the piece is no good row. */
  readonly row: readonly (string | null)[] | null;
  readonly reject: { readonly code: string; readonly column: string | null } | null;
  /** What the reject keeps; the piece without its line end when left out. */
  readonly raw: Uint8Array | null;
}

/** A row that must be loaded with these values. */
export function row(bytes: Part | readonly Part[], ...values: (string | null)[]): Piece {
  return { bytes: joined(bytes), row: values, reject: null, raw: null };
}

/** A record that must be rejected, as a whole where no column is named. */
export function bad(
  bytes: Part | readonly Part[],
  code: string,
  column: string | null = null,
  raw: Part | readonly Part[] | null = null,
): Piece {
  return {
    bytes: joined(bytes),
    row: null,
    reject: { code, column },
    raw: raw === null ? null : joined(raw),
  };
}

/** Bytes that are no record: a header, a mark, an empty line. */
export function other(bytes: Part | readonly Part[]): Piece {
  return { bytes: joined(bytes), row: null, reject: null, raw: null };
}

/** A reject as the ledger must have it. */
export interface ExpectedReject {
  readonly line: number;
  readonly offset: number;
  readonly column: string | null;
  readonly code: string;
  readonly raw: Uint8Array;
}

/** The whole file, with the place of everything in it. */
export interface Layout {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly rejects: readonly ExpectedReject[];
  readonly rows: readonly { readonly line: number; readonly values: readonly (string | null)[] }[];
}

/** Puts pieces one behind the other and counts lines and bytes, as nobody else here does. */
export function layOut(pieces: readonly Piece[]): Layout {
  const bytes = joined(pieces.map((piece) => piece.bytes));
  const rejects: ExpectedReject[] = [];
  const rows: { line: number; values: readonly (string | null)[] }[] = [];
  let offset = 0;
  for (const piece of pieces) {
    const line = lineAt(bytes, offset);
    if (piece.row !== null) rows.push({ line, values: piece.row });
    if (piece.reject !== null) {
      const raw = piece.raw ?? withoutLineEnd(piece.bytes);
      rejects.push({ line, offset, ...piece.reject, raw });
    }
    offset += piece.bytes.length;
  }
  return { bytes, rejects, rows };
}

/** Texts and bytes as one array. */
export function joined(parts: Part | readonly Part[]): Uint8Array<ArrayBuffer> {
  const list = (Array.isArray(parts) ? parts : [parts]) as readonly Part[];
  const arrays = list.map((part) =>
    typeof part === "string"
      ? new TextEncoder().encode(part)
      : typeof part === "number"
      ? Uint8Array.of(part)
      : part
  );
  const whole = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    whole.set(array, at);
    at += array.length;
  }
  return whole;
}

/** The line that a byte is on, from 1; LF, CRLF and CR end one each. */
export function lineAt(bytes: Uint8Array, offset: number): number {
  let line = 1;
  for (let at = 0; at < offset; at++) {
    if (bytes[at] === 10 || bytes[at] === 13 && bytes[at + 1] !== 10) line++;
  }
  return line;
}

function withoutLineEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  if (bytes[end - 1] === 10) end--;
  if (bytes[end - 1] === 13) end--;
  return bytes.subarray(0, end);
}

/** A CSV dialect as bytes; -1 where a character is not in use. */
export interface Dialect {
  readonly delimiter: number;
  readonly quote: number;
  readonly escape: number;
  readonly comment: number;
  /** Lines at the start that are no records, whatever they hold. */
  readonly skipLines: number;
  /** Empty lines before the first record are skipped (it is a header). */
  readonly skipEmptyFirst: boolean;
  /** Bytes from a record's first byte to its line end, exclusive. */
  readonly maxRecordBytes: number;
}

/** Which bytes can end something, by their value. */
export function markTable(dialect: Dialect): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of [0x0a, 0x0d, dialect.delimiter, dialect.quote, dialect.escape]) {
    if (byte >= 0) table[byte] = 1;
  }
  return table;
}

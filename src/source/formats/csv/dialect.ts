import type { Unescape } from "../../../rows/record_batch.ts";

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

/** Drops each escape that stands before a quote or an escape; any other one is data. */
export function unescaper({ quote, escape }: Dialect): Unescape {
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

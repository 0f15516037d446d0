/** A row that was not loaded, as `sluice.rejected_rows` keeps it. */
export interface Reject {
  /** Line the record starts on, from 1. */
  readonly line: number;
  /** Where the record starts in the decompressed source, from 0. */
  readonly byteOffset: number;
  /** Column of the target, or null where the whole record is wrong. */
  readonly column: string | null;
  /** Stable snake_case word, explained in `docs/rejects.md`. */
  readonly code: string;
  readonly message: string;
  /** The record's bytes as they stand in the file, without its line end. */
  readonly raw: Uint8Array;
}

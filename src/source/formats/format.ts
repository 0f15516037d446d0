import type { RecordBatch } from "../../rows/record_batch.ts";

/** Splits decompressed bytes into records, chunk by chunk. */
export interface RecordReader {
  /** Names of the fields; null where the file has none, and until the header has been read. */
  readonly header: readonly string[] | null;
  /**
   * Takes the next bytes, which may be reused after the call.
   *
   * Returns the records that are complete now, or null for none; a record may span any number of
   * chunks.
   */
  push(chunk: Uint8Array): RecordBatch | null;
  /** Ends the file and returns the records that only its end completed. */
  finish(): RecordBatch | null;
}

import type { Encoded } from "../core/result.ts";
import type { Reject } from "../core/reject.ts";
import type { Frame } from "./frame.ts";
import type { RecordBatch } from "./record_batch.ts";

/** Turns records into COPY BINARY tuples. */
export interface RowEncoder {
  /** Target columns, in the order of each tuple's values. */
  readonly columns: readonly string[];
  /**
   * Appends the batch's rows to the frame and returns their number; the others become rejects.
   *
   * @param countOnly rejects are only counted: `reject` is called with nothing in it
   */
  encode(
    batch: RecordBatch,
    frame: Frame,
    reject: (reject: Reject) => void,
    countOnly?: boolean,
  ): number;
  /**
   * Ends the file: what no record has is known now.
   *
   * @throws SluiceError `rows/schema_mismatch`
   */
  end(): void;
  /** Records left out so far because the schema contract says so. */
  readonly discarded: number;
  /** Values that the rows had in fields of no column, so far. */
  readonly valuesDiscarded: number;
  /** Records so far of which the kernel left nothing. */
  readonly plain: Encoded;
  /** The others, rejects among them. */
  readonly special: Encoded;
}

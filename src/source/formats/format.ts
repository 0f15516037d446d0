import type { ColumnPlan } from "../../plan/load_plan.ts";
import type { RecordBatch, RecordSplitter } from "../../rows/record_batch.ts";
import type { GuessFormat } from "../../rows/wrong_file.ts";
import type { FormatOptions } from "../../spec/formats/mod.ts";
import type { RandomInput } from "../random_input.ts";
import type { FormatTraits } from "../recognise.ts";

/** A file format; its options are in `spec/formats/`. */
export interface Format<O extends FormatOptions> {
  /** Starts to read one file. */
  open(options: O, wanted: Wanted, splitter?: RecordSplitter): RecordReader;
  /** Starts to read records of a file that were kept one by one. */
  replay(options: O, header: readonly string[] | null, wanted: Wanted): RecordReplay;
  /** What a text of the format looks like, so that another file is not taken for one. */
  traits(options: O): FormatTraits;
}

/** What is read of a file; only formats that know the name of each value look at it. */
export interface Wanted {
  readonly columns: readonly (
    & Pick<ColumnPlan, "from" | "aliases">
    & Partial<Pick<ColumnPlan, "type">>
  )[];
  /**
   * Values of no column: each becomes one more field, or they are counted, or a format that can
   * leaves them where they are.
   */
  readonly others: "count" | "read" | "skip";
  /** Its first records are all that will be asked for. */
  readonly isStart?: boolean;
  /** Bytes of the files before it in the same load: offsets go on where those end. */
  readonly base?: number;
  /** What the server says the encoding is. */
  readonly announced?: string | undefined;
}

/** Splits decompressed bytes into records, chunk by chunk. */
export interface RecordReader {
  /**
   * Names of the fields; null where the file has none, and until the header has been read. Where
   * records name their own fields, names are added at its end.
   */
  readonly header: readonly string[] | null;
  readonly about?: ReaderFacts;
  /**
   * Takes the next bytes, which may be reused after the call.
   *
   * Returns the records that are complete now, or null for none; a record may span any number of
   * chunks.
   */
  push(chunk: Uint8Array): RecordBatch | null;
  /** Ends the file and returns the records that only its end completed. */
  finish(): RecordBatch | null;
  /** In place of both, where a file is not read from its beginning to its end. */
  batches?(file: RandomInput): AsyncIterable<RecordBatch>;
  /** With `batches`: the offset behind the last record so far. */
  readonly end?: number;
}

/** What is known of a file beside its records. */
export interface ReaderFacts {
  /** These are some records of a file. */
  readonly isPart?: true;
  /** So many bytes of its text come of a byte at most, of which the offsets are; left out: one. */
  readonly widens?: number;
  /** Batches hold rows as the format stores them. */
  readonly isStored?: true;
  /** What a header that does not fit may come from. */
  readonly guess?: GuessFormat;
  /** The quote, as a byte, where it is doubled to stand inside quotes. */
  readonly doubled?: number;
}

/** Reads raw records, each for itself. */
export interface RecordReplay {
  readonly header: readonly string[] | null;
  /** A batch of one record, without its line end: a row, or one that is malformed. */
  read(raw: Uint8Array): RecordBatch;
}

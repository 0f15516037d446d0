import type { BatchArrays, RecordBatch } from "../../../rows/record_batch.ts";
import type { ParquetOptions } from "../../../spec/formats/parquet.ts";
import type { RandomInput } from "../../random_input.ts";
import type { Format, ReaderFacts, RecordReader, Wanted } from "../format.ts";
import { openParquetReplay, type ReplayObjects } from "./replay.ts";
import type { ParquetRows } from "./rows.ts";
import { PARQUET_TRAITS } from "./traits.ts";

/**
 * Parquet: the columns that are wanted, page by page; `docs/sources.md` describes it.
 *
 * @param replayObjects rows are kept as JSON objects, whose format is another
 */
export function parquet(replayObjects: ReplayObjects): Format<ParquetOptions> {
  return {
    open: (options, wanted, splitter) => new ParquetReader(options, wanted, splitter?.home),
    replay: (options, header, wanted) => openParquetReplay(replayObjects, options, header, wanted),
    traits: () => PARQUET_TRAITS,
  };
}

/** Reads its rows with packages that are read when a file is: most are of another format. */
class ParquetReader implements RecordReader {
  /** Read while the file is opened. */
  readonly #module = import("./rows.ts");
  #rows: ParquetRows | null = null;

  constructor(
    readonly options: ParquetOptions,
    readonly wanted: Wanted,
    readonly home?: BatchArrays,
  ) {
    // Who reads the file hears that it failed.
    this.#module.catch(() => {});
  }

  get about(): ReaderFacts {
    return this.wanted.others === "skip" ? { isStored: true } : {};
  }

  get header(): readonly string[] | null {
    return this.#rows?.header ?? null;
  }

  get end(): number {
    return this.#rows?.end ?? this.wanted.base ?? 0;
  }

  push(): never {
    throw new Error("A Parquet file is read from its end");
  }

  finish(): null {
    return null;
  }

  async *batches(file: RandomInput): AsyncGenerator<RecordBatch, void, undefined> {
    const { ParquetRows } = await this.#module;
    this.#rows = new ParquetRows(this.options, this.wanted, this.home);
    yield* this.#rows.batches(file);
  }
}

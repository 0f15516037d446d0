import type { RecordSplitter } from "../../rows/record_batch.ts";
import type { FormatOptions } from "../../spec/formats/mod.ts";
import type { FormatTraits } from "../recognise.ts";
import { csv } from "./csv/csv.ts";
import type { Format, RecordReader, RecordReplay, Wanted } from "./format.ts";
import { ndjson } from "./ndjson/ndjson.ts";
import { parquet } from "./parquet/parquet.ts";

export type { RecordReader } from "./format.ts";

/** Every file format, by the `type` of its options. */
const FORMATS: { readonly [O in FormatOptions as O["type"]]: Format<O> } = {
  csv,
  ndjson,
  parquet: parquet((options, header, wanted) =>
    ndjson.replay({ ...options, type: "ndjson" }, header, wanted)
  ),
};

const ALL: Wanted = { columns: [], others: "read" };

/** A reader for one file. */
export function openReader(
  options: FormatOptions,
  wanted: Wanted = ALL,
  splitter?: RecordSplitter,
): RecordReader {
  return plug(options).open(options, wanted, splitter);
}

/** A reader of records that were kept one by one. */
export function openReplay(
  options: FormatOptions,
  header: readonly string[] | null,
  wanted: Wanted,
): RecordReplay {
  return plug(options).replay(options, header, wanted);
}

/** What a text of the format looks like. */
export function traitsOf(options: FormatOptions): FormatTraits {
  return plug(options).traits(options);
}

/** The options that a plug takes are those of its own name. */
function plug({ type }: FormatOptions): Format<FormatOptions> {
  return FORMATS[type] as Format<FormatOptions>;
}

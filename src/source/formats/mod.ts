import { isOneByte } from "../../core/encodings.ts";
import type { RecordSplitter } from "../../rows/record_batch.ts";
import type { FormatOptions } from "../../spec/formats/mod.ts";
import { DecodingReader } from "../encodings/decoding_reader.ts";
import { encodingFor, type FormatTraits, isParquet } from "../recognise.ts";
import { csv } from "./csv/csv.ts";
import { fixed } from "./fixed/fixed.ts";
import type { Format, RecordReader, RecordReplay, Wanted } from "./format.ts";
import { json } from "./json/json.ts";
import { ndjson } from "./ndjson/ndjson.ts";
import { parquet } from "./parquet/parquet.ts";
import { PARQUET_TRAITS } from "./parquet/traits.ts";
import { XLSX_TRAITS } from "./xlsx/traits.ts";
import { xlsx } from "./xlsx/xlsx.ts";

export type { RecordReader } from "./format.ts";

/** Every file format, by the `type` of its options. */
const FORMATS: { readonly [O in FormatOptions as O["type"]]: Format<O> } = {
  csv,
  fixed,
  ndjson,
  json,
  parquet: parquet((options, header, wanted) =>
    ndjson.replay({ ...options, type: "ndjson" }, header, wanted)
  ),
  xlsx,
};

const ALL: Wanted = { columns: [], others: "read" };

/** A reader for one file. */
export function openReader(
  options: FormatOptions,
  wanted: Wanted = ALL,
  splitter?: RecordSplitter,
): RecordReader {
  const encoding = encodingFor(options.encoding, wanted.announced);
  if (!decodesAll(options, encoding)) return plug(options).open(options, wanted, splitter);
  const inner = plug(options).open(options, wanted, splitter);
  return new DecodingReader(inner, encoding, options.encoding === "utf-8");
}

/** Whether a file is decoded before its records are looked for. */
function decodesAll({ type }: FormatOptions, encoding: string): boolean {
  return encoding !== "utf-8" && !/^(parquet|xlsx)$/.test(type) &&
    !(/^(csv|fixed)$/.test(type) && isOneByte(encoding));
}

/** A reader of records that were kept one by one. */
export function openReplay(
  options: FormatOptions,
  header: readonly string[] | null,
  wanted: Wanted,
): RecordReplay {
  // Such records are kept as they were decoded.
  const kept: FormatOptions = decodesAll(options, options.encoding)
    ? { ...options, encoding: "utf-8" }
    : options;
  return plug(kept).replay(kept, header, wanted);
}

/** What a text of the format looks like. */
export function traitsOf(options: FormatOptions): FormatTraits {
  return plug(options).traits(options);
}

/** Those of formats of which a file is read in any order. */
export const RANDOM_TRAITS: readonly FormatTraits[] = [
  { ...PARQUET_TRAITS, isOwn: isParquet },
  XLSX_TRAITS,
];

/** The options that a plug takes are those of its own name. */
function plug({ type }: FormatOptions): Format<FormatOptions> {
  return FORMATS[type] as Format<FormatOptions>;
}

import type { CsvOptions } from "../../spec/pipeline_spec.ts";
import { openCsv } from "./csv/csv.ts";
import type { RecordReader } from "./format.ts";

export type { RecordReader } from "./format.ts";

/** Every file format, by the `type` of its options. */
export const FORMATS = { csv: openCsv } as const satisfies Record<
  CsvOptions["type"],
  (options: CsvOptions) => RecordReader
>;

/** A reader for one file. */
export function openReader(options: CsvOptions): RecordReader {
  return FORMATS[options.type](options);
}

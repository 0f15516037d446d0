import type { CsvOptions } from "../../src/spec/formats/csv.ts";

/** What a pipeline file that says nothing of its CSV means, with a shorter limit for a record. */
export const CSV: CsvOptions = {
  type: "csv",
  delimiter: ",",
  quote: '"',
  escape: '"',
  header: true,
  skipLines: 0,
  comment: null,
  nullValues: [""],
  trim: false,
  encoding: "utf-8",
  maxRecordBytes: 1 << 20,
};

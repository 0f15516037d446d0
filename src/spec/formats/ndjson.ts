import { z } from "zod";
import { COMMON_KEYS, nullValues } from "./common_keys.ts";
import type { CommonOptions, FormatSpec } from "./format_spec.ts";

/** How a file of JSON lines is written. */
export interface NdjsonOptions extends CommonOptions {
  readonly type: "ndjson";
}

const schema = z.strictObject({
  type: z.literal("ndjson").describe("The kind of file"),
  null_values: nullValues([], "Texts that are NULL in every column, as null itself is"),
  ...COMMON_KEYS,
});

/** JSON lines: one object a line. */
export const ndjson: FormatSpec<typeof schema, NdjsonOptions> = {
  schema,
  values: {
    jsonl: "ndjson",
    json_lines: "ndjson",
    jsonlines: "ndjson",
    newline_delimited_json: "ndjson",
  },
  build: (input) => ({
    type: "ndjson",
    nullValues: input.null_values,
    trim: input.trim,
    encoding: "utf-8",
    maxRecordBytes: input.max_record_bytes,
  }),
  naming: () => "keys",
  reads: { naming: [], check: [] },
  check: () => {},
};

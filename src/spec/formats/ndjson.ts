import { type SectionSpec, sectionSpec } from "../schema/section.ts";
import { commonSchema, nullValues } from "./common_keys.ts";
import type { FormatSpec } from "./format_spec.ts";
import { z } from "../zod.ts";

const schema = z.strictObject({
  type: z.literal("ndjson").describe("The kind of file"),
  null_values: nullValues([], "Texts that are NULL in every column, as null itself is"),
  ...commonSchema.shape,
});

/** How a file of JSON lines is written. */
export type NdjsonOptions = SectionSpec<typeof schema>;

/** JSON lines: one object a line. */
export const ndjson: FormatSpec<typeof schema, NdjsonOptions> = {
  schema,
  values: {
    jsonl: "ndjson",
    json_lines: "ndjson",
    jsonlines: "ndjson",
    newline_delimited_json: "ndjson",
  },
  build: (input) => sectionSpec(schema, input),
  naming: () => "keys",
  reads: { naming: [], check: [] },
  check: () => {},
};

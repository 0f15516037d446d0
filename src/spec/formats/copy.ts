import { nullValues } from "./common_keys.ts";
import { csv, type CsvOptions, delimiterKey, schema as csvSchema } from "./csv.ts";
import type { FormatSpec } from "./format_spec.ts";
import { z } from "../zod.ts";

const schema = csvSchema
  .omit({
    quote: true,
    escape: true,
    comment: true,
    blanks_around_quotes: true,
    quoted_nulls: true,
    backslash_escapes: true,
  })
  .extend({
    type: z.literal("copy").describe("The kind of file"),
    delimiter: delimiterKey("\t"),
    header: z.boolean().default(false).describe("Whether the first record names the fields"),
    null_values: nullValues([], "Texts that are NULL in every column, as `\\N` itself is"),
  });

/** What COPY of Postgres writes as text: CSV without quotes, that ends at `\.`. */
export const copy: FormatSpec<typeof schema, CsvOptions> = {
  ...csv,
  schema,
  values: { copy_text: "copy", pg_copy: "copy", pgcopy: "copy" },
  build: (input) =>
    csv.build({
      ...input,
      type: "csv",
      quote: null,
      escape: null,
      comment: null,
      backslash_escapes: true,
      end_pattern: input.end_pattern ?? "^\\\\\\.$",
    }),
};

import { csv, type CsvOptions, delimiterKey, schema as csvSchema } from "./csv.ts";
import type { FormatSpec } from "./format_spec.ts";
import { z } from "../zod.ts";

const schema = csvSchema.extend({
  type: z.literal("tsv").describe("The kind of file"),
  delimiter: delimiterKey("\t"),
});

/** Text with tabs: CSV with another delimiter. */
export const tsv: FormatSpec<typeof schema, CsvOptions> = {
  ...csv,
  schema,
  values: { tab: "tsv", tab_separated: "tsv" },
  build: (input) => csv.build({ ...input, type: "csv" }),
};

import { z } from "zod";
import { DELIMITER } from "../schema/editor_hints.ts";
import { looseText } from "../schema/text.ts";
import { csv, type CsvOptions, schema as csvSchema } from "./csv.ts";
import type { FormatSpec } from "./format_spec.ts";

const schema = csvSchema.extend({
  type: z.literal("tsv").describe("The kind of file"),
  delimiter: looseText().default("\t").describe(
    "What stands between fields: a character, or several",
  )
    .meta({ words: ["sep", "separator"], editor: DELIMITER }),
});

/** Text with tabs: CSV with another delimiter. */
export const tsv: FormatSpec<typeof schema, CsvOptions> = {
  ...csv,
  schema,
  values: { tab: "tsv", tab_separated: "tsv" },
  build: (input) => csv.build({ ...input, type: "csv" }),
};

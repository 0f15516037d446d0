import { looseText } from "../schema/text.ts";
import { type SectionSpec, sectionSpec } from "../schema/section.ts";
import { commonSchema, nullValues } from "./common_keys.ts";
import type { FormatSpec } from "./format_spec.ts";
import { z } from "../zod.ts";

const { trim, max_record_bytes } = commonSchema.shape;

/** Rows of a sheet of Excel. */
const MOST_ROWS = 1_048_576;

const schema = z.strictObject({
  type: z.literal("xlsx").describe("The kind of file"),
  sheet: z.union([z.int().min(1).max(100_000), looseText().min(1)]).exactOptional()
    .describe("Name of the sheet, or its number from 1; left out: the first that is not hidden")
    .meta({ words: ["sheet_name", "worksheet", "tab", "sheetname"] }),
  header: z.boolean().default(true).describe(
    "Whether a row names the fields; false: columns are taken in order, or by number",
  ),
  header_row: z.int().min(1).max(MOST_ROWS).exactOptional()
    .describe(
      "Row of the header, or of the first record without one; left out: the first not empty",
    )
    .meta({ words: ["header_index", "header_line"] }),
  merged_cells: z.enum(["reject", "fill", "empty"]).default("reject").describe(
    "Records that cells merged with others belong to: rejects; or each has the one value; or the " +
      "others are empty",
  ),
  null_values: nullValues([""], "Texts that are NULL in every column, as an empty cell is"),
  trim,
  max_record_bytes,
});

/** What is read of an Excel workbook. */
export type XlsxOptions = SectionSpec<typeof schema> & { readonly encoding: "utf-8" };

/** A sheet of an Excel workbook. */
export const xlsx: FormatSpec<typeof schema, XlsxOptions> = {
  schema,
  values: { excel: "xlsx", xlsm: "xlsx", spreadsheet: "xlsx" },
  build: (input) => ({ ...sectionSpec(schema, input), encoding: "utf-8" }),
  naming: ({ header }) => header ? "header" : "position",
  reads: { naming: ["header"], check: [] },
  check: () => {},
};

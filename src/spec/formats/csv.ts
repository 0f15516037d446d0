import { z } from "zod";
import { byteLength } from "../../core/names.ts";
import { type SectionSpec, sectionSpec } from "../schema/section.ts";
import { looseText } from "../schema/text.ts";
import { commonSchema, nullValues } from "./common_keys.ts";
import type { FormatReport, FormatSpec } from "./format_spec.ts";

const schema = z.strictObject({
  type: z.literal("csv").describe("The kind of file"),
  delimiter: looseText().default(",").describe("Character between fields")
    .meta({ words: ["sep", "separator"] }),
  quote: looseText().nullable().default('"')
    .describe("Character around fields; null: quoting is off").meta({ words: ["quotechar"] }),
  escape: looseText().nullable().optional()
    .describe("Character before a quote inside a quoted field; the quote itself when left out")
    .meta({ words: ["escapechar"] }),
  header: z.boolean().default(true)
    .describe(
      "Whether the first record names the fields; false: columns are taken in order, or by number",
    ),
  skip_lines: z.int().min(0).max(1_000_000).default(0)
    .describe("Lines before the header that are skipped").meta({
      words: ["skip_rows", "skiprows"],
    }),
  comment: looseText().nullable().default(null)
    .describe("Records that start with this character are skipped"),
  skip_empty_records: z.boolean().exactOptional()
    .describe("Pass over records of nothing but delimiters, as spreadsheets leave them")
    .meta({ leftOut: false, words: ["skip_blank_lines", "skip_empty_lines"] }),
  null_values: nullValues([""], "Unquoted texts that are NULL in every column"),
  ...commonSchema.shape,
});

/** How a CSV file is written. Single-byte characters are given as strings of length one. */
export type CsvOptions = SectionSpec<typeof schema>;

const CHARACTERS = ["delimiter", "quote", "escape", "comment"] as const;

/** Delimited text. */
export const csv: FormatSpec<typeof schema, CsvOptions> = {
  schema,
  values: { tsv: '{ type: csv, delimiter: "\\t" }' },
  build: (input) => ({
    ...sectionSpec(schema, input),
    // As RFC 4180 has it.
    escape: input.escape === undefined ? input.quote : input.escape,
  }),
  naming: ({ header }) => header ? "header" : "position",
  reads: { naming: ["header"], check: CHARACTERS },
  check: checkCharacters,
};

/** The characters of a CSV file are single bytes and differ from each other. */
function checkCharacters(options: CsvOptions, report: FormatReport): void {
  const { delimiter, quote, escape, comment } = options;
  for (const key of CHARACTERS) {
    const value = options[key];
    if (value === null) continue;
    if (value.length !== 1 || byteLength(value) !== 1) {
      report(
        key,
        "spec/bad_csv_option",
        `"${key}" must be one ASCII character`,
        value === "\\t" ? 'Write "\\t" in double quotes' : undefined,
      );
    } else if (value === "\n" || value === "\r" || value === "\0") {
      report(key, "spec/bad_csv_option", `"${key}" cannot be a line break or NUL`);
    }
  }
  // The escape may be the quote: that is how RFC 4180 writes a quote.
  const pairs = [
    ["quote", quote, delimiter],
    ["escape", escape, delimiter],
    ["comment", comment, delimiter],
    ["comment", comment, quote],
    ["comment", comment, escape],
  ] as const;
  for (const [key, value, other] of pairs) {
    if (value === null || value !== other) continue;
    report(key, "spec/bad_csv_option", `"${key}" is "${value}", which has another use`);
  }
  if (quote === null && escape !== null) {
    report("escape", "spec/contradiction", `Without "quote" there is no "escape"`);
  }
}

import { encodeOneByte, isOneByte } from "../../core/encodings.ts";
import { byteLength } from "../../core/names.ts";
import { PatternError } from "../../core/pattern/pattern_error.ts";
import { camel, type SectionSpec, sectionSpec } from "../schema/section.ts";
import { DELIMITER, ONE_CHARACTER } from "../schema/editor_hints.ts";
import { looseText } from "../schema/text.ts";
import { commonSchema, nullValues } from "./common_keys.ts";
import type { FormatReport, FormatSpec } from "./format_spec.ts";
import type { Readers } from "../readers.ts";
import { z } from "../zod.ts";

/** `delimiter`, of text with fields that are written like those of CSV. */
export function delimiterKey(standard: string) {
  return looseText().default(standard)
    .describe("What stands between fields: a character, or several")
    .meta({ words: ["sep", "separator"], editor: DELIMITER });
}

export const schema = z.strictObject({
  type: z.literal("csv").describe("The kind of file"),
  delimiter: delimiterKey(","),
  quote: looseText().nullable().default('"')
    .describe("Character around fields; null: quoting is off").meta({
      words: ["quotechar"],
      editor: ONE_CHARACTER,
    }),
  escape: looseText().nullable().optional()
    .describe("Character before a quote inside a quoted field; the quote itself when left out")
    .meta({ words: ["escapechar"], editor: ONE_CHARACTER }),
  header: z.boolean().default(true)
    .describe(
      "Whether the first record names the fields; false: columns are taken in order, or by number",
    ),
  skip_lines: z.int().min(0).max(1_000_000).default(0)
    .describe("Lines before the header that are skipped").meta({
      words: ["skip_rows", "skiprows"],
    }),
  comment: looseText().nullable().default(null)
    .describe("Records that start with this character are skipped").meta({ editor: ONE_CHARACTER }),
  skip_empty_records: z.boolean().exactOptional()
    .describe("Pass over records of nothing but delimiters, as spreadsheets leave them")
    .meta({ leftOut: false, words: ["skip_blank_lines", "skip_empty_lines"] }),
  skip_after_header: z.int().min(0).max(1000).exactOptional()
    .describe("Records behind the header that are skipped, such as one of units")
    .meta({ leftOut: 0, words: ["skip_rows_after_header"] }),
  skip_repeated_headers: z.boolean().exactOptional()
    .describe("Pass over records that say what the header says, as joined files have them")
    .meta({ leftOut: false }),
  skip_footer: z.int().min(0).max(1000).exactOptional()
    .describe("Lines at the end that are skipped; empty ones do not count")
    .meta({ leftOut: 0, words: ["skipfooter", "skip_footer_lines", "skip_trailing_lines"] }),
  end_pattern: z.string().min(1).nullable().exactOptional()
    .describe("The data ends before the first record in which this regular expression is found")
    .meta({ leftOut: null }),
  fields: z.int().min(1).max(1600).nullable().exactOptional()
    .describe("Fields of each record where there is no header; null: as many as the first has")
    .meta({ leftOut: null }),
  unnamed_fields: z.enum(["first", "last"]).nullable().exactOptional()
    .describe("Where the fields stand that a header narrower than its records does not name")
    .meta({ leftOut: null }),
  pad_short_records: z.boolean().exactOptional()
    .describe("Fields that a record lacks at its end are NULL")
    .meta({ leftOut: false, words: ["null_padding", "fill_missing_fields", "ragged"] }),
  drop_empty_surplus: z.boolean().exactOptional()
    .describe("Pass over empty fields behind the last one, as trailing delimiters make them")
    .meta({ leftOut: false }),
  blanks_around_quotes: z.boolean().exactOptional()
    .describe('Blanks may stand around a quoted field: `1, "a, b" ,2`')
    .meta({ leftOut: false, words: ["skipinitialspace", "skip_initial_space"] }),
  quoted_nulls: z.boolean().exactOptional()
    .describe("Texts that are NULL are NULL in quotes too")
    .meta({ leftOut: false, words: ["force_null"] }),
  backslash_escapes: z.boolean().exactOptional()
    .describe(
      "Backslashes escape as in COPY text: `\\t`, `\\n`, `\\\\`; `\\N` is NULL; needs `quote: null`",
    )
    .meta({ leftOut: false }),
  null_values: nullValues([""], "Unquoted texts that are NULL in every column"),
  ...commonSchema.shape,
});

/** How a CSV file is written. Single-byte characters are given as strings of length one. */
export type CsvOptions = SectionSpec<typeof schema>;

/** Keys of files with a header, and of those without one. */
const OF_HEADER = ["skip_after_header", "skip_repeated_headers", "unnamed_fields"] as const;
const OF_NONE = ["fields"] as const;

const CHARACTERS = ["delimiter", "quote", "escape", "comment"] as const;

/** Delimited text. */
export const csv: FormatSpec<typeof schema, CsvOptions> = {
  schema,
  values: {},
  build: (input) => ({
    ...sectionSpec(schema, input),
    // As RFC 4180 has it.
    escape: input.escape === undefined ? input.quote : input.escape,
  }),
  naming: ({ header }) => header ? "header" : "position",
  reads: {
    naming: ["header"],
    check: [
      ...CHARACTERS,
      "encoding",
      "header",
      "blanks_around_quotes",
      ...OF_HEADER,
      ...OF_NONE,
      "end_pattern",
    ],
  },
  check(options, report, readers) {
    checkCharacters(options, report);
    checkHeader(options, report);
    checkPattern(options, report, readers);
  },
};

function checkHeader(options: CsvOptions, report: FormatReport): void {
  const others = options.header ? OF_NONE : OF_HEADER;
  for (const key of others) {
    if (!options[camel(key) as keyof CsvOptions]) continue;
    report(
      key,
      "spec/contradiction",
      `"${key}" is for files ${options.header ? "without" : "with"} a header, and "header" is ` +
        String(options.header),
    );
  }
}

/** The pattern that ends the data can be matched. */
export function checkPattern(
  { endPattern }: Pick<CsvOptions, "endPattern">,
  report: FormatReport,
  { compilePattern }: Readers,
): void {
  if (endPattern === undefined || endPattern === null) return;
  try {
    compilePattern(endPattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    report(
      "end_pattern",
      error.syntax ? "spec/bad_pattern" : "spec/unsupported_pattern",
      error.syntax
        ? `"${endPattern}" is not a regular expression: ${error.message}`
        : `"${endPattern}" cannot be matched without backtracking: ${error.message}`,
    );
  }
}

/** Quote, escape and comment are single bytes; all characters differ from each other. */
function checkCharacters(options: CsvOptions, report: FormatReport): void {
  const { delimiter, quote, escape, comment } = options;
  checkDelimiter(options, report);
  for (const key of CHARACTERS) {
    const value = options[key];
    if (value === null || key === "delimiter" || key === "escape" && value === quote) continue;
    if (value.length !== 1 || byteLength(value) !== 1) {
      report(key, "spec/bad_csv_option", `"${key}" must be one ASCII character`);
    } else if (value === "\n" || value === "\r" || value === "\0") {
      report(key, "spec/bad_csv_option", `"${key}" cannot be a line break or NUL`);
    }
  }
  // The escape may be the quote: that is how RFC 4180 writes a quote.
  const pairs = [
    ["quote", quote, delimiter],
    ["escape", escape, delimiter],
    ["comment", comment, delimiter.slice(0, 1)],
    ["comment", comment, quote],
    ["comment", comment, escape],
  ] as const;
  for (const [key, value, other] of pairs) {
    if (!value || other === null || !other.includes(value)) continue;
    // An escape that is the quote has been told as such.
    if (key === "escape" && value === quote) continue;
    report(key, "spec/bad_csv_option", `"${key}" is "${value}", which has another use`);
  }
  if (options.backslashEscapes && quote !== null) {
    report(
      "backslash_escapes",
      "spec/contradiction",
      "Text with backslashes as in COPY has no quotes",
      "Add `quote: null`",
    );
  }
  if (options.backslashEscapes && (delimiter.includes("\\") || comment === "\\")) {
    report("backslash_escapes", "spec/bad_csv_option", "A backslash cannot have two uses");
  }
  if (quote === null && options.blanksAroundQuotes) {
    report("blanks_around_quotes", "spec/contradiction", `Without "quote" nothing is quoted`);
  }
  if (quote === null && escape !== null) {
    report("escape", "spec/contradiction", `Without "quote" there is no "escape"`);
  }
}

/** More bytes are hardly a delimiter: each one is compared at every place that begins like it. */
const LONGEST_DELIMITER = 32;

function checkDelimiter({ delimiter, encoding }: CsvOptions, report: FormatReport): void {
  const fail = (message: string, hint?: string) =>
    report("delimiter", "spec/bad_csv_option", message, hint);
  if (delimiter === "") return fail('"delimiter" cannot be empty');
  if (delimiter === "\\t") {
    return fail('"delimiter" is a backslash and a "t"', 'Write "\\t" in double quotes');
  }
  if (/[\n\r\0]/.test(delimiter)) return fail('"delimiter" cannot hold a line break or NUL');
  if (byteLength(delimiter) > LONGEST_DELIMITER) {
    return fail(`"delimiter" has more than ${LONGEST_DELIMITER} bytes`);
  }
  if (isOneByte(encoding) && encodeOneByte(delimiter, encoding) === null) {
    fail(`"delimiter" has a character that ${encoding} does not have`);
  }
}

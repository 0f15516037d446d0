import { z } from "zod";
import { durationSeconds, looseText, name } from "./text.ts";

/** A day, in seconds: timers take no more than 24 of them. */
const MAX_TIMEOUT = 86_400;

/** A CSV file's way of writing. */
export const csvSchema = z.strictObject({
  type: z.literal("csv").describe("The kind of file"),
  delimiter: looseText().default(",").describe("Character between fields"),
  quote: looseText().nullable().default('"')
    .describe("Character around fields; null: quoting is off"),
  escape: looseText().nullable().optional()
    .describe("Character before a quote inside a quoted field; the quote itself when left out"),
  header: z.boolean().default(true)
    .describe(
      "Whether the first record names the fields; false: columns are taken in order, or by number",
    ),
  skip_lines: z.int().min(0).max(1_000_000).default(0)
    .describe("Lines before the header that are skipped"),
  comment: looseText().nullable().default(null)
    .describe("Records that start with this character are skipped"),
  skip_empty_records: z.boolean().default(false)
    .describe("Pass over records of nothing but delimiters, as spreadsheets leave them"),
  null_values: z.array(looseText()).default([""])
    .describe("Unquoted texts that are NULL in every column"),
  trim: z.boolean().default(false).describe("Remove blanks around unquoted fields"),
  encoding: z.enum(["utf-8", "UTF-8", "utf8"]).default("utf-8")
    .describe("The file's encoding"),
  max_record_bytes: z.int().min(1024).max(67_108_864).default(16_777_216)
    .describe("A longer record is a reject; bytes"),
});

/** `source:` */
export const sourceSchema = z.strictObject({
  url: name().describe(
    "Path, relative to this file, or URL; {name} is a variable or a placeholder such as {month}",
  ),
  format: z.union([z.enum(["csv"]), csvSchema]).default("csv").describe("How the file is written"),
  compression: z.enum(["auto", "none", "gzip"]).default("auto")
    .describe("How the file is compressed; auto looks at its first bytes"),
  headers: z.record(z.string(), looseText()).default({})
    .describe("HTTP headers; ${NAME} is an environment variable and is never printed"),
  retries: z.int().min(0).max(100).default(5).describe("Attempts after the first one"),
  timeout: z.union([
    z.string().regex(/^[1-9]\d{0,5}[smh]$/, 'Expected a duration such as "30s"').refine(
      (text) => !(durationSeconds(text) > MAX_TIMEOUT),
      'Expected a duration such as "30s", at most 24h',
    ),
    z.int().min(1).max(MAX_TIMEOUT),
  ]).default("30s").describe("Longest wait without a byte: 30s, 5m, 1h, or seconds; at most 24h"),
}).describe("Where the data comes from");

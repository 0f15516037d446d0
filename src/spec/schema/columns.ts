import { z } from "zod";
import { parseColumnType } from "../column_type.ts";
import { looseName, looseText, name, NULL_WORDS } from "./text.ts";

const typeSchema = z.string().superRefine((text, context) => {
  const type = parseColumnType(text);
  if (!("hint" in type)) return;
  context.addIssue({
    code: "custom",
    message: `"${text}" is no type`,
    params: { code: "spec/unknown_type", hint: type.hint },
  });
}).describe("A Postgres type, such as integer, numeric(10,2), text or timestamptz")
  .meta({ words: ["data_type"], standIn: "text" });

/** One column with its options. */
export const columnSchema = z.strictObject({
  from: z.union([looseName(), z.array(looseName()).min(1)]).optional().describe(
    "Header of the field, or a list of headers it has had; the column's own name when left out; " +
      "a number that is no header is the field's position, from 1",
  ),
  type: typeSchema,
  required: z.boolean().default(false).describe("NULL is a reject, and the column is NOT NULL")
    .meta({ words: ["nullable", "not_null"] }),
  min: looseText().optional().describe("Smallest value"),
  max: looseText().optional().describe("Largest value"),
  max_length: z.int().min(0).max(10_485_760).optional()
    .describe("Longest text, Unicode code points"),
  pattern: looseText().optional()
    .describe("JavaScript regular expression that must be found in the text").meta({
      docs: "JavaScript regular expression that must be found in the text: " +
        "[what it does not know](errors.md#specunsupported_pattern)",
      words: ["regex"],
    }),
  one_of: z.array(looseText()).min(1).optional().describe("The only values")
    .meta({ words: ["accepted_values", "enum"] }),
  default: looseText().optional().describe("Text read in place of NULL"),
  format: looseName().optional().describe("Date pattern such as `MM/dd/yyyy HH:mm`"),
  timezone: name().optional()
    .describe("IANA zone of input without an offset; `UTC` when left out"),
  true_values: z.array(looseText()).min(1).optional().describe("Texts that are true"),
  false_values: z.array(looseText()).min(1).optional().describe("Texts that are false"),
  null_values: z.array(looseText()).optional()
    .describe("Texts that are NULL; replaces those of the format").meta({ words: NULL_WORDS }),
  thousands: looseText().length(1, "Expected one character").optional()
    .describe("Character between groups of digits"),
  decimal: looseText().length(1, "Expected one character").optional()
    .describe("Character before decimals"),
  trim: z.boolean().optional().describe("Remove blanks around the value"),
  empty_as_null: z.boolean().optional().describe("A quoted empty field is NULL too"),
});

/** `columns:` */
export const columnsSchema = z.record(
  z.string(),
  z.union([typeSchema, columnSchema]).meta({ standIn: "text" }),
)
  .refine((columns) => Object.keys(columns).length > 0, "There is no column")
  .describe("The contract: `name: type`, or `name: { type, … }`")
  .meta({ words: ["fields", "schema"], standIn: { column: "text" } });

export type ColumnInput = z.output<typeof columnSchema>;

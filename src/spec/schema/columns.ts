import {
  type ColumnType,
  FRACTIONS,
  LISTABLE,
  NUMBERS,
  ORDERED,
  parseColumnType,
  TEXTS,
  TIMES,
} from "../column_type.ts";
import { DATE_FORMAT, TIME_ZONE, TYPE } from "./editor_hints.ts";
import type { Given } from "./section.ts";
import { looseName, looseText, name, NULL_WORDS } from "./text.ts";
import { z } from "../zod.ts";

const typeSchema = z.string().transform((text, context): ColumnType => {
  const type = parseColumnType(text);
  if (!("hint" in type)) return type;
  context.addIssue({
    code: "custom",
    message: `"${text}" is not a type`,
    params: { code: "spec/unknown_type", hint: type.hint },
  });
  return z.NEVER;
}).describe(
  "A Postgres type, such as integer, numeric(10,2), text, timestamptz, text[] or shop.mood",
).meta({ words: ["data_type"], standIn: "text", editor: TYPE });

/** Limits on a column's values; `rows/rules/mod.ts` implements them. */
const rulesSchema = z.strictObject({
  min: looseText().exactOptional().describe("Smallest value").meta({ types: ORDERED }),
  max: looseText().exactOptional().describe("Largest value").meta({ types: ORDERED }),
  max_length: z.int().min(0).max(10_485_760).exactOptional()
    .describe("Longest text, Unicode code points").meta({ types: TEXTS }),
  pattern: looseText().exactOptional()
    .describe("JavaScript regular expression that must be found in the text").meta({
      types: TEXTS,
      docs: "JavaScript regular expression that must be found in the text: " +
        "[what it does not know](errors.md#specunsupported_pattern)",
      words: ["regex"],
    }),
  one_of: z.array(looseText()).min(1).exactOptional().describe("The only values")
    .meta({ types: LISTABLE, words: ["accepted_values", "enum"] }),
});

/** Ways to read looser than Postgres does; all off unless asked for. */
const optionsSchema = z.strictObject({
  format: z.union([looseName(), z.array(looseName()).min(1)]).exactOptional().describe(
    "Date pattern such as `MM/dd/yyyy HH:mm[:ss]`, a list of them, or `epoch`, `epoch_ms`",
  ).meta({
    types: TIMES,
    docs: "[Date pattern](types.md#options) such as `MM/dd/yyyy HH:mm[:ss]`, a list of which the " +
      "first that fits is taken, or `epoch`, `epoch_ms`, `epoch_us`, `epoch_ns`",
    words: ["date_format", "dateformat", "timestamp_format", "timestampformat"],
    editor: DATE_FORMAT,
  }),
  timezone: name().exactOptional()
    .describe("IANA zone of input without an offset").meta({
      types: /^timestamptz$/,
      leftOut: "UTC",
      editor: TIME_ZONE,
    }),
  true_values: z.array(looseText()).min(1).exactOptional().describe("Texts that are true").meta({
    types: /^boolean$/,
  }),
  false_values: z.array(looseText()).min(1).exactOptional().describe("Texts that are false").meta({
    types: /^boolean$/,
  }),
  null_values: z.array(looseText()).exactOptional()
    .describe("Texts that are NULL; replaces those of the format").meta({ words: NULL_WORDS }),
  thousands: looseText().length(1, "Expected one character").exactOptional()
    .describe("Character between groups of digits").meta({ types: NUMBERS }),
  decimal: looseText().length(1, "Expected one character").exactOptional()
    .describe("Character before decimals").meta({ types: FRACTIONS }),
  strip: z.array(looseText().min(1)).min(1).exactOptional()
    .describe(
      "Texts that may stand around a number, such as `$`, `EUR` or `%`: they are passed over",
    )
    .meta({ types: NUMBERS }),
  negative: z.enum(["parentheses", "trailing"]).exactOptional()
    .describe("How negative numbers are written besides `-5`: `(5)` or `5-`")
    .meta({ types: NUMBERS }),
  trim: z.boolean().exactOptional().describe("Remove blanks around the value"),
  empty_as_null: z.boolean().exactOptional().describe("A quoted empty field is NULL too"),
});

/** One column with its options. */
const columnSchema = z.strictObject({
  from: z.union([looseName(), z.array(looseName()).min(1)]).exactOptional().describe(
    "Header of the field, or a list of headers it has had; the column's own name when left out; " +
      "a number that is no header is the field's position, from 1; in JSON `$.user.id` is a path",
  ),
  type: typeSchema,
  expression: looseText().min(1).exactOptional().describe(
    "SQL over the columns that are read, and the expressions above; in place of `from`",
  ).meta({
    docs: "SQL over the columns that are read, and the expressions above; in place of `from`: " +
      "[computed columns](#computed-columns)",
    words: ["sql", "computed", "generated", "transform"],
  }),
  keep: z.boolean().default(true)
    .describe("Whether the table has the column; false: only expressions see it"),
  required: z.boolean().default(false).describe("NULL is a reject, and the column is NOT NULL")
    .meta({ words: ["nullable", "not_null"] }),
  ...rulesSchema.shape,
  default: looseText().exactOptional().describe("Text read in place of NULL"),
  ...optionsSchema.shape,
});

export type ColumnRules = Given<typeof rulesSchema>;
export type ColumnOptions = Given<typeof optionsSchema>;

/** The rules among the keys of a column. */
export function rulesOf(column: ColumnInput): ColumnRules {
  return pick(rulesSchema, column);
}

/** The options among the keys of a column. */
export function optionsOf(column: ColumnInput): ColumnOptions {
  return pick(optionsSchema, column);
}

function pick<Schema extends z.ZodObject>(schema: Schema, column: ColumnInput): Given<Schema> {
  const given = Object.entries(column).filter(([key]) => Object.hasOwn(schema.shape, key));
  return Object.fromEntries(given) as Given<Schema>;
}

/** `columns:` */
export const columnsSchema = z.record(
  z.string(),
  z.union([
    typeSchema.transform((type): ColumnInput => ({ type, required: false, keep: true })),
    columnSchema,
  ]).meta({ standIn: "text" }),
)
  .refine((columns) => Object.keys(columns).length > 0, "There is no column")
  .describe("The contract: `name: type`, or `name: { type, … }`")
  .meta({ rows: true, words: ["fields", "schema"], standIn: { column: "text" } });

export type ColumnInput = z.output<typeof columnSchema>;

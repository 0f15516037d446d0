import { looseText } from "../schema/text.ts";
import { type SectionSpec, sectionSpec } from "../schema/section.ts";
import { commonSchema, nullValues } from "./common_keys.ts";
import { checkPattern, schema as csvSchema } from "./csv.ts";
import type { FormatReport, FormatSpec } from "./format_spec.ts";
import { z } from "../zod.ts";

/** Characters of a line that a field may stand behind. */
const MOST_CHARACTERS = 1_000_000;

const widthSchema = z.int().min(1).max(MOST_CHARACTERS);
const positionSchema = looseText()
  .regex(/^[1-9]\d{0,6}(-([1-9]\d{0,6})?)?$/, 'Expected a position such as "1-5", "7" or "40-"');

const { skip_lines, skip_footer, end_pattern, comment, pad_short_records } = csvSchema.shape;

const schema = z.strictObject({
  type: z.literal("fixed").describe("The kind of file"),
  widths: z.union([z.array(widthSchema).min(1), z.record(z.string(), widthSchema)])
    .exactOptional()
    .describe("Characters of each field, one after the other: `[5, 20]`, or `{ id: 5, name: 20 }`")
    .meta({ words: ["width", "field_widths", "column_widths", "fixedwidth", "lengths"] }),
  positions: z.union([z.array(positionSchema).min(1), z.record(z.string(), positionSchema)])
    .exactOptional()
    .describe(
      'In place of widths: the characters of each field from 1, `{ id: "1-5", flag: "7", note: "40-" }`',
    )
    .meta({ words: ["colspecs", "field_positions", "column_positions"] }),
  header: z.boolean().default(false).describe("Whether the first line names the fields"),
  keep_blanks: z.boolean().default(false).describe("Keep the blanks that fill up each field"),
  tabs: z.enum(["reject", "keep"]).default("reject")
    .describe(
      "A line with a tab is a reject, as nobody knows its width; or a tab is one character",
    ),
  skip_lines,
  skip_footer,
  end_pattern,
  comment,
  pad_short_records,
  null_values: nullValues([""], "Texts that are NULL in every column"),
  ...commonSchema.shape,
});

/** A field of each line, in characters from 0. */
export interface FixedField {
  /** Null: the header names it, or nothing does. */
  readonly name: string | null;
  readonly start: number;
  /** Behind the last one; null: it ends with the line. */
  readonly end: number | null;
}

/** How a file is written whose fields stand at fixed places of each line. */
export type FixedOptions =
  & Omit<SectionSpec<typeof schema>, "widths" | "positions">
  & {
    readonly fields: readonly FixedField[];
    /** The fields are all of a line: nothing may stand behind them. */
    readonly isWhole: boolean;
  };

/** Text whose fields have fixed widths. */
export const fixed: FormatSpec<typeof schema, FixedOptions> = {
  schema,
  values: { fixed_width: "fixed", fixedwidth: "fixed", fwf: "fixed", fixed_length: "fixed" },
  build(input) {
    const { widths, positions, ...rest } = input;
    const isWhole = positions === undefined;
    // With both there are none, which is told.
    const fields = isWhole
      ? ofWidths(widths ?? [])
      : widths === undefined
      ? atPositions(positions)
      : [];
    return {
      ...sectionSpec(schema.omit({ widths: true, positions: true }), rest),
      fields,
      isWhole,
    };
  },
  naming: ({ header, fields }) =>
    header || fields.some(({ name }) => name !== null) ? "header" : "position",
  reads: {
    naming: ["header", "widths", "positions"],
    check: ["widths", "positions", "header", "end_pattern"],
  },
  check(options, report, readers) {
    checkFields(options, report);
    checkPattern(options, report, readers);
  },
};

function ofWidths(widths: readonly number[] | Readonly<Record<string, number>>): FixedField[] {
  let start = 0;
  return named(widths).map(([name, width]) => {
    const field = { name, start, end: start + width };
    start += width;
    return field;
  });
}

function atPositions(
  positions: readonly string[] | Readonly<Record<string, string>>,
): FixedField[] {
  return named(positions).map(([name, text]) => {
    const [from, to] = text.split("-");
    const end = to === undefined ? Number(from) : to === "" ? null : Number(to);
    return { name, start: Number(from) - 1, end };
  });
}

function named<T>(all: readonly T[] | Readonly<Record<string, T>>): [string | null, T][] {
  return Array.isArray(all) ? all.map((each: T) => [null, each]) : Object.entries(all);
}

function checkFields({ fields, header, isWhole }: FixedOptions, report: FormatReport): void {
  const key = isWhole ? "widths" : "positions";
  if (fields.length === 0) {
    report(
      key,
      isWhole ? "spec/missing_key" : "spec/contradiction",
      isWhole
        ? 'Nothing says where the fields of a line stand: "widths" or "positions" is missing'
        : '"widths" and "positions" both say where the fields of a line stand',
      "Write `widths: { id: 5, name: 20 }`, or `positions` with the first and last character of each",
    );
  }
  const names = fields.flatMap(({ name }) => name === null ? [] : [name]);
  if (header && names.length > 0) {
    report(
      "header",
      "spec/contradiction",
      `"${key}" names the fields, and so does "header"`,
      `Write "${key}" as a list, or pass over the first line with \`skip_lines: 1\``,
    );
  }
  // An object of JavaScript has keys that are numbers first, whatever their order in the file.
  const number = isWhole ? names.find((name) => /^\d+$/.test(name)) : undefined;
  if (number !== undefined) {
    report(
      key,
      "spec/wrong_value",
      `The field "${number}" has a number for its name, so that the order of "widths" is lost`,
      'Write "positions" in place of "widths", or a list and the numbers of the fields in `from`',
    );
  }
  const empty = fields.find(({ start, end }) => end !== null && end <= start);
  if (empty !== undefined) {
    report(key, "spec/wrong_value", `"${empty.start + 1}-${empty.end}" ends before it begins`);
  }
}

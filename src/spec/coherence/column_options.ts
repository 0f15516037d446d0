import { EPOCHS, formatList, formatWays, MOST_WAYS } from "../../core/date_format.ts";
import { byteLength } from "../../core/names.ts";
import { zoneFault } from "../zone_fault.ts";
import { FRACTIONS, TIMES, typeText } from "../column_type.ts";
import { keysOf, placeAt } from "../keys.ts";
import type { ColumnOptions } from "../schema/columns.ts";
import type { Check } from "./check.ts";
import { ambiguityOf } from "./date_ambiguity.ts";
import { FORMAT_HINT, formatFault } from "./date_format.ts";

/** Rules and options are of a kind that the column's type has. */
export const columnKeys: Check = ({ columns, passing = [] }, report) => {
  const types = new Map(
    keysOf(placeAt(["columns", "x"])).map(({ name, meta }) => [name, meta.types]),
  );
  for (const { name, type, rules, options } of [...columns, ...passing]) {
    for (const key of Object.keys({ ...rules, ...options })) {
      if (types.get(key)?.test(type.name) ?? true) continue;
      report.key(
        ["columns", name, key],
        "spec/unsuitable_rule",
        `A column of type "${typeText(type)}" has no "${key}"`,
      );
    }
  }
};

/** Options mean something. */
export const columnOptions: Check = ({ columns, passing = [] }, report) => {
  for (const { name, type, options } of [...columns, ...passing]) {
    const path = (option: string) => ["columns", name, option];
    const { timezone, format, thousands, decimal, strip, true_values, false_values } = options;
    const zone = timezone === undefined ? null : zoneFault(timezone);
    if (zone !== null) report.value(path("timezone"), ...zone);
    if (format !== undefined && TIMES.test(type.name)) {
      for (const [message, hint] of formatFaults(formatList(format), type.name)) {
        report.value(path("format"), "spec/bad_date_format", message, hint);
      }
    }
    // An integer has no decimal point that the character could be taken for.
    const point = FRACTIONS.test(type.name) ? decimal ?? "." : undefined;
    if (thousands !== undefined && thousands === point) {
      report.value(
        path("thousands"),
        "spec/contradiction",
        `"thousands" and the decimal point are both "${thousands}"`,
      );
    }
    for (const [option, value] of [["thousands", thousands], ["decimal", decimal]] as const) {
      if (value === undefined || !/[0-9eE+-]/.test(value)) continue;
      report.value(path(option), "spec/contradiction", `"${value}" is part of a number`);
    }
    if (decimal !== undefined && byteLength(decimal) !== 1) {
      report.value(path("decimal"), "spec/wrong_value", '"decimal" must be one ASCII character');
    }
    for (const text of strip ?? []) {
      const fault = stripFault(text, options);
      if (fault !== null) report.value(path("strip"), "spec/contradiction", fault);
    }
    const both = true_values?.find((value) => false_values?.includes(value));
    if (both !== undefined) {
      report.value(path("false_values"), "spec/contradiction", `"${both}" is both true and false`);
    }
  }
};

/** Messages with hints about the formats of a column. */
function formatFaults(
  formats: readonly string[],
  type: string,
): (readonly [message: string, hint: string])[] {
  const faults = formats.flatMap((format) => formatFault(format, type) ?? []);
  if (faults.length > 0) return faults.map((fault) => [fault, FORMAT_HINT]);
  const ways = formats.filter((format) => !Object.hasOwn(EPOCHS, format))
    .reduce((sum, format) => sum + formatWays(format).length, 0);
  if (ways > MOST_WAYS) {
    return [[
      `The formats have ${ways} ways to write a value, and ${MOST_WAYS} are allowed`,
      "Leave out optional parts that the file does not need",
    ]];
  }
  const found = ambiguityOf(formats);
  if (found === null) return [];
  const { one, other, text } = found;
  return [[
    one === other
      ? `"${text}" can be read in two ways by "${one}"`
      : `"${text}" is one value by "${one}" and another by "${other}"`,
    "Keep one of them, or load the field as text and decide with an expression",
  ]];
}

/** Why a text cannot be passed over; null where it can. */
function stripFault(text: string, { thousands, decimal, negative }: ColumnOptions): string | null {
  if (/\d/.test(text) || /^[-+\s]+$/.test(text)) return `"${text}" is part of a number`;
  if (text === (decimal ?? ".") || text === thousands) {
    return `"strip" and ${
      text === thousands ? '"thousands"' : "the decimal point"
    } are both "${text}"`;
  }
  if (negative === "parentheses" && /^[()]+$/.test(text)) {
    return `"${text}" is what makes a number negative`;
  }
  return null;
}

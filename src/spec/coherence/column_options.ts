import { byteLength } from "../../core/names.ts";
import type { ColumnOptions } from "../pipeline_spec.ts";
import type { Check } from "./check.ts";
import { FORMAT_HINT, formatFault } from "./date_format.ts";
import { NUMBERS, TIMES } from "./typed_text.ts";

const OPTION_TYPES: Readonly<Record<keyof ColumnOptions, RegExp>> = {
  format: TIMES,
  timezone: /^timestamptz$/,
  true_values: /^boolean$/,
  false_values: /^boolean$/,
  null_values: /./,
  thousands: NUMBERS,
  decimal: /^(real|double precision|numeric)$/,
  trim: /./,
  empty_as_null: /./,
};

/** Options are of a kind that the column's type has, and mean something. */
export const columnOptions: Check = ({ columns }, report) => {
  for (const { name, type, options } of columns) {
    const path = (option: string) => ["columns", name, option];
    for (const option of Object.keys(options) as (keyof ColumnOptions)[]) {
      if (OPTION_TYPES[option].test(type.name)) continue;
      report.key(
        path(option),
        "spec/unsuitable_rule",
        `A column of type "${type.name}" has no "${option}"`,
      );
    }
    const { timezone, format, thousands, decimal, true_values, false_values } = options;
    if (timezone !== undefined && !isTimezone(timezone)) {
      report.value(
        path("timezone"),
        "spec/bad_timezone",
        `"${timezone}" is not a time zone`,
        "Write an IANA name such as America/New_York",
      );
    }
    if (format !== undefined && TIMES.test(type.name)) {
      const fault = formatFault(format, type.name);
      if (fault !== null) {
        report.value(path("format"), "spec/bad_date_format", fault, FORMAT_HINT);
      }
    }
    // An integer has no decimal point that the character could be taken for.
    const point = OPTION_TYPES.decimal.test(type.name) ? decimal ?? "." : undefined;
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
    const both = true_values?.find((value) => false_values?.includes(value));
    if (both !== undefined) {
      report.value(path("false_values"), "spec/contradiction", `"${both}" is both true and false`);
    }
  }
};

function isTimezone(name: string): boolean {
  if (/^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

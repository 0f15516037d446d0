import { byteLength } from "../../core/names.ts";
import { isTimeZone } from "../../core/time_zone.ts";
import { FRACTIONS, TIMES } from "../column_type.ts";
import { keysOf, placeAt } from "../keys.ts";
import type { Check } from "./check.ts";
import { FORMAT_HINT, formatFault } from "./date_format.ts";

/** Rules and options are of a kind that the column's type has. */
export const columnKeys: Check = ({ columns }, report) => {
  const types = new Map(
    keysOf(placeAt(["columns", "x"])).map(({ name, meta }) => [name, meta.types]),
  );
  for (const { name, type, rules, options } of columns) {
    for (const key of Object.keys({ ...rules, ...options })) {
      if (types.get(key)?.test(type.name) ?? true) continue;
      report.key(
        ["columns", name, key],
        "spec/unsuitable_rule",
        `A column of type "${type.name}" has no "${key}"`,
      );
    }
  }
};

/** Options mean something. */
export const columnOptions: Check = ({ columns }, report) => {
  for (const { name, type, options } of columns) {
    const path = (option: string) => ["columns", name, option];
    const { timezone, format, thousands, decimal, true_values, false_values } = options;
    if (timezone !== undefined && !isTimeZone(timezone)) {
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
    const both = true_values?.find((value) => false_values?.includes(value));
    if (both !== undefined) {
      report.value(path("false_values"), "spec/contradiction", `"${both}" is both true and false`);
    }
  }
};

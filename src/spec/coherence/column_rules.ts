import { compilePattern, PatternError } from "../../core/pattern/mod.ts";
import type { ColumnRules, ColumnSpec } from "../pipeline_spec.ts";
import type { Report } from "../report.ts";
import type { Check } from "./check.ts";
import { isAbove, isOf, notOfType, NUMBERS, TEXTS, TIMES } from "./typed_text.ts";

/** The types that have each rule. */
export const RULE_TYPES: Readonly<Record<keyof ColumnRules, RegExp>> = {
  min: new RegExp(`${NUMBERS.source}|${TIMES.source}`),
  max: new RegExp(`${NUMBERS.source}|${TIMES.source}`),
  max_length: TEXTS,
  pattern: TEXTS,
  one_of: /^(?!jsonb?$|bytea$)/,
};

/** Rules are of a kind that the column's type has, and their values can be read by it. */
export const columnRules: Check = ({ columns }, report) => {
  for (const column of columns) {
    const { name, type, rules } = column;
    for (const rule of Object.keys(rules) as (keyof ColumnRules)[]) {
      if (RULE_TYPES[rule].test(type.name)) continue;
      report.key(
        ["columns", name, rule],
        "spec/unsuitable_rule",
        `A column of type "${type.name}" has no "${rule}"`,
      );
    }
    checkValues(column, report);
    const { min, max } = rules;
    if (min !== undefined && max !== undefined && isAbove(type, min, max)) {
      report.value(["columns", name, "min"], "spec/bad_limits", `"${min}" is above "${max}"`);
    }
    if (rules.pattern !== undefined) {
      checkPattern(name, rules.pattern, report);
    }
  }
};

function checkPattern(column: string, pattern: string, report: Report): void {
  try {
    compilePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const path = ["columns", column, "pattern"];
    if (error.syntax) {
      const message = `"${pattern}" is not a regular expression: ${error.message}`;
      return report.value(path, "spec/bad_pattern", message);
    }
    report.value(
      path,
      "spec/unsupported_pattern",
      `"${pattern}" cannot be matched without backtracking: ${error.message}`,
      "Write it without lookaround, references and huge counts, or as a condition in SQL under rules",
    );
  }
}

function checkValues({ name, type, rules, default: standIn, options }: ColumnSpec, report: Report) {
  const check = (value: string | undefined | null, path: (string | number)[]) => {
    if (value === undefined || value === null || isOf(type, value)) return;
    report.value(["columns", name, ...path], "spec/bad_rule_value", ...notOfType(type, value));
  };
  check(rules.min, ["min"]);
  check(rules.max, ["max"]);
  rules.one_of?.forEach((value, at) => check(value, ["one_of", at]));
  // A default is read by the column's own options, which may be looser.
  const { thousands, decimal, format, true_values, false_values, trim } = options;
  const looser = [thousands, decimal, format, true_values, false_values].some((option) =>
    option !== undefined
  );
  if (standIn === null || looser) return;
  check(trim ? standIn.trim() : standIn, ["default"]);
  const { max_length } = rules;
  if (max_length !== undefined && TEXTS.test(type.name) && [...standIn].length > max_length) {
    report.value(
      ["columns", name, "default"],
      "spec/bad_rule_value",
      `"${standIn}" is longer than "max_length"`,
    );
  }
}

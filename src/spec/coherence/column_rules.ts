import { PatternError } from "../../core/pattern/pattern_error.ts";
import { TEXTS } from "../column_type.ts";
import type { ColumnSpec } from "../pipeline_spec.ts";
import type { Readers } from "../readers.ts";
import type { Report } from "../report.ts";
import type { Check } from "./check.ts";
import { isAbove, isOf, notOfType } from "./typed_text.ts";

/** The values of rules can be read by the column's type. */
export const columnRules: Check = ({ columns, passing = [] }, report, _input, readers) => {
  for (const column of [...columns, ...passing]) {
    const { name, type, rules } = column;
    checkValues(column, report);
    const { min, max } = rules;
    if (min !== undefined && max !== undefined && isAbove(type, min, max)) {
      report.value(["columns", name, "min"], "spec/bad_limits", `"${min}" is above "${max}"`);
    }
    if (rules.pattern !== undefined) {
      checkPattern(name, rules.pattern, report, readers);
    }
  }
};

function checkPattern(
  column: string,
  pattern: string,
  report: Report,
  { compilePattern }: Readers,
): void {
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
  const { thousands, decimal, strip, negative, format, trim } = options;
  const looser = [thousands, decimal, strip, negative, format, options.true_values]
    .concat(options.false_values).some((option) => option !== undefined);
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

import type { ColumnRules, ColumnSpec, ColumnType } from "../pipeline_spec.ts";
import type { Report } from "../report.ts";
import type { Check } from "./check.ts";

export const NUMBERS = /^(smallint|integer|bigint|real|double precision|numeric)$/;
export const INTEGERS = /^(smallint|integer|bigint)$/;
export const TIMES = /^(date|time|timestamp|timestamptz)$/;
export const TEXTS = /^(text|varchar|char)$/;

const RULE_TYPES: Readonly<Record<keyof ColumnRules, RegExp>> = {
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
      try {
        new RegExp(rules.pattern, "u");
      } catch (error) {
        const why = error instanceof Error ? error.message.split(": ").at(-1) : String(error);
        report.value(
          ["columns", name, "pattern"],
          "spec/bad_pattern",
          `"${rules.pattern}" is no regular expression: ${why}`,
        );
      }
    }
  }
};

function checkValues({ name, type, rules, default: standIn, options }: ColumnSpec, report: Report) {
  const check = (value: string | undefined | null, path: (string | number)[]) => {
    if (value === undefined || value === null || isOf(type, value)) return;
    report.value(
      ["columns", name, ...path],
      "spec/bad_rule_value",
      `"${value}" is no ${typeText(type)}`,
      INTEGERS.test(type.name) && /^[+-]?\d+$/.test(value.trim())
        ? `Expected ${BOUNDS[type.name].join(" to ")}`
        : null,
    );
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

function typeText(type: ColumnType): string {
  return "length" in type && type.length !== null ? `${type.name}(${type.length})` : type.name;
}

const BOUNDS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  smallint: [-(2n ** 15n), 2n ** 15n - 1n],
  integer: [-(2n ** 31n), 2n ** 31n - 1n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
};

const FORMS: Readonly<Record<string, RegExp>> = {
  boolean: /^(t|tr|tru|true|y|ye|yes|on|1|f|fa|fal|fals|false|n|no|of|off|0)$/i,
  uuid: /^\{?([0-9a-f]{4}-?){7}[0-9a-f]{4}\}?$/i,
  time: /\d/,
  interval: /\d|infinity/i,
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Only what is surely wrong: Postgres reads more forms of times than are told here. */
function isOf(type: ColumnType, text: string): boolean {
  const value = text.trim();
  if (INTEGERS.test(type.name)) {
    if (!/^[+-]?\d{1,30}$/.test(value)) return false;
    const number = BigInt(value.replace("+", ""));
    const [least, most] = BOUNDS[type.name];
    return number >= least && number <= most;
  }
  if (NUMBERS.test(type.name)) {
    return /^([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|[+-]?inf(inity)?)$/i.test(value);
  }
  if (type.name === "date" || type.name.startsWith("timestamp")) {
    const day = /^(\d{4})-(\d\d)-(\d\d)/.exec(value);
    if (day === null) return /\d|infinity|epoch|now|today|tomorrow|yesterday/i.test(value);
    const date = new Date(Date.UTC(2000, 0, 1));
    date.setUTCFullYear(Number(day[1]), Number(day[2]) - 1, Number(day[3]));
    return date.getUTCMonth() === Number(day[2]) - 1 && date.getUTCDate() === Number(day[3]);
  }
  const form = FORMS[type.name];
  if (form !== undefined) return form.test(value);
  if (type.name === "json" || type.name === "jsonb") return isJson(value);
  if ((type.name === "varchar" || type.name === "char") && !text.includes("\0")) {
    // Postgres cuts blanks at the end, and nothing else.
    return [...text.replace(/ +$/, "")].length <=
      (type.length ?? (type.name === "char" ? 1 : Infinity));
  }
  return !text.includes("\0");
}

/** Compares where both are written plainly; what cannot be compared is not above. */
function isAbove(type: ColumnType, min: string, max: string): boolean {
  if (INTEGERS.test(type.name) && isOf(type, min) && isOf(type, max)) {
    return BigInt(min.replace("+", "")) > BigInt(max.replace("+", ""));
  }
  if (NUMBERS.test(type.name)) return Number(min) > Number(max);
  const plain = /^\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d)?$/;
  return plain.test(min) && plain.test(max) && min.slice(0, 10) !== max.slice(0, 10) && min > max;
}

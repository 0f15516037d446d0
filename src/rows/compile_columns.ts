import { SluiceError } from "../core/error.ts";
import type { ColumnPlan, PartitionBounds, RowsPlan } from "../plan/load_plan.ts";
import type { ColumnType } from "../spec/pipeline_spec.ts";
import { Frame } from "./frame.ts";
import { compareOf } from "./rules/compare.ts";
import { encodeLiteral, unrounded } from "./rules/literal.ts";
import { type Check, compileRules, REQUIRED } from "./rules/mod.ts";
import { compileType, type Encode, type Problem } from "./types/mod.ts";

/** A column, ready for its fields. */
export interface Column {
  readonly name: string;
  /** Index of its field in each record. */
  readonly field: number;
  /** Blanks around an unquoted field are dropped. */
  readonly trim: boolean;
  /** Those in quotes too: only where the column itself asks for it. */
  readonly trimQuoted: boolean;
  /** An unquoted field that is not empty can go to `encode` as it is. */
  readonly plain: boolean;
  /** An unquoted empty field is NULL. */
  readonly emptyIsNull: boolean;
  /** A quoted empty field, or an empty string, is NULL. */
  readonly emptyAsNull: boolean;
  /** In quotes the same texts are NULL. */
  readonly quotedNulls: boolean;
  /** The other texts that are NULL. */
  readonly nulls: readonly Uint8Array[] | null;
  /** It takes JSON strings with their quotes. */
  readonly isJson: boolean;
  /** What is in an array: it takes lists of JSON; null: it is none. */
  readonly elements: "json" | "other" | null;
  /** What stands between them, as a byte. */
  readonly delimiter: number;
  /** What a NULL becomes: the encoded default, or NULL itself. */
  readonly nullValue: Uint8Array;
  /** Why a NULL is a reject. */
  readonly nullProblem: Problem | null;
  /** The file has no field for it: every value is `nullValue`. */
  readonly isMissing: boolean;
  readonly encode: Encode;
  readonly checks: readonly Check[] | null;
}

const NULL = Uint8Array.of(255, 255, 255, 255);

/** Compiles the plan's columns for the fields they were found at. */
export function compileColumns(
  plan: RowsPlan,
  fields: readonly number[],
  bounds: PartitionBounds | null,
): readonly Column[] {
  if (bounds !== null && !plan.columns.some(({ name }) => name === bounds.column)) {
    throw new Error(`Column ${bounds.column} of the partition bounds is not in the plan`);
  }
  return plan.columns.map((column, c) =>
    compileColumn(column, fields[c]!, plan, bounds?.column === column.name ? bounds : null)
  );
}

function compileColumn(
  column: ColumnPlan,
  field: number,
  plan: RowsPlan,
  bounds: PartitionBounds | null,
): Column {
  const { name, type, options } = column;
  const nulls = options.null_values ?? plan.nullValues;
  const others = nulls.filter((text) => text !== "").map((text) => new TextEncoder().encode(text));
  const outside: Problem | null = bounds === null
    ? null
    : { code: "outside_partition", expected: `in [${bounds.start}, ${bounds.end})` };
  const rules = compileRules(column) ?? [];
  const checks = outside === null ? rules : [...rules, within(column, bounds!, outside)];
  const nullValue = column.default === null ? NULL : defaultValue(column, column.default, rules);
  const nullProblem = column.default !== null
    ? bounds === null ? null : checkBytes(checks.slice(rules.length), nullValue, column.default)
    : column.required
    ? REQUIRED
    : outside;
  const trim = options.trim ?? plan.trim;
  return {
    name,
    field,
    trim,
    trimQuoted: options.trim ?? false,
    plain: !trim && others.length === 0,
    emptyIsNull: nulls.includes(""),
    emptyAsNull: options.empty_as_null ?? false,
    quotedNulls: plan.quotedNulls ?? false,
    nulls: others.length === 0 ? null : others,
    isJson: type.name === "json" || type.name === "jsonb",
    elements: elementsOf(type),
    delimiter: (type.name === "other" ? type.found?.delimiter ?? "," : ",").charCodeAt(0),
    nullValue,
    nullProblem,
    isMissing: field < 0,
    encode: compileType(type, options),
    checks: checks.length === 0 ? null : checks,
  };
}

function elementsOf(type: ColumnType): Column["elements"] {
  if (type.name !== "other") return null;
  // Before it is looked up its name tells most.
  return type.found === undefined
    ? /^jsonb?\[/.test(type.sql) ? "json" : type.sql.endsWith("]") ? "other" : null
    : type.found.elements;
}

/** The value of a partition lies in `[start, end)`. */
function within(
  { name, type, options }: ColumnPlan,
  { start, end }: PartitionBounds,
  problem: Problem,
): Check {
  const read = (text: string) =>
    new DataView(encodeLiteral(`${name}, partition bound`, unrounded(type), options, text).buffer);
  const low = read(start);
  const high = read(end);
  const compare = compareOf(type);
  return (frame, at) =>
    compare(frame.view, at, low, 0) < 0 || compare(frame.view, at, high, 0) >= 0 ? problem : null;
}

function defaultValue(column: ColumnPlan, text: string, rules: readonly Check[]): Uint8Array {
  const value = encodeLiteral(`${column.name}, default`, column.type, column.options, text);
  const problem = checkBytes(rules, value, text);
  if (problem !== null) {
    throw new SluiceError(
      "rows/invalid_value",
      `${column.name}, default: ${JSON.stringify(text)} is not ${problem.expected}`,
      { hint: "Change the default or the rule it breaks" },
    );
  }
  return value;
}

/** Checks an encoded value that came from the given text. */
function checkBytes(checks: readonly Check[], value: Uint8Array, text: string): Problem | null {
  const frame = new Frame(value.length);
  frame.bytes.set(value);
  frame.length = value.length;
  const bytes = new TextEncoder().encode(text);
  for (const check of checks) {
    const problem = check(frame, 0, bytes, 0, bytes.length);
    if (problem !== null) return problem;
  }
  return null;
}

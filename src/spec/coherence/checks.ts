import { fillTemplate, placeholdersOf } from "../../core/period.ts";
import type { CheckSpec, ColumnSpec, PartitionsSpec } from "../pipeline_spec.ts";
import type { Report } from "../report.ts";
import type { Path } from "../yaml_tree.ts";
import type { Check, PlacedCheck } from "./check.ts";
import { unknownColumn } from "./column_names.ts";
import { RULE_TYPES } from "./column_rules.ts";
import { examplePartition } from "./placeholders.ts";
import { isAbove, isOf, notOfType, NUMBERS } from "./typed_text.ts";
import { takesRowsAway } from "./takes_rows_away.ts";

/** Names that the file gives must differ; generated ones do. */
export const checkNames: Check = ({ placedChecks }, report) => {
  const seen = new Set<string>();
  for (const { check: { name }, path } of placedChecks) {
    if (seen.has(name)) {
      report.value([...path, "name"], "spec/name_clash", `Two checks are called "${name}"`);
    }
    seen.add(name);
  }
};

/** Types whose columns each kind can look at; every one where there is nothing to say. */
const TYPES: { readonly [Kind in CheckSpec["kind"]]?: RegExp } = {
  unique: /^(?!json$)/,
  range: RULE_TYPES.min,
  accepted_values: RULE_TYPES.one_of,
  foreign_key: /^(?!json$)/,
  freshness: /^(date|timestamp|timestamptz)$/,
  drift: NUMBERS,
};

/** Checks name columns of a type that they can look at, and values that these can hold. */
export const checkColumns: Check = (spec, report) => {
  const columns = new Map(spec.columns.map((column) => [column.name, column]));
  const names = new Set(spec.columnNames);
  for (const { check, path, options } of spec.placedChecks) {
    const seen = new Set<string>();
    columnsOf(check).forEach((name, at) => {
      const place = "column" in options
        ? [...path, "column"]
        : [...path, ...(Array.isArray(options) ? [] : ["columns"]), at];
      if (!names.has(name)) {
        unknownColumn(name, place, spec.columnNames, report);
        return;
      }
      if (seen.has(name)) report.value(place, "spec/name_clash", `"${name}" is named twice`);
      seen.add(name);
      const column = columns.get(name);
      // Something else is wrong with the column.
      if (column === undefined) return;
      if (!(TYPES[check.kind] ?? /./).test(column.type.name)) {
        report.value(
          place,
          "spec/unsuitable_rule",
          `"${check.kind}" cannot look at "${name}", which is ${column.type.name}`,
        );
        return;
      }
      checkValues(check, column, path, spec.partitions, report);
    });
  }
};

function checkValues(
  check: CheckSpec,
  { type }: ColumnSpec,
  path: Path,
  partitions: PartitionsSpec | null,
  report: Report,
): void {
  if (check.kind === "accepted_values") {
    check.values.forEach((value, at) => {
      if (isOf(type, value)) return;
      report.value([...path, "values", at], "spec/bad_rule_value", ...notOfType(type, value));
    });
  }
  if (check.kind !== "range") return;
  const { min, max } = check;
  for (const [key, limit] of [["min", min], ["max", max]] as const) {
    if (limit === null) continue;
    const value = exampleOf(limit, partitions);
    if (value === null || isOf(type, value)) continue;
    report.value([...path, key], "spec/bad_rule_value", ...notOfType(type, value));
  }
  const fixed = min !== null && max !== null && placeholdersOf(min + max).length === 0;
  if (fixed && isAbove(type, min, max)) {
    report.value([...path, "min"], "spec/bad_limits", `"${min}" is above "${max}"`);
  }
}

/** A limit as some partition has it; null where that would say nothing of the others. */
function exampleOf(limit: string, partitions: PartitionsSpec | null): string | null {
  if (placeholdersOf(limit).length === 0) return limit;
  if (partitions === null || partitions.by === "list") return null;
  const value = fillTemplate(limit, partitions.by, examplePartition(partitions.by));
  // What is left over is told where placeholders are.
  return placeholdersOf(value).length === 0 ? value : null;
}

/** What a check compares with is there, and its settings go together. */
export const checkSettings: Check = (spec, report) => {
  for (const placed of spec.placedChecks) {
    const { check, path, options } = placed;
    switch (check.kind) {
      case "row_count": {
        const { min, max, equals, change, window } = check;
        requireOne(placed, { min, max, equals, change }, report);
        excludeEach(placed, "equals", { equals, min, max }, report);
        limitsInOrder(placed, min, max, report);
        if (window !== null && change === null) {
          report.key(
            [...path, "window"],
            "spec/contradiction",
            `"window" has no effect without "change"`,
          );
        }
        break;
      }
      case "range":
        requireOne(placed, { min: check.min, max: check.max }, report);
        break;
      case "sql": {
        const { expect, min, max } = check;
        requireOne(placed, { expect, min, max }, report);
        excludeEach(placed, "expect", { expect, min, max }, report);
        limitsInOrder(placed, min, max, report);
        break;
      }
      case "foreign_key": {
        const { columns, references } = check;
        if (columns.length === 0) {
          report.key(path, "spec/missing_key", `"foreign_key" has no "column"`);
        } else if ("column" in options && "columns" in options) {
          report.key(
            [...path, "columns"],
            "spec/contradiction",
            `"column" and "columns" exclude each other`,
          );
        } else if (columns.length !== references.columns.length) {
          report.value(
            [...path, "references"],
            "spec/contradiction",
            `The numbers of columns differ: ${columns.length} and ${references.columns.length}`,
          );
        }
        break;
      }
      case "row_diff":
        requireOne(
          placed,
          { added: check.added, deleted: check.deleted, changed: check.changed },
          report,
        );
        diffHasMeaning(placed, spec, report);
        break;
    }
  }
};

/** A mode that never removes or changes rows has nothing to limit. */
function diffHasMeaning(
  { path, check }: PlacedCheck,
  { idempotencyKey, refresh }: Parameters<Check>[0],
  report: Report,
): void {
  if (check.kind !== "row_diff") return;
  if (idempotencyKey.length === 0) {
    report.key(
      path,
      "spec/contradiction",
      `"row_diff" needs "idempotency_key", which identifies a row`,
    );
  }
  const { mode } = refresh;
  if (check.deleted !== null && !takesRowsAway(refresh)) {
    report.key([...path, "deleted"], "spec/contradiction", `"${mode}" deletes no rows`);
  }
  if (check.changed !== null && mode === "append") {
    report.key([...path, "changed"], "spec/contradiction", `"append" changes no rows`);
  }
}

type Settings = Readonly<Record<string, unknown>>;

function requireOne({ check, path }: PlacedCheck, settings: Settings, report: Report): void {
  if (Object.values(settings).some((value) => value !== null)) return;
  const keys = Object.keys(settings);
  const hint = `Add ${keys.slice(0, -1).join(", ")} or ${keys.at(-1)}`;
  report.key(path, "spec/missing_key", `"${check.kind}" has no limit`, hint);
}

/** One setting says all that the others could. */
function excludeEach({ path }: PlacedCheck, key: string, settings: Settings, report: Report): void {
  const others = Object.keys(settings).filter((other) => other !== key && settings[other] !== null);
  if (settings[key] === null || others.length === 0) return;
  report.key(
    [...path, others[0]],
    "spec/contradiction",
    `"${key}" and "${others[0]}" exclude each other`,
  );
}

function limitsInOrder(
  { path }: PlacedCheck,
  min: number | null,
  max: number | null,
  report: Report,
): void {
  if (min === null || max === null || min <= max) return;
  report.value([...path, "min"], "spec/bad_limits", `"${min}" is above "${max}"`);
}

function columnsOf(check: CheckSpec): readonly string[] {
  return "columns" in check ? check.columns : "column" in check ? [check.column] : [];
}

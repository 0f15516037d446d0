import { typeText } from "../column_type.ts";
import { fillTemplate, placeholdersOf } from "../../core/period.ts";
import type { CheckSpec, ColumnSpec, PartitionsSpec } from "../pipeline_spec.ts";
import { keysOf, placeAt } from "../keys.ts";
import type { Report } from "../report.ts";
import { plugOf } from "../schema/checks/mod.ts";
import type { Path } from "../yaml_tree.ts";
import type { Check, PlacedCheck } from "./check.ts";
import { unknownColumn } from "./column_names.ts";
import { examplePartition } from "./placeholders.ts";
import { isAbove, isOf, notOfType } from "./typed_text.ts";
import { takesRowsAway } from "../../core/takes_rows_away.ts";

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
      if (!(plugOf(check.kind).types ?? /./).test(column.type.name)) {
        report.value(
          place,
          "spec/unsuitable_rule",
          `"${check.kind}" cannot look at "${name}", which is ${typeText(column.type)}`,
        );
        return;
      }
      checkOptions(check, column, path, Object.keys(options), report);
      checkValues(check, column, path, spec.partitions, report);
    });
  }
};

/** An option is of a kind that the column's type has. */
function checkOptions(
  { kind }: CheckSpec,
  { name, type }: ColumnSpec,
  path: Path,
  given: readonly string[],
  report: Report,
): void {
  for (const option of keysOf(placeAt(path))) {
    if (!given.includes(option.name) || (option.meta.types?.test(type.name) ?? true)) continue;
    report.key(
      [...path, option.name],
      "spec/unsuitable_rule",
      `"${kind}" of "${name}", which is ${typeText(type)}, has no "${option.name}"`,
    );
  }
}

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

/** The options of a check go together. */
export const checkSettings: Check = (spec, report) => {
  for (const { check, path, options } of spec.placedChecks) {
    const at = (option: string | null) => option === null ? path : [...path, option];
    plugOf(check.kind).settings?.(check, {
      key: (option, code, message, hint) => report.key(at(option), code, message, hint),
      value: (option, code, message, hint) => report.value(at(option), code, message, hint),
    }, Object.keys(options));
  }
};

/** What a check compares with is there. */
export const checkComparisons: Check = (spec, report) => {
  for (const placed of spec.placedChecks) diffHasMeaning(placed, spec, report);
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

function columnsOf(check: CheckSpec): readonly string[] {
  return "columns" in check ? check.columns : "column" in check ? [check.column] : [];
}

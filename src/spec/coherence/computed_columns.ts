import type { ColumnSpec } from "../pipeline_spec.ts";
import type { Report } from "../report.ts";
import type { Check } from "./check.ts";

/** Columns that are computed are not read, and those that the table does not have are used. */
export const computedColumns: Check = (spec, report, input) => {
  const { columns, passing = [], target } = spec;
  for (const column of columns) {
    if (column.expression !== undefined) computed(column, report, input.columns[column.name]);
  }
  const isComputed = columns.some(({ expression }) => expression !== undefined);
  for (const { name, expression } of passing) {
    const path = ["columns", name, "keep"];
    if (expression !== undefined) {
      report.key(
        path,
        "spec/contradiction",
        `"${name}" is computed, and nothing would use it`,
        `Put its SQL into the expressions that need it, or leave "keep" out`,
      );
    } else if (!isComputed && columns.length === spec.columnNames.length) {
      report.key(
        path,
        "spec/contradiction",
        `"${name}" is read, and no expression uses it`,
        "A field that no column reads is left out by schema_contract: { new_columns: discard_value }",
      );
    } else if (target.partitionColumn === name) {
      report.value(
        ["target", "partition_column"],
        "spec/bad_partition_column",
        `"${name}" is a column that the table does not have`,
        `Leave its "keep" out`,
      );
    }
  }
  if (columns.length === 0 && passing.length > 0) {
    report.key(["columns"], "spec/contradiction", `The table would have no column`);
  } else if (
    passing.length === 0 && columns.length > 0 && columns.length === spec.columnNames.length &&
    columns.every(({ expression }) => expression !== undefined)
  ) {
    report.key(
      ["columns"],
      "spec/contradiction",
      "Every column is computed, and none is read",
      `Read at least one; with "keep: false" the table does not have it`,
    );
  }
};

/** What is done with a text on its way, and what SQL says in its place. */
const IN_SQL: Readonly<Record<string, string>> = {
  from: "Name the column that is read in the expression",
  default: "Write coalesce(…, default)",
  pattern: "Write a condition under rules",
  format: "Write to_timestamp(text, format), or read the text by a column with a format",
  timezone: "Write (…) at time zone 'Europe/Berlin'",
};

function computed(
  { name, rules, options }: ColumnSpec,
  report: Report,
  input: Readonly<Record<string, unknown>>,
): void {
  const wrong = [
    ...["from", "default"].filter((key) => input[key] !== undefined),
    ...(rules.pattern === undefined ? [] : ["pattern"]),
    ...Object.keys(options),
  ];
  for (const key of wrong) {
    report.key(
      ["columns", name, key],
      "spec/contradiction",
      `"${name}" is computed, and "${key}" is about a field that is read`,
      IN_SQL[key] ?? "Give the option to the column that is read, and use it in the expression",
    );
  }
}

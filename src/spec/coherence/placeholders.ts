import { didYouMean } from "../../core/did_you_mean.ts";
import {
  fillPlaceholder,
  fillTemplate,
  firstPartitions,
  isPeriod,
  PERIOD_EXAMPLES,
  placeholdersOf,
  resolveBound,
} from "../../core/period.ts";
import type { PartitionsSpec } from "../pipeline_spec.ts";
import type { Report } from "../report.ts";
import type { Path } from "../yaml_tree.ts";
import type { Check } from "./check.ts";
import { SOME_DAY } from "./partitions.ts";
import { addressesOf } from "./source_address.ts";

/** The partition can fill each placeholder of a rule's SQL. */
export const rulePlaceholders: Check = ({ partitions, rules }, report, input) => {
  for (const rule of rules) {
    const short = typeof input.rules[rule.name] === "string";
    const path = ["rules", rule.name, ...(short ? [] : ["check"])];
    requireFillable(rule.check, path, partitions, [], report);
  }
};

/** The partition can fill each placeholder of an expression. */
export const expressionPlaceholders: Check = ({ partitions, columns }, report) => {
  for (const { name, expression } of columns) {
    if (expression === undefined) continue;
    requireFillable(expression, ["columns", name, "expression"], partitions, [], report);
  }
};

/** The partition can fill each placeholder of a check; a query also names its tables so. */
export const checkPlaceholders: Check = ({ partitions, placedChecks }, report) => {
  for (const { check, path } of placedChecks) {
    if (check.kind === "sql") {
      requireFillable(check.query, [...path, "query"], partitions, ["staging", "target"], report);
    }
    if (check.kind !== "range") continue;
    requireFillable(check.min ?? "", [...path, "min"], partitions, [], report);
    requireFillable(check.max ?? "", [...path, "max"], partitions, [], report);
  }
};

/** The partition can fill each placeholder of the query of a source. */
export const queryPlaceholders: Check = ({ partitions, source: { query } }, report) => {
  if (query !== undefined) requireFillable(query, ["source", "query"], partitions, [], report);
};

/** Braces around anything but a name are SQL's own. */
function requireFillable(
  sql: string,
  path: Path,
  partitions: PartitionsSpec | null,
  tables: readonly string[],
  report: Report,
): void {
  for (const { text, name, pattern } of placeholdersOf(sql)) {
    if (!/^[a-z_]+$/i.test(name) || (tables.includes(name) && pattern === null)) continue;
    const by = partitions?.by ?? null;
    if (by !== null && fillPlaceholder(by, examplePartition(by), name, pattern) !== null) continue;
    const table = didYouMean(name, tables);
    const isPartition = isPeriod(name) || name === "partition";
    if (by === null && isPartition) {
      report.part(path, text, "spec/bad_placeholder", `"${text}" needs partitions`);
      continue;
    }
    report.part(
      path,
      text,
      "spec/bad_placeholder",
      by === null ? `"${text}" has no value` : `Partitions by ${by} have no "${text}"`,
      table !== null
        ? `Did you mean "{${table}}"?`
        : by === "list"
        ? `Write {partition}`
        : by !== null
        ? `Write {${by}:start} or {${by}:end}`
        : null,
    );
  }
}

/** The partition can fill each placeholder of the addresses, and of the pattern of members. */
export const placeholders: Check = ({ partitions, source }, report) => {
  const members = source.members === undefined
    ? []
    : [{ text: source.members, path: ["source", "members"] }];
  const checksum = source.checksum === undefined
    ? []
    : [{ text: source.checksum, path: ["source", "checksum"] }];
  const table = source.table === undefined
    ? []
    : [{ text: source.table, path: ["source", "table"] }];
  const all = [...addressesOf(source), ...members, ...checksum, ...table];
  for (const { text: template, path } of all) {
    for (const { text, name, pattern } of placeholdersOf(template)) {
      if (!isPeriod(name) && name !== "partition" && name !== "list") continue;
      if (partitions === null) {
        report.part(path, text, "spec/bad_placeholder", `"${text}" needs partitions`);
        continue;
      }
      const { by } = partitions;
      if (fillPlaceholder(by, examplePartition(by), name, pattern) !== null) continue;
      report.part(
        path,
        text,
        "spec/bad_placeholder",
        `Partitions by ${by} cannot fill "${text}"`,
        by === "list"
          ? `Write "{partition}"`
          : `Write "{${by}}", or parts of it such as "{${by}:yyyy}"`,
      );
    }
  }
};

/** Each partition has a source of its own. */
export const missingPlaceholder: Check = ({ partitions, source }, report) => {
  if (partitions === null) return;
  const { by } = partitions;
  const example = examplePartition(by);
  // A file of several partitions would be in the table several times; its members are files too.
  const { table, query } = source;
  const templates = addressesOf(source).map(({ text, path }) => ({
    text: `${text}#${source.members ?? table ?? query ?? ""}`,
    path: query !== undefined
      ? ["source", "query"]
      : table !== undefined
      ? ["source", "table"]
      : path,
  }));
  const unfilled = templates.some(({ text }) =>
    placeholdersOf(text).some(({ name, pattern }) =>
      // Other braces of SQL are its own.
      (query === undefined || isPeriod(name) || name === "partition") &&
      fillPlaceholder(by, example, name, pattern) === null
    )
  );
  // Told already: filled rightly it may well tell the partitions apart.
  if (unfilled) return;
  const some = somePartitions(partitions);
  for (const { text, path } of templates) {
    const seen = new Map<string, string>();
    for (const partition of some) {
      const url = fillTemplate(text, by, partition);
      const other = seen.get(url);
      if (other === undefined) {
        seen.set(url, partition);
        continue;
      }
      const isDatabase = table !== undefined || query !== undefined;
      report.value(
        path,
        "spec/missing_placeholder",
        `Partitions "${other}" and "${partition}" would load the same ${
          isDatabase ? "rows" : "file"
        }`,
        isDatabase
          ? `Write a query with its rows: ${
            by === "list" ? "where … = {partition}" : `where … >= {${by}:start} and … < {${by}:end}`
          }`
          : `Put "{${by === "list" ? "partition" : by}}" in place of its name`,
      );
      break;
    }
  }
};

/** The name of a partition, as good as any other. */
export function examplePartition(by: PartitionsSpec["by"]): string {
  return by === "list" ? "a" : PERIOD_EXAMPLES[by];
}

/** As many as show whether two share a file: days of more than a year, for example. */
const SAMPLE = 1000;

/** The first partitions; where one bound is fixed and one moves with the day, those beside it. */
function somePartitions(partitions: PartitionsSpec): readonly string[] {
  const { by, from, to, values } = partitions;
  if (by === "list") return [...new Set(values)];
  const bounds = [from, to].filter((bound) => bound !== null);
  if (bounds.length < 2 || bounds.some((bound) => resolveBound(by, bound, SOME_DAY) === null)) {
    return [];
  }
  const fixed = bounds.filter((bound) => !bound.startsWith("current"));
  const relative = `current-${SAMPLE}`;
  // Which day a moving bound stands at does not matter: it is taken for one that is far enough.
  const range = fixed.length === 1
    ? { by, from: relative, to: "current", values }
    : { by, from, to, values };
  const day = fixed.length === 1 ? resolveBound(by, fixed[0], SOME_DAY)! : SOME_DAY;
  return firstPartitions(range, day, SAMPLE);
}

import { didYouMean } from "../core/did_you_mean.ts";
import type { SpecCode } from "./codes.ts";
import { FORMAT_NAMES } from "./formats/mod.ts";
import { isCut } from "./column_type.ts";
import { hintOfValue, hintOfWord, keyOfWord, keysAt } from "./keys.ts";
import type { Report } from "./report.ts";
import type { Path, Tree } from "./yaml_tree.ts";
import type { z } from "./zod.ts";

type Issue = z.core.$ZodIssue;

/** Reports the schema's issues where they stand, except below `silent` paths. */
export function reportIssues(
  issues: readonly Issue[],
  input: unknown,
  tree: Tree,
  report: Report,
  silent: readonly Path[],
): void {
  for (const issue of issues) {
    reportIssue(issue, [], input, tree, report, silent);
  }
}

/** Where the schema's issues are; `unknown` keys mean nothing for what stands beside them. */
export interface SchemaFault {
  readonly path: Path;
  readonly unknown: boolean;
}

/** The places of the schema's issues, those of unions in the branch that was meant. */
export function faultsOf(issues: readonly Issue[], above: Path = []): SchemaFault[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...pathOf(issue)];
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ path: [...path, key], unknown: true }));
    }
    const branch = issue.code === "invalid_union" ? nearestBranch(issue.errors) : null;
    return branch === null ? [{ path, unknown: false }] : faultsOf(branch, path);
  });
}

function reportIssue(
  issue: Issue,
  above: Path,
  input: unknown,
  tree: Tree,
  report: Report,
  silent: readonly Path[],
): void {
  const path = [...above, ...pathOf(issue)];
  if (silent.some((quiet) => quiet.every((step, at) => step === path[at]))) return;
  const name = path.length === 0 ? "The file" : `"${path.join(".")}"`;
  const value = valueAt(input, path);
  switch (issue.code) {
    case "unrecognized_keys":
      for (const key of issue.keys) {
        const full = [...path, key];
        if (silent.some((quiet) => samePath(quiet, full))) continue;
        const type = valueAt(input, [...path, "type"]);
        // What is left of `numeric(10,2)`, which is told at its type.
        if (/^-?\d+\s*\)$/.test(key) && typeof type === "string" && isCut(type)) continue;
        const where = path.length === 0 ? "" : ` in "${path.join(".")}"`;
        const known = keysAt(path, type);
        const near = didYouMean(key, known);
        report.key(
          full,
          "spec/unknown_key",
          `Unknown key "${key}"${where}`,
          hintOfWord(key, path) ?? insideHint(key, path) ?? nearHint(near) ??
            (known.length > 0 ? `Keys: ${known.join(", ")}` : null),
        );
      }
      return;
    case "invalid_union": {
      if (value === undefined) {
        const inner = { code: "invalid_type", expected: "string", path: [] } as unknown as Issue;
        reportIssue(inner, path, input, tree, report, silent);
        return;
      }
      const branch = nearestBranch(issue.errors);
      if (branch !== null) {
        for (const inner of branch) reportIssue(inner, path, input, tree, report, silent);
        return;
      }
      const first = issue.errors.flat().find(({ code }) => code !== "invalid_type");
      if (first !== undefined && typeof value !== "object") {
        reportIssue(first, path, input, tree, report, silent);
        return;
      }
      const kinds = issue.errors.flat().flatMap((each) =>
        each.code === "invalid_type" ? kindOf(each.expected) : []
      );
      report.value(
        path,
        "spec/wrong_type",
        `${name} must be ${[...new Set(kinds)].join(" or ") || "of another kind"}` +
          (path[0] === "source" ? `, not ${describe(value)}` : ""),
        path.length === 2 && path[0] === "columns" ? `Write "${path[1]}: text", for example` : null,
      );
      return;
    }
    case "invalid_type":
      if (value === undefined) {
        const key = path.at(-1);
        const section = path.slice(0, -1);
        const where = section.length === 0 ? "The file" : `"${section.join(".")}"`;
        if (isMisspelt(String(key), valueAt(input, section), section)) return;
        report.key(section, "spec/missing_key", `${where} has no "${key}"`, missingHint(path));
        return;
      }
      report.value(
        path,
        "spec/wrong_type",
        `${name} must be ${kindOf(issue.expected)}, not ${describe(value)}`,
        kindHint(issue.expected, value, path),
      );
      return;
    case "invalid_value": {
      if (value === undefined) {
        const section = path.slice(0, -1);
        if (isMisspelt(String(path.at(-1)), valueAt(input, section), section)) return;
        report.key(
          section,
          "spec/missing_key",
          `"${section.join(".")}" has no "${path.at(-1)}"`,
          `Values: ${valuesAt(path, issue.values).join(", ")}`,
        );
        return;
      }
      const values = valuesAt(path, issue.values).map(String);
      const near = typeof value === "string" ? didYouMean(value, values) : null;
      report.value(
        path,
        "spec/wrong_value",
        `${name} cannot be ${describe(value)}`,
        hintOfValue(value, valuePlace(path)) ?? nearHint(near) ?? `Values: ${values.join(", ")}`,
      );
      return;
    }
    case "custom": {
      if (issue.message.startsWith("Expected")) break;
      const code = (issue.params?.code ?? "spec/wrong_value") as SpecCode;
      const hint = issue.params?.hint;
      report.value(path, code, issue.message, typeof hint === "string" ? hint : null);
      return;
    }
    case "too_small":
    case "too_big": {
      const bound = issue.code === "too_small"
        ? `at least ${issue.minimum}`
        : `at most ${issue.maximum}`;
      const message = issue.origin === "string" || issue.origin === "array"
        ? issue.message.startsWith("Expected")
          ? `${name} cannot be ${describe(value)}: ${lowerFirst(issue.message)}`
          : `${name} cannot be empty`
        : `${name} must be ${bound}`;
      const hint = path[0] === "columns" && path[2] === "from"
        ? "A field without a name is read by its position, from 1: from: 3"
        : null;
      report.value(path, "spec/wrong_value", message, hint);
      return;
    }
  }
  report.value(
    path,
    /^(pipeline|target\.table)$/.test(path.join(".")) ? "spec/bad_name" : "spec/wrong_value",
    `${name} cannot be ${describe(value)}`,
    issue.message.startsWith("Expected") ? issue.message : null,
  );
}

/** Whether an unknown key of the section stands for the one that is missing: that is told already. */
function isMisspelt(missing: string, section: unknown, path: Path): boolean {
  const known = keysAt(path, valueAt(section, ["type"]));
  return typeof section === "object" && section !== null && Object.keys(section).some((key) => {
    if (known.includes(key)) return false;
    return (keyOfWord(key, path) ?? didYouMean(key, known)) === missing;
  });
}

/** The branch of a union that the value was meant for: the one of its `type`, or of its kind. */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const possible = branches.filter((issues) =>
    issues.length > 0 &&
    issues.every((issue) => issue.path.length > 0 || issue.code !== "invalid_type") &&
    issues.some((issue) => issue.path.length > 0 || issue.code !== "invalid_value")
  );
  const isOther = ({ path, code }: Issue) => path[0] === "type" && code === "invalid_value";
  return possible.find((issues) => !issues.some(isOther)) ?? possible[0] ?? null;
}

/** The values that a key can have: a branch of a union knows its own only. */
function valuesAt(path: Path, values: readonly unknown[]): readonly unknown[] {
  return isFormatType(path) ? FORMAT_NAMES : values;
}

/** Where other tools' words for a value are: `type` of a format has those of the format itself. */
function valuePlace(path: Path): Path {
  return isFormatType(path) ? path.slice(0, -1) : path;
}

function isFormatType(path: Path): boolean {
  return path.join("/") === "source/format/type";
}

function nearHint(near: string | null): string | null {
  return near === null ? null : `Did you mean "${near}"?`;
}

/** Options of a check stand behind its kind, not beside it. */
function insideHint(key: string, path: Path): string | null {
  return path[0] === "checks" && path.length === 2 && (key === "name" || key === "severity")
    ? `It belongs inside, as in "row_count: { ${key}: … }"`
    : null;
}

/** How the value that was most likely meant is written. */
function kindHint(expected: string, value: unknown, path: Path): string | null {
  if (path[0] === "checks" && path.length === 2 && typeof value === "string") {
    return `Write "${/^[a-z_]+/.exec(value)?.[0] ?? "row_count"}: { … }"`;
  }
  // What YAML takes for a mapping was a placeholder.
  if (expected === "string" && isPlaceholder(value)) return "Put it in quotes";
  if (value === null) return "Leave the key out, or write the value in quotes";
  if (expected === "boolean" && /^(yes|no|on|off|y|n)$/i.test(String(value))) {
    return `Write ${/^(yes|on|y)$/i.test(String(value)) ? "true" : "false"}`;
  }
  if ((expected === "number" || expected === "int") && typeof value === "string") {
    return /^\d+$/.test(value) ? "Leave out the quotes" : null;
  }
  if (expected === "array" && typeof value !== "object") return `Write [${value}]`;
  if (/^(object|record)$/.test(expected) && Array.isArray(value)) {
    return "Write each item as key: value, without a dash";
  }
  return null;
}

function isPlaceholder(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const values = Object.values(value);
  return values.length === 1 && values[0] === null;
}

function missingHint(path: Path): string | null {
  return path.length === 3 && path[0] === "columns" ? `Write "type: text", for example` : null;
}

function pathOf(issue: Issue): Path {
  return issue.path.map((step) => typeof step === "number" ? step : String(step));
}

function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((step, at) => step === b[at]);
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) {
      return undefined;
    }
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

function kindOf(expected: string): string {
  const kinds: Readonly<Record<string, string>> = {
    string: "text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
    array: "a list",
    object: "a mapping",
    record: "a mapping",
    null: "null",
  };
  return kinds[expected] ?? expected;
}

function describe(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return `"${String(value)}"`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

import type { z } from "zod";
import { didYouMean } from "../core/did_you_mean.ts";
import type { SpecCode } from "./codes.ts";
import { peerHint } from "./peer_words.ts";
import type { Report } from "./report.ts";
import { keysAt } from "./schema_keys.ts";
import type { Path, Tree } from "./yaml_tree.ts";

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

/** The keys that no section knows; without them the rest can still be checked. */
export function unknownKeys(issues: readonly Issue[], above: Path = []): Path[] | null {
  const paths: Path[] = [];
  for (const issue of issues) {
    const path = [...above, ...pathOf(issue)];
    if (issue.code === "unrecognized_keys") paths.push(...issue.keys.map((key) => [...path, key]));
    else if (issue.code === "invalid_union") {
      const branch = nearestBranch(issue.errors);
      const inner = branch === null ? null : unknownKeys(branch, path);
      if (inner === null) return null;
      paths.push(...inner);
    } else return null;
  }
  return paths;
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
        const where = path.length === 0 ? "" : ` in "${path.join(".")}"`;
        const known = keysAt(path);
        const near = didYouMean(key, known);
        report.key(
          full,
          "spec/unknown_key",
          `Unknown key "${key}"${where}`,
          near !== null
            ? `Did you mean "${near}"?`
            : peerHint(key) ?? (known.length > 0 ? `Keys: ${known.join(", ")}` : null),
        );
      }
      return;
    case "invalid_union": {
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
        `${name} must be ${[...new Set(kinds)].join(" or ") || "of another kind"}`,
      );
      return;
    }
    case "invalid_type":
      if (value === undefined) {
        const key = path.at(-1);
        const section = path.slice(0, -1);
        const where = section.length === 0 ? "The file" : `"${section.join(".")}"`;
        if (section.length === 0 && tree.kind !== "map") return;
        report.key(section, "spec/missing_key", `${where} has no "${key}"`, missingHint(path));
        return;
      }
      report.value(
        path,
        "spec/wrong_type",
        `${name} must be ${kindOf(issue.expected)}, not ${describe(value)}`,
        value === null ? "Leave the key out, or write the value in quotes" : null,
      );
      return;
    case "invalid_value": {
      if (value === undefined) {
        const section = path.slice(0, -1);
        report.key(
          section,
          "spec/missing_key",
          `"${section.join(".")}" has no "${path.at(-1)}"`,
          `Values: ${issue.values.join(", ")}`,
        );
        return;
      }
      const values = issue.values.map(String);
      const near = typeof value === "string" ? didYouMean(value, values) : null;
      report.value(
        path,
        "spec/wrong_value",
        `${name} cannot be ${describe(value)}`,
        near !== null
          ? `Did you mean "${near}"?`
          : (typeof value === "string" ? peerHint(value) : null) ?? `Values: ${values.join(", ")}`,
      );
      return;
    }
    case "custom": {
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
      report.value(path, "spec/wrong_value", message);
      return;
    }
    default:
      report.value(
        path,
        path.join(".") === "pipeline" || path.join(".") === "target.table"
          ? "spec/bad_name"
          : "spec/wrong_value",
        `${name} cannot be ${describe(value)}`,
        issue.message.startsWith("Expected") ? issue.message : null,
      );
  }
}

/** The branch of a union that the value was meant for: the one that takes its kind. */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  return branches.find((issues) =>
    issues.length > 0 &&
    issues.every((issue) => issue.path.length > 0 || issue.code !== "invalid_type") &&
    issues.some((issue) => issue.path.length > 0 || issue.code !== "invalid_value")
  ) ?? null;
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

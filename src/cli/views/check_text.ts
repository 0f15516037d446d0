import type { CheckReport } from "../../run/check_live.ts";
import type { CheckResult } from "../../core/result.ts";
import type { Paint } from "./paint.ts";
import { printable } from "./printable.ts";
import { renderTable, type TableCell } from "./table.ts";

/** What each check saw, then examples of what failed. */
export function checkReportText(report: CheckReport, paint: Paint): string {
  const { pipeline, checks, skipped } = report;
  if (checks.length === 0 && skipped.length === 0) {
    return `${pipeline} has no checks; docs/checks.md lists the kinds\n`;
  }
  const rows = checks.map((check): TableCell[] => [
    check.partition === null ? "whole table" : printable(check.partition),
    printable(check.name),
    verdict(check),
    printable(String(check.observed ?? "NULL")),
    printable(check.expected ?? ""),
  ]);
  const titles = ["partition", "check", "result", "observed", "expected"];
  return [
    checks.length === 0 ? "" : renderTable(titles.map((title) => ({ title })), rows, paint),
    ...checks.filter(({ examples }) => examples !== undefined).map(({ name, examples }) =>
      `${printable(name)}, for example: ${
        printable(examples!.map((example) => JSON.stringify(example)).join("  "))
      }\n`
    ),
    ...skipped.map((name) =>
      `${printable(name)} was left out: it looks at one partition, and the table has none\n`
    ),
  ].join("");
}

function verdict({ passed, severity }: CheckResult): TableCell {
  if (passed) return { text: "passed", style: "good" };
  return severity === "warn"
    ? { text: "warning", style: "warn" }
    : { text: "failed", style: "bad" };
}

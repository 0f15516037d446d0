import type { CheckReport } from "../../run/check_live.ts";
import type { CheckResult } from "../../core/result.ts";
import { printable } from "./printable.ts";
import { type Screen, wrap } from "./screen.ts";
import { renderTable, type TableCell, type TableColumn } from "./table.ts";

/** What each check saw, then examples of what failed. */
export function checkReportText(report: CheckReport, screen: Screen): string {
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
  const columns: TableColumn[] = [
    { title: "partition", cut: "end" },
    { title: "check", cut: "end", least: 16 },
    { title: "result" },
    { title: "observed", cut: "end", least: 12 },
    { title: "expected", cut: "end", least: 12 },
  ];
  return [
    checks.length === 0 ? "" : renderTable(columns, rows, screen),
    ...checks.filter(({ examples }) => examples !== undefined).map(({ name, examples }) =>
      wrap(
        `${printable(name)}, for example: ${
          printable(examples!.map((example) => JSON.stringify(example)).join("  "))
        }`,
        screen.width,
        2,
      ) + "\n"
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

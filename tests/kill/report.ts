import type { Tried } from "./harness.ts";

/** How many points were tried, and what was live after them: by kind, pipeline and stage; Markdown. */
export function report(tried: readonly Tried[]): string {
  const by = (title: string, keyOf: (each: Tried) => string | null) => {
    const keys = [...new Set(tried.map(keyOf))].filter((key) => key !== null);
    const rows = keys.map((key) => [key, ...outcomes(tried.filter((each) => keyOf(each) === key))]);
    return { title, rows };
  };
  const tables = [
    by("interrupted by", ({ kind }) => kind),
    by("pipeline", ({ pipeline }) => pipeline),
    by("stage, where the point is a step", ({ stage }) => stage),
  ];
  return tables
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, rows }, at) =>
      table([title, ...OUTCOMES], at === 0 ? [...rows, ["all", ...outcomes(tried)]] : rows)
    )
    .join("\n\n");
}

const OUTCOMES = ["points", "old live", "new live", "of these not exit 0", "some live", "broken"];

function outcomes(tried: readonly Tried[]): string[] {
  const verdict = (wanted: string) =>
    count(tried, ({ result }) => "verdict" in result && result.verdict === wanted);
  return [
    String(tried.length),
    verdict("old"),
    verdict("new"),
    count(tried, ({ result }) => "verdict" in result && result.understated),
    verdict("some partitions new"),
    count(tried, ({ result }) => "broken" in result),
  ];
}

function count(tried: readonly Tried[], wanted: (each: Tried) => boolean): string {
  return String(tried.filter(wanted).length);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at].length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at])).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

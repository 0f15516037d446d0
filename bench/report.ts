import { formatCount } from "../src/core/format_text.ts";
import type { Machine } from "./machine.ts";
import { type PeersFile, type ShapesFile, speedup, summarize } from "./results.ts";

/** How a column of a table stands. */
type Align = "left" | "right";

/** A Markdown table as `deno fmt` writes it. */
export function markdownTable(
  columns: readonly (readonly [title: string, align: Align])[],
  rows: readonly (readonly string[])[],
): string[] {
  const widths = columns.map(([title], at) =>
    Math.max(3, title.length, ...rows.map((row) => row[at].length))
  );
  const pad = (text: string, at: number) =>
    columns[at][1] === "right" ? text.padStart(widths[at]) : text.padEnd(widths[at]);
  const line = (cells: readonly string[]) => `| ${cells.map(pad).join(" | ")} |`;
  const rule = columns.map(([, align], at) =>
    align === "right" ? `${"-".repeat(widths[at] - 1)}:` : "-".repeat(widths[at])
  );
  return [line(columns.map(([title]) => title)), `| ${rule.join(" | ")} |`, ...rows.map(line)];
}

/** Tools against `\copy`, the fastest first, then those that failed or are not there. */
export function peersTable(file: PeersFile): string[] {
  const base = copyOf(file).loads;
  const rows = file.results
    .map((result) => ({ result, sum: summarize(result.loads) }))
    .toSorted((a, b) => a.sum.seconds - b.sum.seconds)
    .map(({ result, sum }) => [
      emphasis(`${result.peer} ${result.version}`, result.peer === "Sluice"),
      result.setting,
      seconds(sum.seconds),
      `${speedup(result.loads, base).toFixed(2)}×`,
      seconds(sum.clientCpuSeconds),
      seconds(sum.serverCpuSeconds),
      megabytes(sum.peakBytes),
      result.how,
    ]);
  const table = markdownTable(
    [
      ["tool", "left"],
      ["setting", "left"],
      ["s", "right"],
      ["of `\\copy`'s speed", "right"],
      ["client CPU s", "right"],
      ["Postgres CPU s", "right"],
      ["peak MB", "right"],
      ["how", "left"],
    ],
    rows,
  );
  const failed = file.failed.map(({ peer, setting, version, why }) =>
    `- ${peer} ${version}, ${setting}: ${why}`
  );
  const missing = file.missing.map(({ peer, install }) =>
    `- ${peer} was not there${install === null ? "" : `: \`${install}\``}`
  );
  const notes = [...failed, ...missing];
  return notes.length === 0 ? table : [...table, "", ...notes];
}

/** Sluice against psql, for each kind of work. */
export function shapesTable({ duels }: ShapesFile): string[] {
  const rows = duels.map(({ title, rows, ours, theirs }) => {
    const [own, other] = [summarize(ours), summarize(theirs)];
    return [
      title,
      formatCount(rows),
      seconds(own.seconds),
      seconds(other.seconds),
      `${speedup(ours, theirs).toFixed(2)}×`,
      formatCount(rows / own.seconds),
      `${seconds(own.clientCpuSeconds)} + ${seconds(own.serverCpuSeconds)}`,
      `${seconds(other.clientCpuSeconds)} + ${seconds(other.serverCpuSeconds)}`,
      megabytes(own.peakBytes),
    ];
  });
  return markdownTable(
    [
      ["work", "left"],
      ["rows", "right"],
      ["Sluice s", "right"],
      ["psql s", "right"],
      ["faster", "right"],
      ["rows/s", "right"],
      ["CPU s, client + Postgres", "right"],
      ["psql's", "right"],
      ["peak MB", "right"],
    ],
    rows,
  );
}

/** What the others are compared with. */
export function copyOf({ results }: PeersFile) {
  const copy = results.find(({ peer, setting }) => peer === "psql \\copy" && setting === "default");
  if (copy === undefined) throw new Error("Without psql there is nothing to compare with");
  return copy;
}

/** `2026-11-30, 2 × Intel …, 24 GB, linux x86_64, Postgres 18.4, Deno 2.9.6` */
export function machineLine(machine: Machine): string {
  const memory = `${Math.round(machine.memoryBytes / 1e9)} GB`;
  return `${machine.date}, ${machine.cores} cores of ${machine.cpu}, ${memory}, ${machine.system}, ` +
    `Postgres ${machine.postgres} on the same cores, Deno ${machine.deno}`;
}

/** `1,369,765 rows of 18 columns, 123.7 MB` */
export function fileLine({ rows, columns, bytes }: PeersFile["file"]): string {
  return `${formatCount(rows)} rows of ${columns} columns, ${(bytes / 1e6).toFixed(1)} MB`;
}

function emphasis(text: string, isOurs: boolean): string {
  return isOurs ? `**${text}**` : text;
}

function seconds(value: number | null): string {
  return value === null ? "-" : value.toFixed(value < 10 ? 2 : 1);
}

function megabytes(value: number | null): string {
  return value === null ? "-" : String(Math.round(value / 1e6));
}

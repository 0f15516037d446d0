import { formatCount } from "../src/core/format_text.ts";
import type { Machine } from "./machine.ts";
import { median } from "./measure.ts";
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
    `- ${peer} ${version}, ${setting}: ${code(why)}`
  );
  const missing = file.missing.map(({ peer, install }) =>
    `- ${peer} was not there${install === null ? "" : `: ${code(install)}`}`
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

/** Phases of Sluice's own runs, for the work that goes through most of them. */
export function phasesTable({ duels }: ShapesFile): string[] {
  const shown = duels.filter(({ id }) => ["month", "key", "upsert", "year"].includes(id));
  const phases = [
    ...new Set(shown.flatMap(({ ours }) => ours.flatMap((load) => Object.keys(load.phases)))),
  ];
  const rows = phases.map((phase) => [
    `\`${phase}\``,
    ...shown.map(({ ours }) => {
      const values = ours.flatMap(({ phases }) => phases[phase] === undefined ? [] : phases[phase]);
      return values.length === 0 ? "" : seconds(median(values));
    }),
  ]);
  const whole = shown.map(({ ours }) => seconds(summarize(ours).seconds));
  return markdownTable(
    [["phase", "left"], ...shown.map(({ title }) => [title, "right"] as const)],
    [...rows, ["the whole process", ...whole]],
  );
}

/** The month, in a sentence for the first page. */
export function monthSentence({ duels, machine }: ShapesFile): string {
  const month = duels.find(({ id }) => id === "month");
  if (month === undefined) throw new Error("There is no month among the results");
  const [own, other] = [summarize(month.ours), summarize(month.theirs)];
  return `One month of trips, ${formatCount(month.rows)} rows of 18 columns, on ${machine.cores} ` +
    "cores that Postgres shares: from `.csv.gz`, every field typed and checked, published with its " +
    `ledger row, in ${own.seconds.toFixed(1)} s and ${megabytes(own.peakBytes)} MB of memory. ` +
    `\`\\copy\` of the uncompressed file takes ${
      other.seconds.toFixed(1)
    } s on the same server and ` +
    "checks nothing.";
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
    `Postgres ${machine.postgres} on the same cores, Deno ${machine.deno}` +
    busy(machine.busyCores);
}

/** Whoever measures while others work should say so. */
function busy(cores: number | null): string {
  if (cores === null || cores < 0.2) return "";
  return `; others were at work meanwhile, on ${cores.toFixed(1)} cores`;
}

/** `1,369,765 rows of 18 columns, 123.7 MB` */
export function fileLine({ rows, columns, bytes }: PeersFile["file"]): string {
  return `${formatCount(rows)} rows of ${columns} columns, ${(bytes / 1e6).toFixed(1)} MB`;
}

/** In one piece, whatever is in it. */
function code(text: string): string {
  return `\`${text.replaceAll("`", "'")}\``;
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

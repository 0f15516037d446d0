import { formatCount, formatDuration } from "../../core/format_text.ts";
import type { Standing } from "../../ledger/mod.ts";
import type { Finding } from "../doctor/finding.ts";
import type { Paint } from "./paint.ts";
import { printable } from "./printable.ts";
import { STATUS_STYLES } from "./run_text.ts";
import { renderTable, type TableCell } from "./table.ts";

/** A pipeline of a folder: how it stands, and when it starts next. */
export interface PipelineStanding extends Standing {
  readonly file: string;
  /** ISO 8601, UTC; null: only by hand. */
  readonly next: string | null;
}

/** One line for each pipeline. */
export function standingsText(
  standings: readonly PipelineStanding[],
  now: Date,
  paint: Paint,
): string {
  return renderTable(
    [
      { title: "pipeline" },
      { title: "live", align: "right" },
      { title: "rows", align: "right" },
      { title: "age", align: "right" },
      { title: "last run" },
      { title: "started" },
      { title: "rejects", align: "right" },
      { title: "next start" },
    ],
    standings.map(({ pipeline, partitions, version, rows, published_at, last, next }) => [
      printable(pipeline),
      version === null ? "-" : partitions === 1 ? `v${version}` : `${partitions} partitions`,
      version === null ? "-" : formatCount(rows),
      published_at === null ? "-" : ago(published_at, now),
      last === null
        ? { text: "never", style: "faint" } as TableCell
        : { text: last.status, style: STATUS_STYLES[last.status] },
      last === null ? "-" : `${ago(last.started_at, now)} ago`,
      last === null ? "-" : formatCount(last.rows_rejected),
      next === null ? "by hand" : `in ${formatDuration((Date.parse(next) - now.getTime()) / 1000)}`,
    ]),
    paint,
  );
}

/** How long ago, in one unit: `3 min`, `5 h`, `12 days`. */
function ago(iso: string, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - Date.parse(iso)) / 1000);
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

const WORDS = { ok: "ok", warning: "warning", bad: "BAD" } as const;
const STYLES = { ok: "good", warning: "warn", bad: "bad" } as const;

/** One line for each finding, and what to do below those that ask for something. */
export function findingsText(findings: readonly Finding[], paint: Paint): string {
  const width = Math.max(...findings.map(({ name }) => printable(name).length));
  return findings.map(({ name, status, message, hint }) =>
    `${paint(STYLES[status], WORDS[status].padEnd(7))}  ${printable(name).padEnd(width)}  ` +
    `${printable(message)}\n${hint === null ? "" : `${" ".repeat(width + 11)}${printable(hint)}\n`}`
  ).join("");
}

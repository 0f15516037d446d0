import { formatCount, formatDuration } from "../../core/format_text.ts";
import { textWidth } from "../../core/text_width.ts";
import type { Standing } from "../../ledger/mod.ts";
import type { Finding } from "../doctor/finding.ts";
import { printable } from "./printable.ts";
import { STATUS_STYLES } from "./run_text.ts";
import { type Screen, wrap } from "./screen.ts";
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
  screen: Screen,
): string {
  return renderTable(
    [
      { title: "pipeline", cut: "end", least: 24 },
      { title: "live", align: "right" },
      { title: "rows", align: "right" },
      { title: "age", align: "right", drop: 2 },
      { title: "last run" },
      { title: "started" },
      { title: "rejects", align: "right", drop: 1 },
      { title: "next start", drop: 3 },
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
    screen,
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
export function findingsText(findings: readonly Finding[], screen: Screen): string {
  const { paint } = screen;
  const width = Math.max(0, ...findings.map(({ name }) => textWidth(printable(name))));
  const indent = width + 11;
  return findings.map(({ name, status, message, hint }) => {
    const space = " ".repeat(width - textWidth(printable(name)));
    const said = wrap(printable(screen.text(message)), screen.width, indent);
    const todo = hint === null ? "" : wrap(printable(screen.text(hint)), screen.width, indent);
    return `${paint(STYLES[status], WORDS[status].padEnd(7))}  ${
      printable(name)
    }${space}  ${said}\n` +
      (todo === "" ? "" : `${" ".repeat(indent)}${todo}\n`);
  }).join("");
}

import { formatBytes, formatCount } from "../../core/format_text.ts";
import type { RowChanges } from "../../core/result.ts";
import type { History, HistoryRun, HistoryVersion } from "../../ledger/mod.ts";
import { printable } from "./printable.ts";
import { shortIds } from "./run_id.ts";
import { STATUS_STYLES } from "./run_text.ts";
import type { Screen } from "./screen.ts";
import { leftText, shorten } from "./shorten.ts";
import { renderTable, type TableCell } from "./table.ts";

/** The versions of a target, then the runs that made them, newest first. */
export function historyText(pipeline: string, history: History, screen: Screen): string {
  const { paint } = screen;
  if (history.versions.length === 0 && history.runs.length === 0) {
    return `${pipeline} has not run in this database\n`;
  }
  const id = shortIds([...history.versions, ...history.runs].map((each) => each.run_id), screen);
  const { older = 0 } = history;
  const more = older === 0
    ? ""
    : `${paint("faint", `and ${formatCount(older)} published before: -v shows all`)}\n`;
  const newest = shorten(history.runs, screen);
  return `${paint("strong", "Versions")}\n${versions(history.versions, id, screen)}${more}\n` +
    `${paint("strong", "Runs")}\n${runs(newest.shown, id, screen)}${leftText(newest, screen)}`;
}

type ShortId = (id: string) => string;

function versions(versions: readonly HistoryVersion[], id: ShortId, screen: Screen): string {
  if (versions.length === 0) return "none\n";
  const merged = versions.some(({ changes }) => changes !== null);
  const rows = versions.map((version): TableCell[] => [
    version.partition === null ? "whole table" : printable(version.partition),
    String(version.version),
    { text: version.state, style: version.state === "live" ? "good" : "faint" },
    formatCount(version.rows),
    ...(merged ? [changesText(version.changes)] : []),
    version.bytes === null ? "-" : formatBytes(version.bytes),
    toTheSecond(version.published_at),
    id(version.run_id),
    printable(screen.path(version.source_url)),
  ]);
  return renderTable(
    [
      { title: "partition", cut: "end", least: 12 },
      { title: "version", align: "right" },
      { title: "state" },
      { title: "rows", align: "right" },
      ...(merged ? [{ title: "changes" }] : []),
      { title: "bytes", align: "right", drop: 1 },
      { title: "published (UTC)" },
      { title: "run" },
      // The end of a path tells more than its beginning.
      { title: "source", cut: "start", least: 16, drop: 2 },
    ],
    rows,
    screen,
  );
}

/** `+3 ~1 -2`: inserted, updated, deleted. */
function changesText(changes: RowChanges | null): string {
  if (changes === null) return "";
  const { inserted, updated, deleted } = changes;
  return `+${formatCount(inserted)} ~${formatCount(updated)} -${formatCount(deleted)}`;
}

function runs(runs: readonly HistoryRun[], id: ShortId, screen: Screen): string {
  if (runs.length === 0) return "none\n";
  const rows = runs.map((run): TableCell[] => [
    id(run.run_id),
    { text: run.status, style: STATUS_STYLES[run.status] },
    toTheSecond(run.started_at),
    run.seconds === null ? "-" : run.seconds.toFixed(2),
    formatCount(run.rows_read),
    formatCount(run.rows_loaded),
    formatCount(run.rows_rejected),
    run.error === null ? "" : printable(screen.text(run.error.message)),
  ]);
  return renderTable(
    [
      { title: "run" },
      { title: "status" },
      { title: "started (UTC)" },
      { title: "seconds", align: "right", drop: 1 },
      { title: "read", align: "right", drop: 2 },
      { title: "loaded", align: "right" },
      { title: "rejected", align: "right" },
      { title: "error", cut: "end", least: 16 },
    ],
    rows,
    screen,
  );
}

/** `2026-01-31T12:00:00.123Z` to `2026-01-31 12:00:00`. */
function toTheSecond(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}

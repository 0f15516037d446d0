import { formatBytes, formatCount } from "../../core/format_text.ts";
import type { RowChanges } from "../../core/result.ts";
import type { History, HistoryRun, HistoryVersion } from "../../ledger/mod.ts";
import type { Paint } from "./paint.ts";
import { printable } from "./printable.ts";
import { STATUS_STYLES } from "./run_text.ts";
import { renderTable, type TableCell } from "./table.ts";

/** The versions of a target, then the runs that made them, newest first. */
export function historyText(pipeline: string, history: History, paint: Paint): string {
  if (history.versions.length === 0 && history.runs.length === 0) {
    return `${pipeline} has not run in this database\n`;
  }
  return `${paint("strong", "Versions")}\n${versions(history.versions, paint)}\n` +
    `${paint("strong", "Runs")}\n${runs(history.runs, paint)}`;
}

function versions(versions: readonly HistoryVersion[], paint: Paint): string {
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
    version.run_id,
    printable(version.source_url),
  ]);
  return renderTable(
    [
      { title: "partition" },
      { title: "version", align: "right" },
      { title: "state" },
      { title: "rows", align: "right" },
      ...(merged ? [{ title: "changes" }] : []),
      { title: "bytes", align: "right" },
      { title: "published (UTC)" },
      { title: "run" },
      { title: "source" },
    ],
    rows,
    paint,
  );
}

/** `+3 ~1 -2`: inserted, updated, deleted. */
function changesText(changes: RowChanges | null): string {
  if (changes === null) return "";
  const { inserted, updated, deleted } = changes;
  return `+${formatCount(inserted)} ~${formatCount(updated)} -${formatCount(deleted)}`;
}

function runs(runs: readonly HistoryRun[], paint: Paint): string {
  if (runs.length === 0) return "none\n";
  const rows = runs.map((run): TableCell[] => [
    run.run_id,
    { text: run.status, style: STATUS_STYLES[run.status] },
    toTheSecond(run.started_at),
    run.seconds === null ? "-" : run.seconds.toFixed(2),
    formatCount(run.rows_read),
    formatCount(run.rows_loaded),
    formatCount(run.rows_rejected),
    run.error === null ? "" : printable(run.error.message),
  ]);
  return renderTable(
    [
      { title: "run" },
      { title: "status" },
      { title: "started (UTC)" },
      { title: "seconds", align: "right" },
      { title: "read", align: "right" },
      { title: "loaded", align: "right" },
      { title: "rejected", align: "right" },
      { title: "error" },
    ],
    rows,
    paint,
  );
}

/** `2026-01-31T12:00:00.123Z` to `2026-01-31 12:00:00`. */
function toTheSecond(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}

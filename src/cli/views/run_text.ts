import { formatCount, formatPlural } from "../../core/format_text.ts";
import type { PartitionResult, RowCounts, RunResult, RunStatus } from "../../core/result.ts";
import type { PartitionStatus } from "../../core/result.ts";
import type { Style } from "./paint.ts";
import { printable } from "./printable.ts";
import { shortId } from "./run_id.ts";
import { type Screen, wrap } from "./screen.ts";
import { leftText, shorten } from "./shorten.ts";
import { renderTable, type TableCell, type TableColumn } from "./table.ts";

/**
 * What a run did, as a table with a sum, then why partitions were left out, then what to do.
 *
 * Errors and warnings are told once, on standard error.
 */
export function runText(result: RunResult, file: string | null, screen: Screen): string {
  return [
    table(result, screen),
    reasons(result, screen),
    valuesDiscarded(result),
    rejectsHint(result, file, screen),
  ].filter((part) => part !== "").join("\n");
}

/** How statuses look wherever they are shown. */
export const STATUS_STYLES: Readonly<Record<PartitionStatus | RunStatus | "running", Style>> = {
  succeeded: "good",
  published: "good",
  staged: "warn",
  unchanged: "faint",
  pending: "warn",
  skipped: "warn",
  running: "warn",
  interrupted: "warn",
  refused: "bad",
  failed: "bad",
};

type Row = RowCounts & { readonly seconds: number };

function table(result: RunResult, screen: Screen): string {
  // Only a refused load discards good rows, and most files have no duplicates: columns of zeros.
  const discarded = result.rows_discarded > 0;
  const duplicate = result.rows_duplicate > 0;
  const right = (title: string, drop?: number): TableColumn => ({
    title,
    align: "right",
    ...(drop === undefined ? {} : { drop }),
  });
  const columns: TableColumn[] = [
    { title: "partition", cut: "end", least: 12 },
    { title: "status" },
    right("version", 3),
    right("read"),
    right("loaded"),
    right("rejected"),
    ...(duplicate ? [right("duplicate")] : []),
    ...(discarded ? [right("discarded")] : []),
    right("seconds", 2),
    right("rows/s", 1),
  ];
  const numbers = (row: Row): TableCell[] => [
    formatCount(row.rows_read),
    formatCount(row.rows_loaded),
    row.rows_rejected === 0 ? "0" : { text: formatCount(row.rows_rejected), style: "warn" },
    ...(duplicate ? [formatCount(row.rows_duplicate)] : []),
    ...(discarded ? [formatCount(row.rows_discarded)] : []),
    row.seconds.toFixed(2),
    row.rows_read > 0 && row.seconds > 0 ? formatCount(row.rows_read / row.seconds) : "-",
  ];
  const part = shorten(result.partitions, screen, ({ status }) => RANKS[status]);
  const rows = part.shown.map((partition): TableCell[] => [
    nameOf(partition),
    status(partition.status),
    partition.version === null ? "-" : String(partition.version),
    ...numbers(partition),
  ]);
  if (result.partitions.length !== 1) {
    rows.push([{ text: "total", style: "strong" }, status(result.status), "", ...numbers(result)]);
  }
  return renderTable(columns, rows, screen) + leftText(part, screen, (each) => each.status);
}

/** What people look for first in a long list. */
const RANKS: Readonly<Record<PartitionStatus, number>> = {
  failed: 0,
  refused: 1,
  skipped: 2,
  staged: 2,
  published: 3,
  pending: 4,
  unchanged: 5,
};

function status(text: keyof typeof STATUS_STYLES): TableCell {
  return { text, style: STATUS_STYLES[text] };
}

/** Why partitions were left out; those with the same reason share a line. */
function reasons({ partitions }: RunResult, { paint, text, width }: Screen): string {
  const groups = Map.groupBy(
    partitions.filter(({ status, reason, error }) =>
      status !== "published" && reason !== null && error === null
    ),
    ({ status, reason }) => `${status} ${reason}`,
  );
  return [...groups.values()].map((group) => {
    const [{ status, reason }] = group;
    const names = group.slice(0, NAMES).map(nameOf).join(", ");
    const more = group.length > NAMES ? ` and ${group.length - NAMES} more` : "";
    const why = printable(text(reason!));
    return `${
      wrap(`${names}${more}  ${paint(STATUS_STYLES[status], status)}: ${why}`, width, 2)
    }\n`;
  }).join("");
}

/** Partitions named on one line. */
const NAMES = 3;

function valuesDiscarded({ values_discarded: values = 0 }: RunResult): string {
  if (values === 0) return "";
  const what = values === 1 ? "value was" : "values were";
  return `${formatCount(values)} ${what} left out: no column has their field (schema_contract)\n`;
}

function rejectsHint(result: RunResult, file: string | null, screen: Screen): string {
  if (result.rows_rejected === 0) return "";
  const rows = formatPlural(result.rows_rejected, "row");
  const verb = result.rows_rejected === 1 ? "was" : "were";
  if (file === null) {
    const text = `${rows} ${verb} rejected: they are in sluice.rejected_rows; with a pipeline ` +
      "file, which `init` writes, `rejects` shows them";
    return `${wrap(text, screen.width, 2)}\n`;
  }
  return `${rows} ${verb} rejected; see ${result.rows_rejected === 1 ? "it" : "them"} with\n` +
    `  ${screen.typed} rejects ${shellWord(file)} --run ${shortId(result.run_id, screen)}\n`;
}

function nameOf({ partition }: PartitionResult): string {
  return partition === null ? "whole table" : printable(partition);
}

/** As a shell reads it back. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : singleQuoted(text);
}

/** In single quotes, as a POSIX shell reads it. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

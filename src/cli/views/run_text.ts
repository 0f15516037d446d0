import { formatCount, formatPlural } from "../../core/format_text.ts";
import type { PartitionResult, RowCounts, RunResult, RunStatus } from "../../core/result.ts";
import type { PartitionStatus } from "../../core/result.ts";
import type { Paint, Style } from "./paint.ts";
import { printable } from "./printable.ts";
import { renderTable, type TableCell, type TableColumn } from "./table.ts";

/** What a run did, as a table with a sum, then why partitions were left out, then what to do. */
export function runText(result: RunResult, file: string | null, paint: Paint): string {
  return [
    table(result, paint),
    reasons(result, paint),
    valuesDiscarded(result),
    checks(result, paint),
    rejectsHint(result, file),
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

function table(result: RunResult, paint: Paint): string {
  // Only a refused load discards good rows; elsewhere the column would be noise.
  const discarded = result.rows_discarded > 0;
  const right = (title: string): TableColumn => ({ title, align: "right" });
  const columns: TableColumn[] = [
    { title: "partition" },
    { title: "status" },
    right("version"),
    right("read"),
    right("loaded"),
    right("rejected"),
    right("duplicate"),
    ...(discarded ? [right("discarded")] : []),
    right("seconds"),
    right("rows/s"),
  ];
  const numbers = (row: Row): TableCell[] => [
    formatCount(row.rows_read),
    formatCount(row.rows_loaded),
    row.rows_rejected === 0 ? "0" : { text: formatCount(row.rows_rejected), style: "warn" },
    formatCount(row.rows_duplicate),
    ...(discarded ? [formatCount(row.rows_discarded)] : []),
    row.seconds.toFixed(2),
    row.rows_read > 0 && row.seconds > 0 ? formatCount(row.rows_read / row.seconds) : "-",
  ];
  const rows = result.partitions.map((partition): TableCell[] => [
    nameOf(partition),
    status(partition.status),
    partition.version === null ? "-" : String(partition.version),
    ...numbers(partition),
  ]);
  if (result.partitions.length !== 1) {
    rows.push([{ text: "total", style: "strong" }, status(result.status), "", ...numbers(result)]);
  }
  return renderTable(columns, rows, paint);
}

function status(text: keyof typeof STATUS_STYLES): TableCell {
  return { text, style: STATUS_STYLES[text] };
}

/** Why partitions were not published; those with the same reason share a line. */
function reasons({ partitions }: RunResult, paint: Paint): string {
  const groups = Map.groupBy(
    partitions.filter(({ status, reason }) => status !== "published" && reason !== null),
    ({ status, reason }) => `${status} ${reason}`,
  );
  return [...groups.values()].map((group) => {
    const [{ status, reason }] = group;
    const names = group.slice(0, NAMES).map(nameOf).join(", ");
    const more = group.length > NAMES ? ` and ${group.length - NAMES} more` : "";
    return `${names}${more}  ${paint(STATUS_STYLES[status], status)}: ${printable(reason!)}\n`;
  }).join("");
}

/** Partitions named on one line. */
const NAMES = 3;

function valuesDiscarded({ values_discarded: values = 0 }: RunResult): string {
  if (values === 0) return "";
  const what = values === 1 ? "value was" : "values were";
  return `${formatCount(values)} ${what} left out: no column has their field (schema_contract)\n`;
}

function checks({ checks }: RunResult, paint: Paint): string {
  return checks.filter(({ passed }) => !passed).map((check) => {
    const word = check.severity === "warn" ? paint("warn", "warning") : paint("bad", "failed");
    const expected = check.expected === null ? "" : `, expected ${check.expected}`;
    const text = printable(`observed ${check.observed}${expected}`);
    return `${check.partition ?? "whole table"}  check ${check.name} ${word}: ${text}\n`;
  }).join("");
}

function rejectsHint(result: RunResult, file: string | null): string {
  if (result.rows_rejected === 0) return "";
  const rows = formatPlural(result.rows_rejected, "row");
  const verb = result.rows_rejected === 1 ? "was" : "were";
  if (file === null) {
    return `${rows} ${verb} rejected: they are in sluice.rejected_rows; with a pipeline file, ` +
      "which `init` writes, `rejects` shows them\n";
  }
  return `${rows} ${verb} rejected; see them with\n` +
    `  deno task rejects ${shellWord(file)} --run ${result.run_id}\n`;
}

function nameOf({ partition }: PartitionResult): string {
  return partition === null ? "whole table" : printable(partition);
}

/** As a shell reads it back. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

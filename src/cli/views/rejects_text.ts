import { formatCount, formatPlural } from "../../core/format_text.ts";
import type { RejectedRow } from "../../ledger/mod.ts";
import { printable } from "./printable.ts";
import { shortId } from "./run_id.ts";
import { fit, type Screen, wrap } from "./screen.ts";
import { renderTable } from "./table.ts";
import type { RejectsPage } from "./view.ts";

/** Columns that a record takes where nothing else bounds it; JSON output has it whole. */
const RAW = 200;

/** Rejected rows by column and code with an example each, then one by one. */
export function rejectsText({ pipeline, rejects }: RejectsPage, screen: Screen): string {
  if (rejects.run_id === null) return `${pipeline} has not run in this database\n`;
  const run = shortId(rejects.run_id, screen);
  if (rejects.total === 0) return `Run ${run} rejected no row\n`;
  const title = `${formatPlural(rejects.total, "rejected row")} of run ${run}`;
  const groups = renderTable(
    [
      { title: "count", align: "right" },
      { title: "column", cut: "end" },
      { title: "code" },
      { title: "example", cut: "end", least: 24 },
    ],
    rejects.groups.map((group) => [
      formatCount(group.count),
      group.column === null ? "(record)" : printable(group.column),
      group.code,
      printable(group.example),
    ]),
    screen,
  );
  const left = rejects.total - rejects.rows.length;
  const rest = left > 0 ? `\n${formatCount(left)} more: show them with --limit\n` : "";
  return `${screen.paint("strong", title)}\n${groups}\n${
    rejects.rows.map((row) => rowText(row, screen)).join("")
  }${rest}`;
}

function rowText(row: RejectedRow, screen: Screen): string {
  const { paint, width, verbose } = screen;
  const place = `${printable(screen.path(row.source_url))}:${row.line}`;
  const column = row.column === null ? "" : `${printable(row.column)}: `;
  const raw = printable(row.raw);
  const message = `${paint("name", place)} ${
    paint("faint", `(byte ${formatCount(row.byte_offset)})`)
  }  ${column}${printable(row.message)}`;
  return `${wrap(message, width, 2)}\n    ${verbose ? raw : fit(raw, Math.min(width - 4, RAW))}\n`;
}

import { formatCount, formatPlural } from "../../core/format_text.ts";
import type { RejectedRow } from "../../ledger/mod.ts";
import type { Paint } from "./paint.ts";
import { printable } from "./printable.ts";
import { renderTable } from "./table.ts";
import type { RejectsPage } from "./view.ts";

/** Characters of a raw record that are shown; JSON output has it whole. */
const RAW_CHARACTERS = 200;

/** Rejected rows by column and code with an example each, then one by one. */
export function rejectsText({ pipeline, rejects }: RejectsPage, paint: Paint): string {
  if (rejects.run_id === null) return `${pipeline} has not run in this database\n`;
  if (rejects.total === 0) return `Run ${rejects.run_id} rejected no row\n`;
  const title = `${formatPlural(rejects.total, "rejected row")} of run ${rejects.run_id}`;
  const groups = renderTable(
    [{ title: "count", align: "right" }, { title: "column" }, { title: "code" }, {
      title: "example",
    }],
    rejects.groups.map((group) => [
      formatCount(group.count),
      group.column === null ? "(record)" : printable(group.column),
      group.code,
      printable(group.example),
    ]),
    paint,
  );
  const left = rejects.total - rejects.rows.length;
  const rest = left > 0 ? `\n${formatCount(left)} more: show them with --limit\n` : "";
  return `${paint("strong", title)}\n${groups}\n${
    rejects.rows.map((row) => rowText(row, paint)).join("")
  }${rest}`;
}

function rowText(row: RejectedRow, paint: Paint): string {
  const place = `${printable(row.source_url)}:${row.line}`;
  const column = row.column === null ? "" : `${printable(row.column)}: `;
  const raw = [...row.raw].length > RAW_CHARACTERS
    ? [...row.raw].slice(0, RAW_CHARACTERS).join("") + "…"
    : row.raw;
  return `${paint("name", place)} ${paint("faint", `(byte ${formatCount(row.byte_offset)})`)}  ` +
    `${column}${printable(row.message)}\n    ${printable(raw)}\n`;
}

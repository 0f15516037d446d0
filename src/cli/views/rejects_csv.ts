import type { RejectedRow } from "../../ledger/mod.ts";

const COLUMNS = [
  "partition",
  "source_url",
  "line",
  "byte_offset",
  "column",
  "code",
  "message",
  "raw",
] as const;

/** First line of rejected rows as CSV. */
export function rejectsCsvHeader(): string {
  return `${COLUMNS.join(",")}\n`;
}

/** Rejected rows as CSV (RFC 4180, line feeds); NULL is an empty field. */
export function rejectsCsv(rows: readonly RejectedRow[]): string {
  return rows.map((row) => COLUMNS.map((name) => field(row[name])).join(",") + "\n").join("");
}

function field(value: string | number | null): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

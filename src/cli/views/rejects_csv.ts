import type { RejectedRow } from "../../ledger/mod.ts";
import { printable } from "./printable.ts";

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

/** Who reads the CSV; without either, fields are as they were, byte by byte. */
export interface CsvReader {
  /** Control characters become escapes. */
  readonly terminal: boolean;
  /** What a spreadsheet would take for a formula begins with an apostrophe. */
  readonly spreadsheet: boolean;
}

/** Rejected rows as CSV (RFC 4180, line feeds); NULL is an empty field. */
export function rejectsCsv(rows: readonly RejectedRow[], reader: CsvReader): string {
  return rows.map((row) => COLUMNS.map((name) => field(row[name], reader)).join(",") + "\n").join(
    "",
  );
}

function field(value: string | number | null, { terminal, spreadsheet }: CsvReader): string {
  let text = value === null ? "" : String(value);
  if (terminal) text = printable(text);
  if (spreadsheet && /^[\s\0]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(text)) {
    text = `'${text}`;
  }
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

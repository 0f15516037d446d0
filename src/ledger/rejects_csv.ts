import type { RejectedRow } from "./rejects.ts";

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

/** How fields are changed for who reads them; left out: they are as they were, byte by byte. */
export interface CsvFields {
  /** Replaces what a terminal would obey. */
  readonly printable?: (text: string) => string;
  /** What a spreadsheet would take for a formula begins with an apostrophe. */
  readonly spreadsheet: boolean;
}

/** Rejected rows as CSV (RFC 4180, line feeds); NULL is an empty field. */
export function rejectsCsv(rows: readonly RejectedRow[], reader: CsvFields): string {
  return rows.map((row) => COLUMNS.map((name) => field(row[name], reader)).join(",") + "\n").join(
    "",
  );
}

function field(value: string | number | null, { printable, spreadsheet }: CsvFields): string {
  let text = value === null ? "" : String(value);
  if (printable !== undefined) text = printable(text);
  if (spreadsheet && /^[\s\0]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(text)) {
    text = `'${text}`;
  }
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

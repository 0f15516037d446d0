import type { RejectedRow } from "../../ledger/mod.ts";
import { rejectsCsv as csv, rejectsCsvHeader } from "../../ledger/rejects_csv.ts";
import { printable } from "./printable.ts";

export { rejectsCsvHeader };

/** Who reads the CSV; without either, fields are as they were, byte by byte. */
export interface CsvReader {
  /** Control characters become escapes. */
  readonly terminal: boolean;
  /** What a spreadsheet would take for a formula begins with an apostrophe. */
  readonly spreadsheet: boolean;
}

/** Rejected rows as CSV. */
export function rejectsCsv(
  rows: readonly RejectedRow[],
  { terminal, spreadsheet }: CsvReader,
): string {
  return csv(rows, terminal ? { printable, spreadsheet } : { spreadsheet });
}

import { SluiceError } from "../core/error.ts";
import { isAbout } from "../db/sqlstate.ts";

/** A row that only Postgres could refuse. */
export interface RefusedRow {
  /** Byte offset of its record. */
  readonly offset: number;
  /** Null where Postgres does not say. */
  readonly column: string | null;
  readonly error: SluiceError;
}

/** Beyond this many, telling them one by one helps nobody. */
export const MOST_REFUSED = 10_000;

/** Schemas without a target: Postgres's catalog, and the ledger. */
const OTHERS_SCHEMAS = ["pg_catalog", "sluice"];

/** Whether an error may be the fault of a single row. */
export function isAboutRows({ code, postgres }: SluiceError): boolean {
  if (postgres?.code === undefined) return false;
  // Rows that were there cannot go: it is no row of the source.
  if (code === "publish/referenced") return false;
  // What clashes in the catalog or in the ledger has the same code as a row; other tables may be
  // those that a trigger writes to.
  if (OTHERS_SCHEMAS.includes(postgres.schema ?? "")) return false;
  if (postgres.routine === "exec_stmt_raise") return !isAbout(postgres.code, "moment");
  return isAbout(postgres.code, "row");
}

/**
 * Notes a row that is refused.
 *
 * @throws SluiceError `rows/too_many_rejects`
 */
export function addRefused(refused: RefusedRow[], row: RefusedRow): void {
  refused.push(row);
  if (refused.length <= MOST_REFUSED) return;
  throw new SluiceError(
    "rows/too_many_rejects",
    `Postgres refuses more than ${MOST_REFUSED} rows, the last one because: ${row.error.message}`,
    { hint: "Correct the file or the table's constraints", cause: row.error },
  );
}

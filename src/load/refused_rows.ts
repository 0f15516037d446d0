import { SluiceError } from "../core/error.ts";

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

/**
 * SQLSTATE classes about a row's values (a subquery of a check or trigger that yields several rows,
 * data, integrity, a view's check option), errors of functions that triggers call, a value or row
 * that is too long, JSON nested too deeply.
 */
const ABOUT_A_ROW = /^(21|22|23|38|44|P0|54000|54001)/;

/** What a trigger raises may have any SQLSTATE; these say that trying again may help. */
const ABOUT_THE_MOMENT = /^(08|40|53|55|57|58)/;

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
  if (postgres.routine === "exec_stmt_raise") return !ABOUT_THE_MOMENT.test(postgres.code);
  return ABOUT_A_ROW.test(postgres.code);
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

import type { QualifiedName } from "../core/quote.ts";

/**
 * Reading texts by the input functions of their types, set-based.
 *
 * Rows are copied into a table of texts, and from there into staging in one statement. Only where
 * that fails are the rows looked for whose texts cannot be read.
 */
export interface ConversionPlan<Statement> {
  readonly texts: QualifiedName;
  /** Rows carry their place in the file, whatever `RowsPlan` says. */
  readonly offsetColumn: true;
  /** Columns whose values are names of things in the database, and wrong where there is no such. */
  readonly naming: readonly string[];
  /** Makes `texts`. */
  readonly stage: readonly Statement[];
  /** Fills staging. */
  readonly transfer: Statement;
  /** In place of it where the rows are isolated: fills `IsolationPlan.raw`. */
  readonly transferRaw: Statement;
  /** Marks what types can tell without an error, of many rows at once; null: the server cannot. */
  readonly judge: Statement | null;
  /** Marks the rows that cannot be read, or does with a value what the contract says. */
  readonly find: Statement;
  /** Returns `offset`, `problem` (`column`, `state`, `message`) and `total` of each marked row. */
  readonly found: Statement;
  /** Takes the marked rows out of `texts`; returns one row: `discarded`, those that are no rejects. */
  readonly remove: Statement;
  /** Drops `texts`. */
  readonly tidy: Statement;
}

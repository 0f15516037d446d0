import type { QualifiedName } from "../core/quote.ts";

/** A rule of a computed column. */
export interface ComputedCondition {
  readonly column: string;
  /** As the same rule of a column that is read has it. */
  readonly code: string;
  /** Ends the sentence `"abc" is not …`. */
  readonly expected: string;
}

/**
 * Columns that Postgres computes from those that are read, before anything else looks at staging.
 *
 * Rows that cannot be computed (a division by zero, a cast) are found as `IsolationPlan` finds
 * those that Postgres refuses: by ever smaller ranges of offsets. Statements with a range take it
 * as `$1` to before `$2`, and their own parameters behind it.
 */
export interface ComputePlan<Statement> {
  /** What COPY fills; `IsolationPlan.raw` is the same table. */
  readonly raw: QualifiedName;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly expression: string;
  }[];
  /** Makes `raw`. */
  readonly stage: readonly Statement[];
  /** Fills staging with the rows of a range, but for those that break a condition. */
  readonly fill: Statement;
  /** Fills the computed columns of `raw` instead, where its rows are to be isolated. */
  readonly update: Statement;
  /** Computes the columns of a range, and writes nothing. */
  readonly evaluate: Statement;
  /**
   * In place of `evaluate`, `fill` and `update` for few rows: takes the range from a setting of the transaction
   * (`from beyond`), and leaves the refused rows in another, as JSON with `offset`, `state`,
   * `message` and `column` of each.
   */
  readonly evaluateEach: Statement;
  readonly fillEach: Statement;
  readonly updateEach: Statement;
  /** The names of those settings. */
  readonly settings: { readonly range: string; readonly refused: string };
  readonly conditions: readonly ComputedCondition[];
  /** Returns `missing`: how many rows `fill` has left out. */
  readonly missing: Statement | null;
  /**
   * Returns `offset`, `rule` (index in `conditions`), `value` and `total` of the rows of a range that
   * `fill` has left out.
   */
  readonly failed: Statement | null;
  /** Takes them out of `raw` after `update`, and returns the same. */
  readonly remove: Statement | null;
  /** Made once a range has failed. */
  readonly index: Statement;
  /** Returns `least` and `beyond`, as `IsolationPlan.bounds`. */
  readonly extent: Statement;
  /** Returns `rows` of a range: how many, or one more than `fewRows` where there are more. */
  readonly few: Statement;
  readonly fewRows: number;
  /** Takes the offsets of the JSON array `$1` out of `raw`. */
  readonly drop: Statement;
  /** Drops `raw`, once staging is filled. */
  readonly tidy: Statement;
}

import type { RejectLimit } from "./reject_limit.ts";

/** A condition that every row must meet. */
export interface RuleSpec {
  readonly name: string;
  /** SQL over the columns; may hold `{month:start}`-like placeholders. */
  readonly check: string;
  readonly onFail: "reject" | "warn" | "fail";
  /** Rejects of this rule alone; null: only the pipeline's own limit counts. */
  readonly limit: RejectLimit | null;
  /** Line of the rule in the pipeline file, from 1. */
  readonly line: number;
}

/** What must hold of a load as a whole before anybody sees it. */
export type CheckSpec = CheckBase & CheckKind;

export interface CheckBase {
  /** As the file names it, or made from its kind and column. */
  readonly name: string;
  readonly severity: "error" | "warn";
  /** Line of the check in the pipeline file, from 1. */
  readonly line: number;
}

export type CheckKind =
  | {
    readonly kind: "row_count";
    readonly min: number | null;
    readonly max: number | null;
    readonly equals: number | null;
    /** Percent that the count may differ from the live version, or from the mean of `window` runs. */
    readonly change: number | null;
    readonly window: number | null;
  }
  /** `max` in percent. */
  | { readonly kind: "null_rate"; readonly column: string; readonly max: number }
  | { readonly kind: "unique"; readonly columns: readonly string[] }
  /** Limits as text, which may hold placeholders. */
  | {
    readonly kind: "range";
    readonly column: string;
    readonly min: string | null;
    readonly max: string | null;
  }
  | {
    readonly kind: "accepted_values";
    readonly column: string;
    readonly values: readonly string[];
  }
  | {
    readonly kind: "foreign_key";
    readonly columns: readonly string[];
    readonly references: {
      readonly schema: string;
      readonly table: string;
      readonly columns: readonly string[];
    };
  }
  | { readonly kind: "freshness"; readonly column: string; readonly maxAgeSeconds: number }
  /** `max` in percent against the live version. */
  | {
    readonly kind: "drift";
    readonly column: string;
    readonly of: "mean" | "sum";
    readonly max: number;
  }
  | {
    readonly kind: "row_diff";
    readonly added: RejectLimit | null;
    readonly deleted: RejectLimit | null;
    readonly changed: RejectLimit | null;
  }
  /** `query` returns one number; `{staging}`, `{target}` and placeholders are filled in. */
  | {
    readonly kind: "sql";
    readonly query: string;
    readonly expect: number | null;
    readonly min: number | null;
    readonly max: number | null;
  };

import type { RejectLimit } from "./reject_limit.ts";
import type { CheckKind } from "./schema/checks/mod.ts";

export type { CheckKind };

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

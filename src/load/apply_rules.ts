import { SluiceError } from "../core/error.ts";
import type { RejectReason } from "../core/reject_reason.ts";
import type { Database } from "../db/database.ts";
import { withUserPath } from "../db/user_path.ts";
import type { RulesPlan } from "../plan/load_plan.ts";
import { rejectBudget } from "./reject_budget.ts";

/** What the rules found in staging. */
export interface RuleFindings {
  /** Byte offsets of the rows that were removed, ascending. */
  readonly offsets: Float64Array;
  /** For each of them the index of the rule in `rejecting`. */
  readonly rules: Uint16Array;
  readonly warnings: readonly { readonly rule: string; readonly failed: number }[];
  /** Why the load is refused, once its rejects are known; null where it goes on. */
  readonly over: RulesOver | null;
}

/** The rules reject more rows than they may. */
export interface RulesOver {
  /** The rule whose limit is passed; null: all of them together. */
  readonly rule: number | null;
  /** @param reasons what was rejected for it, with an example each */
  readonly refusal: (reasons: readonly RejectReason[]) => SluiceError;
}

/**
 * Removes the rows that fail a `reject` rule from staging and counts those that fail the others.
 *
 * @throws SluiceError `rows/rule_failed` for `on_fail: fail`
 */
export async function applyRules(
  db: Database,
  plan: RulesPlan,
  rowsRead: number,
): Promise<RuleFindings> {
  const warnings = await tell(db, plan);
  const { reject } = plan;
  if (reject === null) {
    return { offsets: new Float64Array(0), rules: new Uint16Array(0), warnings, over: null };
  }
  const failed = await withUserPath(
    db,
    (tx) => tx.query<{ offset: number; rule: number; total: number }>(reject.sql, reject.params),
  );
  const total = failed[0]?.total ?? 0;
  return {
    offsets: Float64Array.from(failed, ({ offset }) => offset),
    rules: Uint16Array.from(failed, ({ rule }) => rule),
    warnings,
    over: total > failed.length ? overAll(total) : overLimit(plan, failed, rowsRead),
  };
}

function overAll(total: number): RulesOver {
  return {
    rule: null,
    refusal: (reasons) =>
      new SluiceError(
        "rows/too_many_rejects",
        `${total} rows fail the rules of the pipeline: more than can be rejected one by one`,
        { hint: "Correct the file or the rules, or use on_fail: warn", reasons },
      ),
  };
}

/** The first rule that rejects more rows than its own limit allows. */
function overLimit(
  { rejecting }: RulesPlan,
  failed: readonly { rule: number }[],
  rowsRead: number,
): RulesOver | null {
  for (const [rule, { name, limit }] of rejecting.entries()) {
    if (limit === null) continue;
    const count = failed.filter((each) => each.rule === rule).length;
    const refusal = (reasons: readonly RejectReason[]) =>
      rejectBudget(limit, rowsRead, count, `the limit of rule "${name}"`, reasons);
    if (refusal([]) !== null) return { rule, refusal: (reasons) => refusal(reasons)! };
  }
  return null;
}

async function tell(db: Database, plan: RulesPlan): Promise<RuleFindings["warnings"]> {
  const { count } = plan;
  if (count === null) return [];
  const counts = await withUserPath(
    db,
    (tx) =>
      tx.query<{ rule: number; failed: number; examples: unknown[] | null }>(
        count.sql,
        count.params,
      ),
  );
  for (const { rule, failed, examples } of counts) {
    const { name, check, onFail } = plan.telling[rule];
    if (failed === 0 || onFail !== "fail") continue;
    throw new SluiceError(
      "rows/rule_failed",
      `${failed} rows fail rule "${name}" (${check}), for example ${
        (examples ?? []).map((example) => JSON.stringify(example)).join(", ")
      }`,
      { hint: "Nothing was published: correct the file, or use on_fail: reject or warn" },
    );
  }
  return counts.filter(({ failed }) => failed > 0).map(({ rule, failed }) => ({
    rule: plan.telling[rule].name,
    failed,
  }));
}

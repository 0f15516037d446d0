import { SluiceError } from "../../core/error.ts";
import type { Reject } from "../../core/reject.ts";
import { FirstReasons } from "../../core/reject_reason.ts";
import type { RejectWriter } from "../../ledger/mod.ts";
import { applyRules } from "../../load/apply_rules.ts";
import { deduplicate } from "../../load/deduplicate.ts";
import { findRecords } from "../../load/find_records.ts";
import { mergeOffsets, type RejectedOffsets } from "../../load/merge_offsets.ts";
import type { RefusedRow } from "../../load/refused_rows.ts";
import type { PartitionPlan, RulePlan, RunPlan } from "../../plan/load_plan.ts";
import type { LoadSource } from "./source.ts";
import type { RunContext } from "../context.ts";

/** What was staged, and how to read it again. */
export interface Staged {
  readonly runId: string;
  readonly rejects: RejectWriter;
  readonly rowsRead: number;
  /** Of the source's bytes, to know it again; null where they were not hashed. */
  readonly sha256: string | null;
  readonly source: LoadSource;
}

/** Rows that are not in staging any more, or never were. */
export interface LeftOut {
  /** Postgres would not take them. */
  readonly refused: readonly RefusedRow[];
  /** Their texts could not be read, or their columns not be computed as they must be. */
  readonly leftOut: readonly RejectedOffsets[];
}

/** Rejects are written out when they hold more than this. */
const PENDING_BYTES = 1 << 20;

/**
 * Takes out of staging what only the whole of it shows: rows that fail a rule, and duplicates.
 *
 * Rules first: a row that fails one must not win over its duplicates.
 *
 * @returns duplicates that were dropped without being rejects
 * @throws SluiceError `rows/too_many_rejects` where rules reject too much, their rejects being kept
 */
export async function inspectStaging(
  plan: RunPlan,
  partition: PartitionPlan,
  context: RunContext,
  staged: Staged,
  { refused, leftOut }: LeftOut,
): Promise<number> {
  const found: RejectedOffsets[] = [...leftOut, {
    offsets: Float64Array.from(refused, ({ offset }) => offset),
    reason: (at) => refusal(refused[at]),
  }];
  let duplicates = 0;
  if (partition.rules !== null) {
    const { rejecting } = partition.rules;
    const { offsets, rules, warnings, over } = await applyRules(
      context.db,
      partition.rules,
      staged.rowsRead,
    );
    for (const { rule, failed } of warnings) {
      context.emit({
        type: "warning",
        runId: staged.runId,
        partition: partition.partition,
        stage: "load",
        message: `${failed} rows fail rule "${rule}"`,
      });
    }
    found.push({ offsets, reason: (at) => ruleReason(rejecting[rules[at]]) });
    if (over !== null) {
      const reasons = new FirstReasons();
      const code = over.rule === null ? null : ruleReason(rejecting[over.rule]).code;
      await rejectByOffset(mergeOffsets(found), staged, (reject) => {
        if (code === null || reject.code === code) reasons.add(reject);
      });
      throw over.refusal(reasons.list);
    }
  }
  if (partition.deduplicate !== null) {
    const { removed, rejectedOffsets } = await deduplicate(
      context.db,
      partition.deduplicate,
      plan.onDuplicate,
    );
    if (plan.onDuplicate !== "reject") duplicates = removed;
    const key = plan.idempotencyKey.join(", ");
    found.push({
      offsets: rejectedOffsets,
      reason: () => ({
        column: null,
        code: "duplicate_key",
        message: `An earlier row of this load has the same ${key}`,
      }),
    });
  }
  await rejectByOffset(mergeOffsets(found), staged);
  return duplicates;
}

/** Reads the source again for the records of rows that were found bad in staging. */
async function rejectByOffset(
  { offsets, reason }: RejectedOffsets,
  { rejects, sha256, source: origin }: Staged,
  rejected: (reject: Reject) => void = () => {},
): Promise<void> {
  if (offsets.length === 0) return;
  await using source = await origin.open();
  let at = 0;
  const count = await findRecords(
    source.files,
    (file, base) => {
      rejects.beginFile(file.url, base);
      return Promise.resolve(origin.reader(file, base));
    },
    offsets,
    async (record) => {
      const reject = { ...record, ...reason(at++) };
      rejects.add(reject);
      rejected(reject);
      if (rejects.pendingBytes > PENDING_BYTES) await rejects.drain();
    },
  );
  if (count !== offsets.length || source.sha256() !== sha256) {
    throw new SluiceError(
      "source/changed_while_reading",
      `"${source.facts.url}" changed between reading it and looking for its rejected rows`,
      { retry: "restart", hint: "Nothing was published: run again once the file is complete" },
    );
  }
  await rejects.drain();
}

function refusal({ column, error }: RefusedRow) {
  return {
    column,
    code: `sqlstate:${error.postgres?.code}`,
    message: error.message,
  };
}

function ruleReason({ name, check }: RulePlan) {
  return { column: null, code: `rule:${name}`, message: `Rule "${name}" does not hold: ${check}` };
}

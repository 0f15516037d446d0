import { SluiceError } from "../core/error.ts";
import type { PartitionResult } from "../core/result.ts";
import { withRetry } from "../db/with_retry.ts";
import { forgetRejects } from "../ledger/mod.ts";
import { hookFacts } from "./partition/hooks.ts";
import { failureOf } from "./partition/outcome.ts";
import { changesOf } from "./partition/tally.ts";
import { pastCancel } from "./past_cancel.ts";
import type { Facts, LoadPlan, PartitionPlan } from "../plan/load_plan.ts";
import { type Counts, executeStatements } from "../publish/execute.ts";
import { findPublished, publish, retain, type StagedPartition } from "../publish/publish.ts";
import { publishContext, type RunContext } from "./context.ts";

/** Attempts at taking a staging table away; the next run sweeps what stays. */
const CLEANUPS = 2;

/** A partition that waits for the others of its run. */
interface Waiting {
  readonly partition: PartitionPlan;
  readonly result: PartitionResult;
}

/**
 * The barrier of a run whose partitions are published together: all of them in one transaction, or,
 * where one could not be staged, none.
 *
 * @param results of the plan's partitions, in its order; those published one by one are left alone
 */
export async function publishTogether(
  plan: LoadPlan,
  results: readonly PartitionResult[],
  runId: string,
  context: RunContext,
): Promise<readonly PartitionResult[]> {
  const waiting = results.flatMap((result, at): Waiting[] =>
    result.status === "staged" ? [{ partition: plan.partitions[at], result }] : []
  );
  if (waiting.length === 0) return results;
  const missing = results.find(({ status }) =>
    status === "refused" || status === "failed" || status === "skipped"
  );
  const ended = missing !== undefined || context.signal.aborted
    ? await giveUp(waiting, runId, context, waitsFor(missing), null)
    : await publishAll(plan, waiting, runId, context);
  const ends = new Map(waiting.map(({ partition }, at) => [partition, ended[at]]));
  return results.map((result, at) => ends.get(plan.partitions[at]) ?? result);
}

function waitsFor(missing: PartitionResult | undefined): string {
  if (missing === undefined || missing.status === "skipped") return "the run was interrupted";
  return `partition ${missing.partition} was not staged, and all are published together`;
}

async function publishAll(
  plan: LoadPlan,
  waiting: readonly Waiting[],
  runId: string,
  context: RunContext,
): Promise<PartitionResult[]> {
  const started = context.clock.monotonic();
  const staged = await Promise.all(waiting.map(async ({ partition, result }) => ({
    partition,
    facts: result.staged as Facts,
    hookFacts: await hookFacts({ plan, partition, runId, context }, result),
  })));
  let counts: readonly Counts[];
  try {
    counts = await publish(staged, plan, publishContext(plan, null, runId, context));
  } catch (cause) {
    const error = await failureOf(cause, plan, context);
    const results = await giveUp(waiting, runId, context, error.message, error);
    // The commit may have been under way when it was asked about: the cleanup has waited for it.
    const late = await publishedAll(staged, plan.targetKey, context);
    if (late === null) return results;
    counts = late;
  }
  const seconds = (context.clock.monotonic() - started) / 1000;
  return await Promise.all(
    waiting.map(async ({ partition, result }, at) => {
      tellPublished(partition, result.seconds + seconds, runId, context);
      const warn = (message: string) =>
        context.emit({
          type: "warning",
          runId,
          partition: partition.partition,
          stage: "publish",
          message,
        });
      await retain(partition, context, warn);
      return publishedResult(plan, partition, result, counts[at], seconds / waiting.length);
    }),
  );
}

function tellPublished(
  { partition, version }: PartitionPlan,
  seconds: number,
  runId: string,
  context: RunContext,
) {
  const message = `version ${version} is live`;
  context.emit({ type: "stage_finished", runId, partition, stage: "publish", seconds, message });
}

/** What the publish counted, if it took effect; null where it did not, or the database does not answer. */
async function publishedAll(
  staged: readonly StagedPartition[],
  targetKey: string,
  context: RunContext,
): Promise<readonly Counts[] | null> {
  const { clock, random } = context;
  try {
    const counts = await withRetry(
      () =>
        Promise.all(
          staged.map(({ partition, facts }) => findPublished(partition, targetKey, facts, context)),
        ),
      { clock, random, attempts: CLEANUPS },
    );
    return counts.some((each) => each === null) ? null : counts.map((each) => each!);
  } catch (error) {
    if (error instanceof SluiceError) return null;
    throw error;
  }
}

function publishedResult(
  plan: LoadPlan,
  { version }: PartitionPlan,
  { staged: _, ...loaded }: PartitionResult,
  counts: Counts,
  seconds: number,
): PartitionResult {
  const known = counts.rows_known ?? 0;
  return {
    ...loaded,
    status: "published",
    version,
    rows_loaded: loaded.rows_loaded - known,
    rows_duplicate: loaded.rows_duplicate + known,
    ...(plan.method === "merge" ? { changes: changesOf(counts) } : {}),
    phases: { ...loaded.phases, publish: seconds },
  };
}

/** Leaves nothing of what was staged, and tells why. */
async function giveUp(
  waiting: readonly Waiting[],
  runId: string,
  context: RunContext,
  reason: string,
  error: SluiceError | null,
): Promise<PartitionResult[]> {
  const { clock, random, signal } = context;
  for (const { partition } of waiting) {
    const work = async () => {
      await executeStatements(context.db, partition.cleanup);
      await forgetRejects(context.db, runId, partition.partition);
    };
    try {
      await withRetry(() => pastCancel(work, signal), { clock, random, attempts: CLEANUPS });
    } catch (left) {
      // The next run sweeps it: what failed first is what the user must hear.
      if (!(left instanceof SluiceError)) throw left;
    }
  }
  return waiting.map(({ result: { staged: _, ...loaded } }) => ({
    ...loaded,
    status: error === null || signal.aborted ? "skipped" : "failed",
    reason,
    rows_read: 0,
    rows_loaded: 0,
    rows_rejected: 0,
    rows_duplicate: 0,
    rows_discarded: 0,
    error: error?.toJSON() ?? null,
  }));
}

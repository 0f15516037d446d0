import { SluiceError } from "../core/error.ts";
import type { Queryable } from "../db/database.ts";
import { withRetry } from "../db/with_retry.ts";
import type { HookFacts } from "../core/hooks.ts";
import type { Facts, PartitionPlan, RunPlan } from "../plan/load_plan.ts";
import { exchange, type ExchangeContext } from "./exchange.ts";
import { type Counts, executeStatements } from "./execute.ts";
import { type HookOwner, runHook } from "./hooks.ts";

/** A partition whose rows are staged, indexed and checked. */
export interface StagedPartition {
  readonly partition: PartitionPlan;
  readonly facts: Facts;
  readonly hookFacts: HookFacts;
  /** Adds to the transaction that publishes it. */
  readonly record?: (tx: Queryable, counts: Counts) => Promise<void>;
}

/**
 * Publishes staged partitions with their rows in the ledger: all of them in one transaction.
 *
 * Returns what a merge counted, for each.
 */
export async function publish(
  staged: readonly StagedPartition[],
  plan: Pick<RunPlan, "targetKey"> & HookOwner,
  context: Omit<ExchangeContext, "committed">,
): Promise<readonly Counts[]> {
  const { targetKey } = plan;
  const userPath = context.db.userPath ?? null;
  const recorded = ({ partition, facts }: StagedPartition) =>
    findPublished(partition, targetKey, facts, context);
  const counts = await exchange(
    staged.map(({ partition, facts, hookFacts, record }) => ({
      statements: partition.publish,
      facts,
      runsHooks: plan.hooks.before_publish !== undefined || plan.hooks.after_publish !== undefined,
      before: (tx) => runHook(tx, "before_publish", plan, hookFacts, userPath),
      verify: async (counts, tx) => {
        requireAllRows(partition, counts, Number(facts.rows));
        const { rows_known: known = 0 } = counts;
        await runHook(tx, "after_publish", plan, {
          ...hookFacts,
          rows_loaded: Number(hookFacts.rows_loaded) - known,
          rows_duplicate: Number(hookFacts.rows_duplicate) + known,
        }, userPath);
        await record?.(tx, counts);
      },
    })),
    // One stands for all.
    { ...context, committed: async () => await recorded(staged[0]) !== null },
  );
  if (counts !== null) return counts;
  return await Promise.all(staged.map(async (each) => {
    const counts = await withRetry(() => recorded(each), context);
    if (counts === null) throw new Error("A version that was published is not in the ledger");
    return counts;
  }));
}

/** What a run's publish of this version counted; null where it did not take effect. */
export async function findPublished(
  { partition, version }: PartitionPlan,
  targetKey: string,
  facts: Facts,
  { db, ledger = db }: Pick<ExchangeContext, "db" | "ledger">,
): Promise<Counts | null> {
  const [recorded] = await ledger.query<Counts & { rows: number }>(
    `select rows, coalesce(rows_inserted, 0) as rows_inserted,
  coalesce(rows_updated, 0) as rows_updated, coalesce(rows_unchanged, 0) as rows_unchanged,
  coalesce(rows_deleted, 0) as rows_deleted
from sluice.loads
where target = $1 and coalesce(partition, '') = coalesce($2::text, '') and version = $3
  and run_id = $4::uuid`,
    [targetKey, partition, version, facts.run_id],
  );
  if (recorded === undefined) return null;
  const { rows, ...counts } = recorded;
  return { ...counts, rows_known: Number(facts.rows) - rows };
}

/**
 * Each staged row must have become something.
 *
 * @throws SluiceError `publish/rows_missing`
 */
function requireAllRows(partition: PartitionPlan, counts: Counts, staged: number): void {
  const merges = partition.publish.some(({ captures }) => captures === "rows_inserted");
  if (!merges) return;
  const { rows_known = 0, rows_unchanged = 0, rows_updated = 0, rows_inserted = 0 } = counts;
  const accounted = rows_known + rows_unchanged + rows_updated + rows_inserted;
  if (accounted === staged) return;
  throw new SluiceError(
    "publish/rows_missing",
    `Of ${staged} rows only ${accounted} got into the table: a trigger or a rule of it held the others back`,
    { hint: "Nothing was published. Look at the table's triggers and rules" },
  );
}

/**
 * Drops the versions beyond the number kept.
 *
 * The load is live by now: an error here is a warning, and the next load tries again.
 */
export async function retain(
  partition: PartitionPlan,
  context: Pick<ExchangeContext, "db">,
  warn: (message: string) => void,
): Promise<void> {
  for (const { version, statements } of partition.retain) {
    try {
      await context.db.transaction(async (tx) => {
        await tx.query(`select set_config('lock_timeout', '2s', true)`);
        await executeStatements(tx, statements);
      });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      warn(`Version ${version} could not be dropped and is kept: ${error.message}`);
    }
  }
}

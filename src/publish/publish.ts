import { SluiceError } from "../core/error.ts";
import { withRetry } from "../db/with_retry.ts";
import type { Facts, PartitionPlan } from "../plan/load_plan.ts";
import { exchange, type ExchangeContext } from "./exchange.ts";
import { type Counts, executeStatements } from "./execute.ts";

/**
 * Publishes one staged partition with its ledger row, in one transaction.
 *
 * Returns what a merge counted.
 */
export async function publish(
  partition: PartitionPlan,
  targetKey: string,
  facts: Facts,
  context: Omit<ExchangeContext, "committed">,
): Promise<Counts> {
  const counts = await exchange(partition.publish, facts, {
    ...context,
    verify: (counts) => requireAllRows(partition, counts, Number(facts.rows)),
    committed: async () => await published(partition, targetKey, facts, context) !== null,
  });
  if (counts !== null) return counts;
  const recorded = await withRetry(() => published(partition, targetKey, facts, context), context);
  if (recorded === null) throw new Error("A version that was published is not in the ledger");
  return recorded;
}

/** What a run's publish of this version counted; null where it did not take effect. */
export async function published(
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
where target = $1 and partition is not distinct from $2::text and version = $3 and run_id = $4::uuid`,
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
 * The load is live by now: what goes wrong here is told and tried again by the next load.
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

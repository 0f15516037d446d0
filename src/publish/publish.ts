import { SluiceError } from "../core/error.ts";
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
    async committed() {
      const rows = await context.db.query(
        `select 1 from sluice.loads
where target = $1 and partition is not distinct from $2::text and version = $3 and run_id = $4::uuid`,
        [targetKey, partition.partition, partition.version, facts.run_id],
      );
      return rows.length === 1;
    },
  });
  return counts ?? await recordedCounts(partition, targetKey, Number(facts.rows), context);
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

/** The commit took effect, and the answer got lost: the ledger knows what was counted. */
async function recordedCounts(
  { partition, version }: PartitionPlan,
  targetKey: string,
  staged: number,
  { db }: Pick<ExchangeContext, "db">,
): Promise<Counts> {
  const [recorded] = await db.query<Counts & { rows: number }>(
    `select rows, coalesce(rows_inserted, 0) as rows_inserted,
  coalesce(rows_updated, 0) as rows_updated, coalesce(rows_unchanged, 0) as rows_unchanged,
  coalesce(rows_deleted, 0) as rows_deleted
from sluice.loads where target = $1 and partition is not distinct from $2::text and version = $3`,
    [targetKey, partition, version],
  );
  const { rows, ...counts } = recorded;
  return { ...counts, rows_known: staged - rows };
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

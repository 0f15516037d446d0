import { SluiceError } from "../core/error.ts";
import type { Facts, PartitionPlan } from "../plan/load_plan.ts";
import { exchange, type ExchangeContext } from "./exchange.ts";
import { executeStatements } from "./execute.ts";

/** Publishes one staged partition with its ledger row, in one transaction. */
export async function publish(
  partition: PartitionPlan,
  targetKey: string,
  facts: Facts,
  context: Omit<ExchangeContext, "committed">,
): Promise<void> {
  await exchange(partition.publish, facts, {
    ...context,
    async committed() {
      const rows = await context.db.query(
        `select 1 from sluice.loads
where target = $1 and partition is not distinct from $2::text and version = $3 and run_id = $4::uuid`,
        [targetKey, partition.partition, partition.version, facts.run_id],
      );
      return rows.length === 1;
    },
  });
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

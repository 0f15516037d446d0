import type { Database, Queryable } from "../db/database.ts";
import { adoptTables, markDeadRuns, migrate, recordTargetPipeline } from "../ledger/mod.ts";
import { targetKeyOf } from "../plan/target.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";

/**
 * Brings the ledger up to date with its database, with died runs and with the pipeline's file.
 *
 * @param lock the session that holds the target's lock
 * @returns the number of the ledger's newest migration
 */
export async function prepareLedger(
  spec: PipelineSpec,
  db: Database,
  lock: Queryable,
): Promise<number> {
  const target = targetKeyOf(spec);
  const migration = await migrate(db);
  await markDeadRuns(lock, target);
  await adoptTables(lock, target);
  await recordTargetPipeline(lock, target, {
    pipeline: spec.pipeline,
    shared: spec.target.shared,
  });
  return migration;
}

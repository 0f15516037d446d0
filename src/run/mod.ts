import type { RunResult } from "../core/result.ts";
import { readCatalog, readColumns } from "../db/catalog/catalog.ts";
import { readTableProperties } from "../db/catalog/table_properties.ts";
import { withRetry } from "../db/with_retry.ts";
import { adoptTables, forgetOldRejects, lockTarget, migrate, readLedger } from "../ledger/mod.ts";
import { compileRollback, type RollbackRequest } from "../plan/compile_rollback.ts";
import type { LoadPlan } from "../plan/load_plan.ts";
import { targetKeyOf } from "../plan/target.ts";
import type { ApprovedPlan } from "../plan/moved.ts";
import { planPipeline } from "./gather.ts";
import { slotsOf } from "./look_at_partitions.ts";
import { loadPartitions } from "./load_partitions.ts";
import { prepareLedger } from "./prepare_ledger.ts";
import { RecordedRun, underLock } from "./recorded_run.ts";
import { rollback, type RollbackContext, type RollbackResult } from "../publish/rollback.ts";
import type { RunContext, RunOptions } from "./context.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";

export { planPipeline };
export type { RunContext, RunOptions };

/**
 * Runs a pipeline: lock, plan, set up, load each partition, record.
 *
 * What goes wrong with one partition is in its result; what concerns the whole run is thrown.
 *
 * @throws SluiceError
 */
export async function runPipeline(
  spec: PipelineSpec,
  options: RunOptions,
  context: RunContext,
): Promise<RunResult> {
  const { db } = context;
  const { approved } = options;
  context.elsewhere?.accept(spec);
  using run = new RecordedRun("run", context);
  try {
    const approval = approved === undefined ? null : { approved, ...await import("./approved.ts") };
    const { lock, plan } = await run.retry(async () =>
      await underLock(await lockTarget(db, targetKeyOf(spec)), async (lock) => {
        const migration = await prepareLedger(spec, db, lock);
        const { keepDays } = spec.rejects;
        if (keepDays !== null) await forgetOldRejects(db, spec.pipeline, keepDays);
        const plan = await planPipeline(spec, { ...options, migration }, context);
        await approval?.requireApproved(approval.approved, plan, context);
        await run.begin(plan, lock);
        return { lock, plan };
      })
    );
    await using _lock = lock;
    const results = approval === null
      ? await loadPartitions(plan, run, { spec, options })
      // What would be planned anew is not what was approved.
      : await loadPartitions(
        plan,
        run,
        null,
        approval.approvedSources(approval.approved, plan, run.id, context),
      );
    return await run.finish(plan, results);
  } catch (error) {
    await run.fail(error);
    throw error;
  }
}

/** Prepares a plan for somebody who looks at it before it is run. */
export async function forApproval(plan: LoadPlan, context: RunContext): Promise<ApprovedPlan> {
  const { forApproval } = await import("./approved.ts");
  return await forApproval(plan, context);
}

/**
 * Makes sure that a plan can still be run as it was approved. Writes nothing.
 *
 * @throws SluiceError `plan/moved`
 */
export async function checkApproved(
  spec: PipelineSpec,
  { approved, ...options }: RunOptions & { readonly approved: ApprovedPlan },
  context: RunContext,
): Promise<void> {
  const { requireApproved } = await import("./approved.ts");
  await requireApproved(approved, await planPipeline(spec, options, context), context);
}

/**
 * Puts an earlier version of a pipeline's target back.
 *
 * @throws SluiceError where there is none, or the target is locked
 */
export async function rollbackPipeline(
  spec: PipelineSpec,
  request: RollbackRequest,
  context: RollbackContext,
): Promise<RollbackResult> {
  const { db } = context;
  const target = targetKeyOf(spec);
  const { schema, table } = spec.target;
  const { lock, steps } = await withRetry(
    async () =>
      await underLock(await lockTarget(db, target), async (lock) => {
        const migration = await migrate(db);
        await adoptTables(lock, target);
        const [ledger, catalog, columns] = await Promise.all([
          readLedger(db, target, migration),
          readCatalog(db, { schema, table }),
          readColumns(db, schema, `${table}__`),
        ]);
        const properties = await readTableProperties(db, { schema, table }, [...columns.keys()]);
        const partitions = [...new Set(ledger.loads.map(({ partition }) => partition))];
        const slots = catalog.table === null
          ? new Map()
          : await slotsOf(db, spec, catalog.table, partitions);
        const input = { spec, ledger, catalog, columns, slots, properties };
        return { lock, steps: compileRollback(input, request) };
      }),
    context,
  );
  await using _lock = lock;
  return {
    pipeline: spec.pipeline,
    target,
    partitions: await rollback(steps, { schema, table }, context),
  };
}

/**
 * Adds rejected rows that are now valid to the live table, exactly once.
 *
 * Only rows of live versions: others may not belong into the table.
 *
 * @param only this partition; all of them when left out
 */
export async function replayRejects(
  spec: PipelineSpec,
  only: string | undefined,
  context: RunContext,
): Promise<RunResult> {
  const { replayRejects } = await import("./replay.ts");
  return await replayRejects(spec, only, context);
}

import { maskUrl } from "../core/mask_urls.ts";
import type { PartitionResult, RowCounts, RunResult } from "../core/result.ts";
import { readCatalog, readColumns } from "../db/catalog/catalog.ts";
import { readTableProperties } from "../db/catalog/table_properties.ts";
import { withRetry } from "../db/with_retry.ts";
import { executeRun, underLock } from "./execute.ts";
import { adoptTables, forgetOldRejects, lockTarget, migrate, readLedger } from "../ledger/mod.ts";
import { compileRollback, type RollbackRequest } from "../plan/compile_rollback.ts";
import { targetKeyOf } from "../plan/compile.ts";
import type { LoadPlan, PartitionPlan } from "../plan/load_plan.ts";
import { planPipeline, slotsOf } from "./gather.ts";
import { prepareLedger } from "./prepare_ledger.ts";
import { rollback, type RollbackContext, type RollbackResult } from "../publish/rollback.ts";
import { replayRejects } from "./replay.ts";
import type { RunContext, RunOptions } from "./context.ts";
import { runPartition } from "./partition/load.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";

export { replayRejects };
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
  const target = targetKeyOf(spec);
  context.elsewhere?.accept(spec);
  return await executeRun(
    "run",
    async () =>
      await underLock(await lockTarget(db, target), async (lock) => {
        await prepareLedger(spec, db, lock);
        const { keepDays } = spec.rejects;
        if (keepDays !== null) await forgetOldRejects(db, spec.pipeline, keepDays);
        return { lock, plan: await planPipeline(spec, options, context) };
      }),
    context,
    runOrSkip,
    // Workers have the plan already.
    context.elsewhere === undefined
      ? (partitions) =>
        planPipeline(
          spec,
          { ...withoutRange(options), partitions: partitions.flatMap((name) => name ?? []) },
          context,
        )
      : null,
  );
}

function withoutRange({ from: _from, to: _to, ...options }: RunOptions): RunOptions {
  return options;
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
        await migrate(db);
        await adoptTables(lock, target);
        const [ledger, catalog, columns] = await Promise.all([
          readLedger(db, target),
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

async function runOrSkip(
  plan: LoadPlan,
  partition: PartitionPlan,
  runId: string,
  context: RunContext,
): Promise<PartitionResult> {
  if (partition.action === "load" && !context.signal.aborted) {
    return await (context.elsewhere?.load ?? runPartition)(plan, partition, runId, context);
  }
  return {
    partition: partition.partition,
    status: partition.skipStatus ?? "skipped",
    reason: context.signal.aborted ? "the run was interrupted" : partition.reason,
    version: null,
    ...NO_ROWS,
    bytes_read: 0,
    seconds: 0,
    source: context.secrets.redact(maskUrl(partition.source.url)),
    sha256: null,
    phases: {},
    error: null,
  };
}

const NO_ROWS: RowCounts = {
  rows_read: 0,
  rows_loaded: 0,
  rows_rejected: 0,
  rows_duplicate: 0,
  rows_discarded: 0,
};

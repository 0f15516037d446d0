import { SluiceError } from "./core/error.ts";
import { mapConcurrently } from "./core/map_concurrently.ts";
import type { PartitionResult, RowCounts, RunResult, RunStatus } from "./core/result.ts";
import {
  finishRun,
  lockTarget,
  markDeadRuns,
  migrate,
  readLedger,
  startRun,
} from "./ledger/mod.ts";
import { readCatalog, readColumns } from "./db/catalog.ts";
import { compileRollback, type RollbackRequest } from "./plan/compile_rollback.ts";
import { targetKeyOf } from "./plan/compile.ts";
import type { LoadPlan, PartitionPlan } from "./plan/load_plan.ts";
import { planPipeline } from "./plan_run.ts";
import { exchange } from "./publish/exchange.ts";
import { executeStatements } from "./publish/execute.ts";
import { rollback, type RollbackContext, type RollbackResult } from "./publish/rollback.ts";
import type { RunContext, RunOptions } from "./run_context.ts";
import { runPartition } from "./run_partition.ts";
import type { PipelineSpec } from "./spec/pipeline_spec.ts";

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
  const started = context.clock.monotonic();
  const runId = crypto.randomUUID();
  await using _lock = await lockTarget(context.db, targetKeyOf(spec));
  await migrate(context.db);
  await markDeadRuns(context.db, targetKeyOf(spec));
  const plan = await planPipeline(spec, options, context);
  await startRun(context.db, {
    id: runId,
    pipeline: plan.pipeline,
    target: plan.targetKey,
    specHash: plan.specHash,
    environment: plan.environment,
    host: context.host,
    version: context.version,
  });
  context.emit({
    type: "run_started",
    runId,
    pipeline: plan.pipeline,
    target: plan.targetKey,
    partitions: plan.partitions.length,
  });
  let partitions: PartitionResult[];
  // Whoever interrupts a run does not want to wait for an index to be built.
  const cancel = () => void context.db.cancelRunning().catch(() => {});
  context.signal.addEventListener("abort", cancel, { once: true });
  try {
    await prepareTarget(plan, context);
    partitions = await mapConcurrently(plan.partitions, plan.concurrency, async (partition) => {
      const result = await runOrSkip(plan, partition, runId, context);
      context.emit({ type: "partition_finished", result });
      return result;
    });
  } catch (error) {
    await recordFailure(plan, runId, error, context);
    throw error;
  } finally {
    context.signal.removeEventListener("abort", cancel);
  }
  const seconds = (context.clock.monotonic() - started) / 1000;
  const result = summarize(plan, runId, partitions, seconds, context.signal.aborted);
  await finishRun(context.db, result);
  context.emit({ type: "run_finished", result });
  return result;
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
  const target = targetKeyOf(spec);
  await using _lock = await lockTarget(context.db, target);
  await migrate(context.db);
  const { schema, table } = spec.target;
  const [ledger, catalog, columns] = await Promise.all([
    readLedger(context.db, target),
    readCatalog(context.db, { schema, table }),
    readColumns(context.db, schema, `${table}__`),
  ]);
  const steps = compileRollback({ spec, ledger, catalog, columns }, request);
  return {
    pipeline: spec.pipeline,
    target,
    partitions: await rollback(steps, { schema, table }, context),
  };
}

/** Makes or mends the target, and drops what died runs left behind. */
async function prepareTarget(plan: LoadPlan, context: RunContext): Promise<void> {
  for (const statement of plan.sweep) await executeStatements(context.db, [statement]);
  if (plan.setup.length === 0) return;
  await exchange(plan.setup, null, {
    ...context,
    target: plan.target,
    // Whether it took effect is seen by planning again: the next run does.
    committed: () => Promise.resolve(false),
    onRetry: (attempt, attempts, delaySeconds, error) =>
      context.emit({
        type: "retry",
        partition: null,
        stage: "publish",
        attempt,
        attempts,
        delaySeconds,
        error: error.toJSON(),
      }),
  });
}

async function runOrSkip(
  plan: LoadPlan,
  partition: PartitionPlan,
  runId: string,
  context: RunContext,
): Promise<PartitionResult> {
  if (partition.action === "load" && !context.signal.aborted) {
    return await runPartition(plan, partition, runId, context);
  }
  return {
    partition: partition.partition,
    status: partition.skipStatus ?? "skipped",
    reason: context.signal.aborted ? "the run was interrupted" : partition.reason,
    version: null,
    ...NO_ROWS,
    bytes_read: 0,
    seconds: 0,
    source: context.secrets.redact(partition.source.url),
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

function summarize(
  plan: LoadPlan,
  runId: string,
  partitions: readonly PartitionResult[],
  seconds: number,
  interrupted: boolean,
): RunResult {
  const sum = (key: keyof RowCounts | "bytes_read") =>
    partitions.reduce((total, partition) => total + partition[key], 0);
  const counts: RowCounts = {
    rows_read: sum("rows_read"),
    rows_loaded: sum("rows_loaded"),
    rows_rejected: sum("rows_rejected"),
    rows_duplicate: sum("rows_duplicate"),
    rows_discarded: sum("rows_discarded"),
  };
  const accounted = counts.rows_loaded + counts.rows_rejected + counts.rows_duplicate +
    counts.rows_discarded;
  if (accounted !== counts.rows_read) {
    throw new Error(`Read ${counts.rows_read} rows but can account for ${accounted}`);
  }
  return {
    run_id: runId,
    pipeline: plan.pipeline,
    status: runStatus(partitions, interrupted),
    ...counts,
    bytes_read: sum("bytes_read"),
    seconds,
    rows_per_second: seconds > 0 ? Math.round(counts.rows_read / seconds) : 0,
    partitions,
    checks: [],
    error: partitions.find(({ error }) => error !== null)?.error ?? null,
  };
}

function runStatus(partitions: readonly PartitionResult[], interrupted: boolean): RunStatus {
  const any = (status: PartitionResult["status"]) =>
    partitions.some((partition) => partition.status === status);
  if (interrupted) return "interrupted";
  if (any("failed")) return "failed";
  if (any("refused")) return "refused";
  return any("published") ? "succeeded" : "unchanged";
}

/** The ledger's word on a run that failed as a whole. */
async function recordFailure(
  plan: LoadPlan,
  runId: string,
  error: unknown,
  context: RunContext,
): Promise<void> {
  const record = error instanceof SluiceError
    ? error.toJSON()
    : { code: "core/bug", message: "A bug in Sluice", retry: "never" as const };
  const result: RunResult = {
    ...summarize(plan, runId, [], 0, context.signal.aborted),
    status: context.signal.aborted ? "interrupted" : "failed",
    error: record,
  };
  try {
    await finishRun(context.db, result);
  } catch (unrecorded) {
    // The database is away: the next run marks this one as dead.
    if (!(unrecorded instanceof SluiceError)) throw unrecorded;
  }
}

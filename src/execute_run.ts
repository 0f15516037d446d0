import { mapConcurrently } from "./core/map_concurrently.ts";
import { SluiceError } from "./core/error.ts";
import type { PartitionResult, RowCounts, RunResult, RunStatus } from "./core/result.ts";
import { finishRun, type RunCommand, startRun } from "./ledger/mod.ts";
import type { Facts, LoadPlan, PartitionPlan } from "./plan/load_plan.ts";
import { exchange } from "./publish/exchange.ts";
import { executeStatements } from "./publish/execute.ts";
import type { RunContext } from "./run_context.ts";

/**
 * Executes a plan under the target's lock and records it as a run: set up, load each partition, end.
 *
 * What goes wrong with one partition is in its result; what concerns the whole run is thrown.
 */
export async function executeRun(
  command: RunCommand,
  plan: LoadPlan,
  /** Reading of the monotonic clock when the command began, milliseconds. */
  started: number,
  context: RunContext,
  load: (partition: PartitionPlan, runId: string) => Promise<PartitionResult>,
): Promise<RunResult> {
  const runId = crypto.randomUUID();
  await startRun(context.db, {
    id: runId,
    command,
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
    secondsBefore: (context.clock.monotonic() - started) / 1000,
  });
  let partitions: PartitionResult[];
  // Whoever interrupts a run does not want to wait for an index to be built.
  const cancel = () => void context.db.cancelRunning().catch(() => {});
  context.signal.addEventListener("abort", cancel, { once: true });
  try {
    await prepareTarget(plan, runId, context);
    partitions = await mapConcurrently(plan.partitions, plan.concurrency, async (partition) => {
      const result = await load(partition, runId);
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

/** All that is known before a source is open. */
function factsOf(runId: string): Facts {
  return {
    run_id: runId,
    loaded_at: null,
    replayed: null,
    rows: null,
    bytes: null,
    sha256: null,
    etag: null,
    last_modified: null,
    source_url: null,
  };
}

/** Makes or mends the target, and drops what died runs left behind. */
async function prepareTarget(plan: LoadPlan, runId: string, context: RunContext): Promise<void> {
  for (const statement of plan.sweep) await executeStatements(context.db, [statement]);
  if (plan.setup.length === 0) return;
  await exchange(plan.setup, factsOf(runId), {
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

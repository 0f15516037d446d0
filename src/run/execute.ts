import { SluiceError } from "../core/error.ts";
import type { PartitionResult, RowCounts, RunResult, RunStatus } from "../core/result.ts";
import type { Stage } from "../core/stage.ts";
import type { Session } from "../db/database.ts";
import { type RetryOptions, withRetry } from "../db/with_retry.ts";
import { fencedDatabase, finishRun, type RunCommand, startRun } from "../ledger/mod.ts";
import type { Facts, LoadPlan } from "../plan/load_plan.ts";
import { pastCancel } from "./past_cancel.ts";
import { exchange } from "../publish/exchange.ts";
import { loadPartitions, type PlanAnew } from "./load_partitions.ts";
import { executeStatements } from "../publish/execute.ts";
import { type LoadPartition, publishContext, type RunContext } from "./context.ts";

/** What a run begins with: the target's lock, and what it will do under it. */
export interface PreparedRun {
  readonly lock: Session;
  readonly plan: LoadPlan;
}

/**
 * Executes a plan under the target's lock and records it as a run: set up, load each partition, end.
 *
 * What goes wrong with one partition is in its result; what concerns the whole run is thrown.
 *
 * @param prepare takes the lock and plans; called again where the database went away before loading
 * @param planAnew plans partitions again, where the target was altered under their load
 */
export async function executeRun(
  command: RunCommand,
  prepare: () => Promise<PreparedRun>,
  context: RunContext,
  load: LoadPartition,
  planAnew: PlanAnew | null = null,
): Promise<RunResult> {
  const started = context.clock.monotonic();
  const run = new Run(command, crypto.randomUUID(), started, context);
  // Whoever interrupts a run does not want to wait for an index to be built.
  const cancel = () => void context.db.cancelRunning().catch(() => {});
  context.signal.addEventListener("abort", cancel, { once: true });
  try {
    const { lock, plan } = await withRetry(() => run.begin(prepare), retries(context, "plan"));
    await using _lock = lock;
    const fenced = fencedContext(plan, run.id, context);
    const anew = planAnew === null ? null : async (partitions: readonly (string | null)[]) => {
      const next = await planAnew(partitions);
      await prepareTarget(next, run.id, fenced);
      return next;
    };
    return await run.finish(plan, await loadPartitions(plan, run.id, fenced, load, anew));
  } catch (error) {
    await run.fail(error);
    throw error;
  } finally {
    context.signal.removeEventListener("abort", cancel);
  }
}

/** Works under a target's lock, which is let go where the work fails, so that it can be done again. */
export async function underLock<T>(
  lock: Session,
  work: (lock: Session) => Promise<T>,
): Promise<T> {
  try {
    return await work(lock);
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/** One run on its way through the ledger. */
class Run {
  /** The plan of the newest attempt to begin; null before the ledger knows of the run. */
  #begun: LoadPlan | null = null;
  #finished = false;

  constructor(
    readonly command: RunCommand,
    readonly id: string,
    readonly started: number,
    readonly context: RunContext,
  ) {}

  /** From nothing to a target that can be loaded; whole, so that it can be done again. */
  async begin(prepare: () => Promise<PreparedRun>): Promise<PreparedRun> {
    const { lock, plan } = await prepare();
    return await underLock(lock, async () => {
      const { context } = this;
      await startRun(lock, {
        id: this.id,
        command: this.command,
        pipeline: plan.pipeline,
        target: plan.targetKey,
        specHash: plan.specHash,
        environment: plan.environment,
        host: context.host,
        version: context.version,
      });
      if (this.#begun === null) {
        context.emit({
          type: "run_started",
          runId: this.id,
          pipeline: plan.pipeline,
          target: plan.targetKey,
          partitions: plan.partitions.length,
          secondsBefore: (context.clock.monotonic() - this.started) / 1000,
        });
      }
      for (const message of plan.notes) {
        context.emit({ type: "warning", partition: null, stage: "plan", message });
      }
      this.#begun = plan;
      await prepareTarget(plan, this.id, fencedContext(plan, this.id, context));
      return { lock, plan };
    });
  }

  async finish(plan: LoadPlan, partitions: readonly PartitionResult[]): Promise<RunResult> {
    const { context } = this;
    const seconds = (context.clock.monotonic() - this.started) / 1000;
    const result = summarize(plan, this.id, partitions, seconds, context.signal.aborted);
    await this.#record(result);
    context.emit({ type: "run_finished", result });
    return result;
  }

  /** The ledger's word on a run that failed as a whole. */
  async fail(error: unknown): Promise<void> {
    if (this.#begun === null || this.#finished) return;
    const record = error instanceof SluiceError
      ? error.toJSON()
      : { code: "core/bug", message: "A bug in Sluice", retry: "never" as const };
    const { aborted } = this.context.signal;
    try {
      await this.#record({
        ...summarize(this.#begun, this.id, [], 0, aborted),
        status: aborted ? "interrupted" : "failed",
        error: record,
      });
    } catch (unrecorded) {
      // The database is away: the next run marks this one as dead.
      if (!(unrecorded instanceof SluiceError)) throw unrecorded;
    }
  }

  async #record(result: RunResult): Promise<void> {
    const { context } = this;
    this.#finished = true;
    // However the run ended, its end is worth a few attempts; the next run sees to it otherwise.
    const options = { ...retries(context, "ledger"), signal: undefined, attempts: 4 };
    await withRetry(() => pastCancel(() => finishRun(context.db, result), context.signal), options);
  }
}

/** Tells each new attempt at something that concerns the whole run. */
function retries({ clock, random, signal, emit }: RunContext, stage: Stage): RetryOptions {
  return {
    clock,
    random,
    signal,
    onRetry: (attempt, attempts, delaySeconds, error) =>
      emit({
        type: "retry",
        partition: null,
        stage,
        attempt,
        attempts,
        delaySeconds,
        error: error.toJSON(),
      }),
  };
}

function fencedContext(plan: LoadPlan, runId: string, context: RunContext): RunContext {
  const db = fencedDatabase(context.db, runId, plan.targetKey);
  return { ...context, db, ledger: context.db };
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
  await exchange([{ statements: plan.setup, facts: factsOf(runId) }], {
    ...publishContext(plan, null, context),
    // Whether it took effect is seen by planning again: the next run does.
    committed: () => Promise.resolve(false),
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
  const valuesDiscarded = partitions.reduce(
    (total, { values_discarded: values = 0 }) => total + values,
    0,
  );
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
    ...(valuesDiscarded > 0 ? { values_discarded: valuesDiscarded } : {}),
    bytes_read: sum("bytes_read"),
    seconds,
    rows_per_second: seconds > 0 ? Math.round(counts.rows_read / seconds) : 0,
    partitions: partitions.map(({ checks: _, ...partition }) => partition),
    checks: partitions.flatMap(({ checks }) => checks ?? []),
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

import { errorRecord, SluiceError } from "../core/error.ts";
import { retryNews, type RunNews } from "../core/event.ts";
import { redactDeep } from "../core/redact_deep.ts";
import type { PartitionResult, RowCounts, RunResult, RunStatus } from "../core/result.ts";
import type { Stage } from "../core/stage.ts";
import type { Session } from "../db/database.ts";
import { type RetryOptions, withRetry } from "../db/with_retry.ts";
import { fencedDatabase, finishRun, recordPlan, type RunCommand, startRun } from "../ledger/mod.ts";
import type { Facts, LoadPlan } from "../plan/load_plan.ts";
import { stepsOf } from "../plan/steps.ts";
import { pastCancel } from "./past_cancel.ts";
import { exchange } from "../publish/exchange.ts";
import { executeStatements } from "../publish/execute.ts";
import { publishContext, type RunContext } from "./context.ts";

/** What others have done to tables, each told by a line of its own. */
const NOTES = 20;

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

/**
 * One run on its way through the ledger: begun, finished or failed.
 *
 * While it is open, an interrupt cancels the statement under way.
 */
export class RecordedRun implements Disposable {
  readonly id: string = crypto.randomUUID();
  readonly #started: number;
  readonly #cancel: () => void;
  /** The plan of the newest attempt to begin; null before the ledger knows of the run. */
  #begun: LoadPlan | null = null;
  #finished = false;

  constructor(readonly command: RunCommand, readonly context: RunContext) {
    this.#started = context.clock.monotonic();
    // Whoever interrupts a run does not want to wait for an index to be built.
    this.#cancel = () => void context.db.cancelRunning().catch(() => {});
    context.signal.addEventListener("abort", this.#cancel, { once: true });
  }

  [Symbol.dispose](): void {
    this.context.signal.removeEventListener("abort", this.#cancel);
  }

  emit(news: RunNews): void {
    this.context.emit({ ...news, runId: this.id });
  }

  /** Does work anew where the database went away before anything was loaded. */
  async retry<T>(work: () => Promise<T>): Promise<T> {
    return await withRetry(work, this.#retries("plan"));
  }

  /** The run's context, whose writes end when another run takes over. */
  fenced(plan: LoadPlan): RunContext {
    const { context } = this;
    return {
      ...context,
      db: fencedDatabase(context.db, this.id, plan.targetKey),
      ledger: context.db,
    };
  }

  /** Records the run, and makes the target ready to be loaded; may be done again. */
  async begin(plan: LoadPlan, lock: Session): Promise<void> {
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
    const steps = stepsOf(plan);
    if (steps.length > 0) {
      await recordPlan(lock, { runId: this.id, target: plan.targetKey }, steps);
    }
    if (this.#begun === null) {
      this.emit({
        type: "run_started",
        runId: this.id,
        pipeline: plan.pipeline,
        target: plan.targetKey,
        partitions: plan.partitions.length,
        secondsBefore: this.#seconds(),
      });
    }
    const more = plan.notes.length - NOTES;
    const rest = more > 0 ? [`and ${more} more changes that others made: plan -v lists all`] : [];
    for (const message of [...plan.notes.slice(0, NOTES), ...rest]) {
      this.emit({ type: "warning", partition: null, stage: "plan", message });
    }
    this.#begun = plan;
    await this.prepareTarget(plan);
  }

  /** Makes or mends the target, and drops what died runs left behind. */
  async prepareTarget(plan: LoadPlan): Promise<void> {
    const context = this.fenced(plan);
    for (const statement of plan.sweep) await executeStatements(context.db, [statement]);
    if (plan.setup.length === 0) return;
    await exchange([{ statements: plan.setup, facts: factsOf(this.id) }], {
      ...publishContext(plan, null, this.id, context),
      // Whether it took effect is seen by planning again: the next run does.
      committed: () => Promise.resolve(false),
    });
  }

  /** Records and tells how the run ended. */
  async finish(plan: LoadPlan, partitions: readonly PartitionResult[]): Promise<RunResult> {
    const { aborted } = this.context.signal;
    const result = summarize(plan, this.id, partitions, this.#seconds(), aborted);
    await this.#record(result);
    this.emit({ type: "run_finished", result });
    return result;
  }

  /** The ledger's word on a run that failed as a whole. */
  async fail(error: unknown): Promise<void> {
    if (this.#begun === null || this.#finished) return;
    const { aborted } = this.context.signal;
    try {
      await this.#record({
        ...summarize(this.#begun, this.id, [], 0, aborted),
        status: aborted ? "interrupted" : "failed",
        error: redactDeep(errorRecord(error), this.context.secrets),
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
    const options = { ...this.#retries("ledger"), signal: undefined, attempts: 4 };
    await withRetry(() => pastCancel(() => finishRun(context.db, result), context.signal), options);
  }

  #seconds(): number {
    return (this.context.clock.monotonic() - this.#started) / 1000;
  }

  /** Tells each new attempt at something that concerns the whole run. */
  #retries(stage: Stage): RetryOptions {
    const { clock, random, signal } = this.context;
    return {
      clock,
      random,
      signal,
      onRetry: (attempt, attempts, delaySeconds, error) =>
        this.emit(retryNews(null, stage, attempt, attempts, delaySeconds, error.toJSON())),
    };
  }
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
    files: null,
  };
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

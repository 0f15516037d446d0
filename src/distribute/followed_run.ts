import { SluiceError } from "../core/error.ts";
import type { PartitionResult } from "../core/result.ts";
import { withRetry } from "../db/with_retry.ts";
import { forgetRejects, type PartState, readParts, revokeParts } from "../ledger/mod.ts";
import { pastCancel } from "../run/past_cancel.ts";
import type { PartitionPlan } from "../plan/load_plan.ts";
import { executeStatements } from "../publish/execute.ts";
import type { RunContext } from "../run/context.ts";
import { releaseDeadWorkers } from "./dead_workers.ts";
import type { Queue } from "./queue.ts";

/** Milliseconds between two looks at what workers have done, where none of them tells an end. */
const POLL = 400;

/** Milliseconds between two looks at the least, however many partitions end. */
const PAUSE = 20;

/** Milliseconds without any worker before it is told. */
const LONELY = 10_000;

/** A partition that workers have, and how much of what they told was passed on. */
interface Awaited {
  readonly partition: PartitionPlan;
  readonly result: PromiseWithResolvers<PartitionResult>;
  eventsTold: number;
  attempt: number;
}

/** A run whose partitions workers load: one loop looks at all of them. */
export class FollowedRun {
  readonly #awaited = new Map<number, Awaited>();
  readonly #begun: number;
  #following = false;
  #anyWorker = false;
  #toldLonely = false;

  constructor(readonly queue: Queue, readonly runId: string, readonly context: RunContext) {
    this.#begun = context.clock.monotonic();
  }

  /**
   * The result of a partition whose job is in the queue.
   *
   * @throws SluiceError where no worker will load it any more
   */
  finished(position: number, partition: PartitionPlan): Promise<PartitionResult> {
    const result = Promise.withResolvers<PartitionResult>();
    this.#awaited.set(position, { partition, result, eventsTold: 0, attempt: 0 });
    if (!this.#following) {
      this.#following = true;
      void this.#follow();
    }
    return result.promise;
  }

  async #follow(): Promise<void> {
    const { context } = this;
    const { clock, random, signal } = context;
    try {
      await using ends = this.#listen();
      while (this.#awaited.size > 0) {
        signal.throwIfAborted();
        ends.begin();
        await withRetry(() => this.#look(), { clock, random, signal });
        if (this.#awaited.size > 0) await ends.wait();
      }
    } catch (error) {
      // Others may be offered meanwhile.
      while (this.#awaited.size > 0) await this.#takeBack([...this.#awaited.keys()], error);
    }
    this.#following = false;
  }

  /** Waits for the next look; what ends while one is under way is looked for at once. */
  #listen() {
    const { clock, signal } = this.context;
    let heard = new AbortController();
    // Without it the looks are as good, and later.
    const listening = this.queue.listen(this.runId, () => heard.abort()).catch((error) => {
      if (error instanceof SluiceError) return null;
      throw error;
    });
    listening.catch(() => {});
    return {
      begin: () => heard = new AbortController(),
      async wait() {
        await clock.sleep(PAUSE, signal);
        await clock.sleep(POLL - PAUSE, AbortSignal.any([signal, heard.signal])).catch(() => {});
        signal.throwIfAborted();
      },
      [Symbol.asyncDispose]: async () => await (await listening)?.[Symbol.asyncDispose](),
    };
  }

  async #look(): Promise<void> {
    const { context, queue, runId } = this;
    const positions = [...this.#awaited.keys()];
    // Before the results: a worker writes its result first, and then its job is gone.
    const lost = await queue.lost(runId, positions);
    for (const part of await readParts(context.ledger ?? context.db, runId, positions)) {
      this.#tell(part);
      if (part.finished && part.result !== null) this.#end(part.position, part.result);
    }
    // Whoever waited goes on, and may close the queue.
    if (this.#awaited.size === 0) return;
    for (const [position, message] of lost) {
      if (this.#awaited.has(position)) await this.#takeBack([position], givenUp(message));
    }
    await releaseDeadWorkers(queue, context.ledger ?? context.db);
    this.#tellWhenLonely();
  }

  #end(position: number, result: PartitionResult): void {
    this.#awaited.get(position)?.result.resolve(result);
    this.#awaited.delete(position);
  }

  /** Passes on what a worker told since the last look. */
  #tell({ position, worker, attempts, events, progress, finished }: PartState): void {
    const { context } = this;
    const awaited = this.#awaited.get(position);
    if (awaited === undefined) return;
    this.#anyWorker = true;
    if (awaited.attempt > 0 && attempts > awaited.attempt) {
      const message = `taken over by ${worker}: the worker that had it is gone, or gave it back`;
      const { partition } = awaited.partition;
      context.emit({ type: "warning", runId: this.runId, partition, stage: "load", message });
    }
    awaited.attempt = attempts;
    for (const event of events.slice(awaited.eventsTold)) context.emit(event);
    awaited.eventsTold = events.length;
    if (progress !== null && !finished) context.emit(progress);
  }

  #tellWhenLonely(): void {
    const { context } = this;
    if (this.#anyWorker || this.#toldLonely) return;
    if (context.clock.monotonic() - this.#begun < LONELY) return;
    this.#toldLonely = true;
    context.emit({
      type: "warning",
      runId: this.runId,
      partition: null,
      message:
        `No worker has taken a partition yet: start \`worker\` of Sluice ${context.version} ` +
        "on this database, or wait for those that are busy",
    });
  }

  /** Nothing of them is published after it; what was published until then is told as such. */
  async #takeBack(positions: readonly number[], cause: unknown): Promise<void> {
    const { context, queue, runId } = this;
    const { clock, random, signal } = context;
    const work = async () => {
      await queue.remove(runId, positions);
      await revokeParts(context.ledger ?? context.db, runId, positions);
      for (const { position, result } of await readParts(context.db, runId, positions)) {
        if (result?.status === "published" || result?.status === "staged") {
          this.#end(position, result);
        }
      }
      // Whoever was at work on the others may write no more, and so cannot tidy up.
      for (const position of positions) {
        const awaited = this.#awaited.get(position);
        if (awaited === undefined) continue;
        await executeStatements(context.db, awaited.partition.cleanup);
        await forgetRejects(context.db, runId, awaited.partition.partition);
      }
    };
    try {
      await withRetry(() => pastCancel(work, signal), { clock, random, attempts: 4 });
    } catch (error) {
      // What was wrong first is what the user must hear; workers see that the run is over.
      if (!(error instanceof SluiceError)) cause = error;
    }
    for (const position of positions) {
      this.#awaited.get(position)?.result.reject(cause);
      this.#awaited.delete(position);
    }
  }
}

function givenUp(error: string): SluiceError {
  return new SluiceError("load/given_up", `Workers gave up on the partition: ${error}`, {
    retry: "later",
    hint: "Read the workers' output, correct the cause, and run again: it loads what is missing",
  });
}

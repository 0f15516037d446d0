import { SluiceError } from "../core/error.ts";
import type { PartitionResult } from "../core/result.ts";
import { emptyTally, partitionResult } from "../partition_tally.ts";
import { finishedParts, offerPart } from "../ledger/mod.ts";
import type { Elsewhere, RunContext } from "../run_context.ts";
import { COPY_CONNECTIONS } from "../plan/compile.ts";
import type { Queue } from "./queue.ts";
import { withRetry } from "../db/with_retry.ts";
import { releaseDeadWorkers } from "./dead_workers.ts";

/** Milliseconds between two looks at what workers have done. */
const POLL = 400;

/** Partitions that are offered to workers at once. */
const OFFERED = 10_000;

/**
 * Has the partitions of a run loaded by workers: each is a job, and its result is waited for.
 *
 * @param priority of the jobs: the smaller, the sooner
 */
export function loadElsewhere(queue: Queue, priority: number): Elsewhere {
  const pending = new Set<number>();
  let last: { readonly at: number; readonly seen: Promise<Seen> } | null = null;

  /** One look for all that wait. */
  async function look(runId: string, context: RunContext): Promise<Seen> {
    // Before the results: a worker writes its result first, and then ends its job.
    const lost = await queue.lost(runId, [...pending]);
    const results = await finishedParts(context.ledger ?? context.db, runId);
    await releaseDeadWorkers(queue, context.db);
    return { lost, results };
  }
  async function waitFor(runId: string, position: number, context: RunContext) {
    const { clock, signal } = context;
    for (;;) {
      const now = clock.monotonic();
      if (last === null || now - last.at >= POLL) {
        last = { at: now, seen: withRetry(() => look(runId, context), context) };
      }
      const { lost, results } = await last.seen;
      const result = results.get(position);
      if (result !== undefined) return result;
      const error = lost.get(position);
      if (error !== undefined) throw givenUp(error);
      await clock.sleep(POLL, signal).catch(() => {
        throw new SluiceError("cli/interrupted", "The run was interrupted before it published", {
          retry: "later",
        });
      });
    }
  }
  return {
    concurrency: OFFERED,
    async load(plan, partition, runId, context) {
      const { partitions, ...rest } = plan;
      const position = partitions.indexOf(partition);
      const started = context.clock.monotonic();
      await offerPart(context.db, { runId, position }, partition.partition);
      await queue.add({
        runId,
        position,
        version: context.version,
        // A worker has all connections to itself.
        plan: { ...rest, concurrency: 1, copyConnections: COPY_CONNECTIONS },
        partition,
      }, priority);
      try {
        // Looked for from here on: it stands in the queue.
        pending.add(position);
        last = null;
        return await waitFor(runId, position, context);
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        await queue.remove(runId, [position]).catch(() => {});
        return partitionResult(partition, emptyTally(), {
          status: context.signal.aborted ? "skipped" : "failed",
          version: null,
          error,
        }, {
          reason: null,
          seconds: (context.clock.monotonic() - started) / 1000,
          plannedSource: context.secrets.redact(partition.source.url),
        });
      } finally {
        pending.delete(position);
      }
    },
  };
}

interface Seen {
  readonly lost: ReadonlyMap<number, string>;
  readonly results: ReadonlyMap<number, PartitionResult>;
}

function givenUp(error: string): SluiceError {
  return new SluiceError("load/given_up", `Workers gave the partition up: ${error}`, {
    retry: "later",
    hint: "Look at the workers' output; run again when it is mended",
  });
}

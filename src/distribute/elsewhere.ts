import { SluiceError } from "../core/error.ts";
import { sourceName } from "../core/source_name.ts";
import type { PartitionResult } from "../core/result.ts";
import { withRetry } from "../db/with_retry.ts";
import { offerPart } from "../ledger/mod.ts";
import { toSluiceError } from "../run/partition/outcome.ts";
import { emptyTally, partitionResult } from "../run/partition/tally.ts";
import type { PartitionPlan } from "../plan/load_plan.ts";
import type { Elsewhere, RunContext } from "../run/context.ts";
import { FollowedRun } from "./followed_run.ts";
import { requireReferences } from "./literal_secrets.ts";
import type { Queue } from "./queue.ts";

/** Partitions that are offered to workers at once: a job holds its whole plan, some tens of kB. */
const OFFERED = 256;

/**
 * Has the partitions of a run loaded by workers: each is a job, and its result is waited for.
 *
 * @param priority of the jobs: the smaller, the sooner
 */
export function loadElsewhere(queue: Queue, priority: number): Elsewhere {
  const runs = new Map<string, FollowedRun>();
  const offered = new Map<string, number>();
  /** What is planned anew is another part of its run: the first one has its result. */
  function nextPosition(runId: string): number {
    const position = offered.get(runId) ?? 0;
    offered.set(runId, position + 1);
    return position;
  }
  function follow(runId: string, context: RunContext): FollowedRun {
    const known = runs.get(runId);
    if (known !== undefined) return known;
    const run = new FollowedRun(queue, runId, context);
    runs.set(runId, run);
    return run;
  }
  return {
    // Notices are sent from here: only the source goes into jobs.
    accept: ({ source }) => requireReferences({ source }),
    concurrency: OFFERED,
    async load(plan, partition, runId, context) {
      const { partitions: _, basis: __, ...common } = plan;
      const position = nextPosition(runId);
      const started = context.clock.monotonic();
      try {
        const { clock, random, signal } = context;
        const part = { runId, position };
        const offer = () => offerPart(context.db, part, partition.partition);
        await withRetry(offer, { clock, random, signal });
        await queue.addLoad({ runId, position, plan: common, partition }, priority);
        return await follow(runId, context).finished(position, partition);
      } catch (cause) {
        return notLoaded(partition, toSluiceError(cause, context.signal), started, context);
      }
    },
  };
}

function notLoaded(
  partition: PartitionPlan,
  error: SluiceError,
  started: number,
  context: RunContext,
): PartitionResult {
  return partitionResult(partition, emptyTally(), {
    status: context.signal.aborted ? "skipped" : "failed",
    version: null,
    error,
  }, {
    reason: null,
    seconds: (context.clock.monotonic() - started) / 1000,
    plannedSource: context.secrets.redact(sourceName(partition.source)),
  });
}

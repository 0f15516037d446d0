import { SluiceError } from "../../core/error.ts";
import { retryNews } from "../../core/event.ts";
import { freeBuffers } from "./free_buffers.ts";
import type { PartitionResult } from "../../core/result.ts";
import { growing, retry } from "../../core/retry.ts";
import type { PartitionPlan, RunPlan } from "../../plan/load_plan.ts";
import type { RunContext } from "../context.ts";
import { PartitionLoad } from "./load.ts";
import { isRepeatable, toSluiceError } from "./outcome.ts";
import { type LoadSource, plannedSource } from "./source.ts";

/** A load begins anew this often when the source or the database breaks under it. */
const ATTEMPTS = 3;

/**
 * Loads one partition: stage, copy, deduplicate, finish, publish, retain.
 *
 * Never throws for what can go wrong with one partition: that is its result.
 */
export async function runPartition(
  plan: RunPlan,
  partition: PartitionPlan,
  runId: string,
  context: RunContext,
  source: LoadSource = plannedSource(plan.rows, partition, runId, context),
): Promise<PartitionResult> {
  const load = new PartitionLoad(plan, partition, runId, context, source);
  const { clock, random, signal, emit } = context;
  const tryOnce = async (): Promise<PartitionResult> => {
    try {
      return await load.findPublished() ?? await load.attempt();
    } catch (error) {
      const failure = await load.cleanUp(error);
      // The commit may have been under way when it was asked about: the cleanup has waited for it.
      const done = await load.findPublished();
      if (done !== null) return done;
      if (load.mayIsolate(failure)) return await tryOnce();
      throw failure;
    }
  };
  try {
    return await retry(tryOnce, {
      clock,
      signal,
      attempts: ATTEMPTS,
      delay: growing(random, { base: 2_000, cap: 30_000 }),
      again: (error) => error instanceof SluiceError && isRepeatable(error),
      onRetry: (failures, delay, error) =>
        emit({
          runId,
          ...retryNews(
            partition.partition,
            "load",
            failures,
            ATTEMPTS,
            delay / 1000,
            (error as SluiceError).toJSON(),
          ),
        }),
      aborted: (reason) => toSluiceError(reason, signal),
    });
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return load.failed(error);
  } finally {
    freeBuffers();
  }
}

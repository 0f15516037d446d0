import type { PartitionResult } from "../core/result.ts";
import type { Session } from "../db/database.ts";
import { isTransient } from "../db/with_retry.ts";
import { claimPart, fencedDatabase, finishPart, requireClaim } from "../ledger/mod.ts";
import type { RunContext } from "../run_context.ts";
import { runPartition } from "../run_partition.ts";
import { releaseDeadWorkers, showAlive } from "./dead_workers.ts";
import type { LoadJob, Queue, TakenJob } from "./queue.ts";

/** Milliseconds between two looks for workers that are gone. */
const LOOK_AFTER = 5_000;

/** What a worker tells of each job. */
export interface JobNote {
  readonly pipeline: string;
  readonly partition: string | null;
  readonly message: string;
}

/**
 * Loads partitions of distributed runs until the signal aborts, which gives back what is under way.
 */
export async function workOn(
  queue: Queue,
  concurrency: number,
  context: RunContext,
  note: (note: JobNote) => void,
): Promise<void> {
  const { db, clock, signal } = context;
  await using session: Session = await db.session();
  const alive: Promise<void>[] = [];
  const worker = await queue.work({
    concurrency,
    onSlot: (name) => void alive.push(showAlive(session, name)),
    handle: async (taken) => {
      await Promise.all(alive);
      await loadPart(taken, context, note);
    },
  });
  const lost = session.lost ?? new AbortController().signal;
  const stop = AbortSignal.any([signal, lost]);
  while (!stop.aborted) {
    await releaseDeadWorkers(queue, db).catch((error) => {
      if (!isTransient(error)) throw error;
    });
    await Promise.race([clock.sleep(LOOK_AFTER, stop).catch(() => {}), worker.ended]);
  }
  await worker.stop();
  // Without this session the others take this worker for dead.
  if (!signal.aborted) throw lost.reason;
}

/** Loads one partition, unless it is done; throws where it is worth another attempt later. */
async function loadPart(
  { job, lastAttempt }: TakenJob,
  context: RunContext,
  note: (note: JobNote) => void,
): Promise<void> {
  const { runId, position, plan, partition } = job;
  const part = { runId, position };
  const tell = (message: string) =>
    note({ pipeline: plan.pipeline, partition: partition.partition, message });
  requireVersion(job, context.version);
  const claim = crypto.randomUUID();
  if (!await claimPart(context.db, part, claim, context.host)) {
    tell("is done already, or its run is over");
    return;
  }
  tell("begins");
  const fenced = fencedDatabase(
    context.db,
    runId,
    plan.targetKey,
    (tx) => requireClaim(tx, part, claim),
  );
  const result = await runPartition({ ...plan, partitions: [partition] }, partition, runId, {
    ...context,
    db: fenced,
    ledger: context.db,
  });
  if (isWorthAnother(result, context.signal) && !lastAttempt) {
    throw new Error(result.error?.message ?? "The worker was stopped");
  }
  await finishPart(context.db, part, claim, result);
  tell(result.status + (result.error === null ? "" : `: ${result.error.message}`));
}

function isWorthAnother({ status, error }: PartitionResult, signal: AbortSignal): boolean {
  return signal.aborted || (status === "failed" && error?.retry === "later");
}

/** A plan is what the Sluice that made it executes, and no other. */
function requireVersion(job: LoadJob, version: string): void {
  if (job.version === version) return;
  throw new Error(`The run was planned by Sluice ${job.version}, this worker is ${version}`);
}

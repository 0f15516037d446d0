import { SluiceError } from "../core/error.ts";
import { Attempts, growing } from "../core/retry.ts";
import type { Session } from "../db/database.ts";
import { releaseDeadWorkers, showAlive } from "./dead_workers.ts";
import { loadPart } from "./load_part.ts";
import type { Queue, RunJob } from "./queue.ts";
import { within } from "./within.ts";
import type { WorkContext } from "./work_context.ts";

/** Milliseconds between two looks for workers that are gone. */
const LOOK_AFTER = 2_000;

/** Milliseconds that jobs under way get to be given back when the worker is told to stop. */
const STOPPING = 30_000;

/** The same when it has lost its connection: they have, and their claims are not valid any more. */
const GIVING_UP = 120_000;

/** Milliseconds between two times that a followed run is held. */
const HOLD_AFTER = 600_000;

/**
 * Does jobs of the queue until the signal aborts, which returns jobs under way to the queue.
 *
 * While the database does not answer it waits; jobs that others take over meanwhile are theirs.
 */
export async function workOn(queue: Queue, context: WorkContext): Promise<void> {
  const { clock, random, signal, warn } = context;
  const attempts = new Attempts({
    clock,
    signal,
    attempts: Infinity,
    delay: growing(random, { base: 1_000, cap: 30_000 }),
    again: mayPass,
    onRetry(_failures, delay, error) {
      const seconds = Math.round(delay / 100) / 10;
      warn(`The worker waits ${seconds} s for the database: ${(error as SluiceError).message}`);
    },
  });
  while (!signal.aborted) {
    const began = clock.monotonic();
    try {
      await workWhileConnected(queue, context);
    } catch (error) {
      if (signal.aborted) throw error;
      if (clock.monotonic() - began > 60_000) attempts.reset();
      await attempts.wait(error);
    }
  }
}

async function workWhileConnected(queue: Queue, context: WorkContext): Promise<void> {
  const { db, clock, signal, concurrency, followed, ready, note } = context;
  await using session: Session = await db.session();
  const alive: Promise<void>[] = [];
  const lost = session.lost ?? new AbortController().signal;
  const stop = AbortSignal.any([signal, lost]);
  const worker = await queue.work({
    concurrency,
    followed,
    onName(name) {
      const shown = showAlive(session, name);
      // Whoever waits for it is told.
      shown.catch(() => {});
      alive.push(shown);
    },
    async load(job, lastAttempt) {
      await Promise.all(alive);
      await loadPart(queue, job, lastAttempt, context);
    },
    async run(job, lastAttempt) {
      await Promise.all(alive);
      await follow(queue, job, lastAttempt, context);
    },
  });
  try {
    await Promise.all(alive);
    ready();
    while (!stop.aborted) {
      try {
        await releaseDeadWorkers(queue, db);
      } catch (error) {
        if (!mayPass(error)) throw error;
      }
      await Promise.race([clock.sleep(LOOK_AFTER, stop).catch(() => {}), worker.ended]);
    }
  } finally {
    if (signal.aborted) note({ pipeline: "worker", message: "stops, and returns its jobs" });
    // A connection whose other end is gone without a word may keep it for long.
    const limit = signal.aborted ? STOPPING : GIVING_UP;
    await within(limit, worker.stop().catch(() => {}).then(() => worker.ended));
  }
  // Without this session the others take this worker for dead.
  if (!signal.aborted) throw lost.reason;
}

/** Does a detached run; throws where it is worth another attempt later. */
async function follow(
  queue: Queue,
  job: RunJob,
  lastAttempt: boolean,
  context: WorkContext,
): Promise<void> {
  const { pipeline } = job.spec;
  const tell = (message: string) => context.note({ pipeline, message });
  const ended = new AbortController();
  const holding = holdRun(queue, job, ended.signal, context);
  tell("begins");
  try {
    tell(await context.run(job));
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    tell(`failed: ${error.message}`);
    if (error.retry !== "never" && !lastAttempt) throw error;
  } finally {
    ended.abort();
    await holding;
  }
  // Another worker takes the run over, and loads what is missing.
  if (context.signal.aborted && !lastAttempt) throw new Error("The worker was stopped");
}

/** Keeps the run this worker's, however long it takes. */
async function holdRun(
  queue: Queue,
  job: RunJob,
  ended: AbortSignal,
  { clock }: WorkContext,
): Promise<void> {
  while (!ended.aborted) {
    await clock.sleep(HOLD_AFTER, ended).catch(() => {});
    // The next time will do.
    if (!ended.aborted) await queue.holdRun(job).catch(() => {});
  }
}

/** Whether waiting may help. */
function mayPass(error: unknown): error is SluiceError {
  return error instanceof SluiceError && error.retry !== "never";
}

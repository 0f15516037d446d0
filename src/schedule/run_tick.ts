import type { RunResult } from "../core/result.ts";
import type { Database } from "../db/database.ts";
import { tryAdvisoryLock } from "../db/lock.ts";
import { attempt, type AttemptOutcome, mendsItself } from "./attempt.ts";
import { decide, type Decision, retryAt, type ScheduleRow } from "./decide.ts";
import type { RunRequest, SchedulerHost, ServedPipeline } from "./scheduler_host.ts";
import {
  endAttempt,
  readSchedule,
  rewindSchedule,
  scheduleLock,
  takeAttempt,
} from "./schedules.ts";

/** What of a scheduler's host one run needs. */
export interface RunHost extends Pick<SchedulerHost, "random" | "run" | "tell" | "owner"> {
  /** The time of all servers of the database. */
  readonly now: () => Date;
}

/** A pipeline with a schedule, and since when this server watches it. */
export interface Watched extends ServedPipeline {
  readonly serving: Date;
  /** One that it waits for has failed: the start is left out. */
  readonly failedBefore?: string;
}

/**
 * Decides once more under the pipeline's lock, where nothing changes, and does it.
 *
 * @returns false where another server runs the pipeline
 */
export async function runTick(
  db: Database,
  watched: Watched,
  signal: AbortSignal,
  host: RunHost,
): Promise<boolean> {
  const { spec: { pipeline }, schedule, serving } = watched;
  return await whileLocked(db, pipeline, async () => {
    const row = await readSchedule(db, pipeline);
    if (row === null || schedule === null) return;
    const decision = decide(row, schedule, serving, host.now());
    if (decision.kind === "run") {
      if (watched.failedBefore === undefined) {
        await take(db, watched, row, decision, signal, host);
      } else await skip(db, row, decision, watched.failedBefore, host);
    }
    if (decision.kind === "rewind" && await rewindSchedule(db, row, host.now())) {
      host.tell({ type: "clock_set_back", pipeline, until: row.tick ?? row.since });
    }
    if (decision.kind === "give_up") await giveUp(db, row, decision.tick, host);
  });
}

/**
 * Runs a pipeline because somebody asked for it; its schedule goes on as if nothing had been.
 *
 * @returns null where another server runs the pipeline
 */
export async function runByHand(
  db: Database,
  pipeline: ServedPipeline,
  request: RunRequest,
  signal: AbortSignal,
  onStart: (runId: string) => void,
  host: RunHost,
): Promise<AttemptOutcome | null> {
  let outcome: AttemptOutcome | null = null;
  await whileLocked(db, pipeline.spec.pipeline, async () => {
    const told = tellStart(pipeline, null, 1, host);
    outcome = await attempt(() => host.run(pipeline.spec, request, signal, onStart), signal);
    told.end(outcome, null);
  });
  return outcome;
}

async function take(
  db: Database,
  { spec, schedule }: Watched,
  row: ScheduleRow,
  { tick, attempt: number }: Extract<Decision, { kind: "run" }>,
  signal: AbortSignal,
  host: RunHost,
): Promise<void> {
  const { random, owner, tell } = host;
  const { pipeline } = spec;
  const taken = { tick, attempt: number };
  if (!await takeAttempt(db, row, taken, owner, host.now())) return;
  const told = tellStart({ spec }, tick, number, host);
  let runId: string | null = null;
  const run = (): Promise<RunResult> =>
    host.run(spec, { partitions: [], force: false }, signal, (id) => runId = id);
  const outcome = await attempt(run, signal);
  const now = host.now();
  const again = outcome.interrupted
    ? now
    : mendsItself(outcome)
    ? retryAt(schedule!, number, now, random())
    : null;
  told.end(outcome, again);
  const kept = await endAttempt(db, pipeline, taken, owner, {
    state: again === null ? "done" : "retrying",
    // Stopped by us is no fault of the run: whoever takes it up has as many attempts as we had.
    attempt: outcome.interrupted ? number - 1 : number,
    retryAt: again,
    runId,
    status: outcome.result?.status ?? (outcome.interrupted ? "interrupted" : "failed"),
    error: outcome.error,
  }, now);
  if (!kept) tell({ type: "taken_over", pipeline });
}

/** Records that a start was left out, and why. */
async function skip(
  db: Database,
  row: ScheduleRow,
  { tick, attempt: number }: Extract<Decision, { kind: "run" }>,
  after: string,
  { now, owner, tell }: RunHost,
): Promise<void> {
  const { pipeline } = row;
  const taken = { tick, attempt: number };
  if (!await takeAttempt(db, row, taken, owner, now())) return;
  await endAttempt(db, pipeline, taken, owner, {
    state: "done",
    attempt: number,
    retryAt: null,
    runId: null,
    status: "skipped",
    error: {
      code: "cli/skipped",
      message: `"${after}", which must be loaded before it, failed`,
      retry: "never",
    },
  }, now());
  tell({ type: "tick_skipped", pipeline, tick, after });
}

async function giveUp(
  db: Database,
  row: ScheduleRow,
  tick: Date,
  { now, owner, tell }: RunHost,
): Promise<void> {
  const { pipeline } = row;
  const taken = { tick, attempt: row.attempt + 1 };
  if (!await takeAttempt(db, row, taken, owner, now())) return;
  const end = { ...GIVEN_UP, attempt: row.attempt };
  await endAttempt(db, pipeline, taken, owner, end, now());
  tell({ type: "tick_given_up", pipeline, tick });
}

const GIVEN_UP = {
  state: "done",
  retryAt: null,
  runId: null,
  status: "failed",
  error: {
    code: "ledger/died",
    message: "Each server that ran it died without recording how",
    retry: "never",
  },
} as const;

/** Works while no other server runs the pipeline; false where one does. */
async function whileLocked(
  db: Database,
  pipeline: string,
  work: () => Promise<void>,
): Promise<boolean> {
  await using session = await db.session();
  if (!await tryAdvisoryLock(session, scheduleLock(pipeline))) return false;
  await work();
  return true;
}

function tellStart(
  { spec: { pipeline } }: Pick<ServedPipeline, "spec">,
  tick: Date | null,
  number: number,
  { tell }: RunHost,
) {
  const about = { pipeline, tick, attempt: number };
  tell({ type: "attempt_started", ...about });
  return {
    end: ({ result, error }: AttemptOutcome, again: Date | null) =>
      tell({ type: "attempt_ended", ...about, result, error, retryAt: again }),
  };
}

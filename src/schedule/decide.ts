import type { ScheduleSpec } from "../spec/pipeline_spec.ts";
import { lastStart, startsAfter } from "./starts.ts";

/** What the ledger remembers of a schedule: the row of `sluice.schedules`. */
export interface ScheduleRow {
  readonly pipeline: string;
  /** Ticks up to here are from before this schedule was made or changed. */
  readonly since: Date;
  /** The newest tick that a server took; null: none yet. */
  readonly tick: Date | null;
  /** Attempts at that tick so far, this one included. */
  readonly attempt: number;
  readonly state: ScheduleState;
  /** When the next attempt may begin, where the state is `retrying`. */
  readonly retryAt: Date | null;
}

/** What became of the newest tick; `running` with nobody holding the lock is a server that died. */
export type ScheduleState = "waiting" | "running" | "retrying" | "done";

/** What a server that holds a schedule's lock has to do. */
export type Decision =
  | { readonly kind: "run"; readonly tick: Date; readonly attempt: number }
  /** Null: for ever. */
  | { readonly kind: "wait"; readonly until: Date | null }
  /** What the row says is yet to come: it was written by a clock that was ahead. */
  | { readonly kind: "rewind" }
  /** Servers died of this tick too often. */
  | { readonly kind: "give_up"; readonly tick: Date };

/** Milliseconds that clocks may differ by, of a server that takes its own for the database's. */
const AHEAD = 5 * 60_000;

/** Times that a tick is taken up again after the server that ran it died, beyond its retries. */
const RESUMED = 3;

/**
 * Decides what a schedule asks for now.
 *
 * Of several ticks that nobody took only the newest is run: a load has everything the ones before
 * would have had.
 *
 * @param serving since when this server watches the schedule
 */
export function decide(
  row: ScheduleRow,
  schedule: ScheduleSpec,
  serving: Date,
  now: Date,
): Decision {
  const ahead = now.getTime() + AHEAD;
  if (latest(row.since, row.tick).getTime() > ahead) return { kind: "rewind" };
  const missed = (tick: Date) => isMissed(schedule, tick, serving);
  const newest = lastStart(row.pipeline, schedule, now)?.tick ?? null;
  if (newest !== null && newest > latest(row.since, row.tick) && !missed(newest)) {
    return { kind: "run", tick: newest, attempt: 1 };
  }
  const next = startsAfter(row.pipeline, schedule, now, 1)[0]?.at ?? null;
  if (row.tick === null || missed(row.tick)) return { kind: "wait", until: next };
  if (row.state === "running") {
    return row.attempt > schedule.retries + RESUMED
      ? { kind: "give_up", tick: row.tick }
      : { kind: "run", tick: row.tick, attempt: row.attempt + 1 };
  }
  if (row.state === "retrying" && row.retryAt !== null) {
    // No delay is as long as that: the clock was ahead.
    const due = row.retryAt <= now || row.retryAt.getTime() > ahead + 2000 * LONGEST_RETRY_DELAY;
    if (due) return { kind: "run", tick: row.tick, attempt: row.attempt + 1 };
    return { kind: "wait", until: next === null || row.retryAt < next ? row.retryAt : next };
  }
  return { kind: "wait", until: next };
}

/** Whether a tick is from before this server watched the schedule, and is not made up for. */
export function isMissed({ catchUp }: ScheduleSpec, tick: Date, serving: Date): boolean {
  return !catchUp && tick <= serving;
}

/**
 * When a failed attempt is tried again, or null where its retries are used up.
 *
 * @param random a number in [0, 1): servers that failed together do not come back together
 */
export function retryAt(
  { retries, retryDelaySeconds }: ScheduleSpec,
  attempt: number,
  now: Date,
  random: number,
): Date | null {
  if (attempt > retries) return null;
  const seconds = Math.min(LONGEST_RETRY_DELAY, retryDelaySeconds * 2 ** (attempt - 1));
  return new Date(now.getTime() + Math.round(seconds * 1000 * (1 + random / 4)));
}

/** Seconds. */
const LONGEST_RETRY_DELAY = 3600;

function latest(a: Date, b: Date | null): Date {
  return b !== null && b > a ? b : a;
}

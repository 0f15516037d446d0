import type { Clock } from "../core/clock.ts";
import type { ErrorRecord } from "../core/error.ts";
import type { Stage } from "../core/stage.ts";
import type { ObservedEvent } from "./observer.ts";
import { NEXT_STAGE, stageOf } from "./run_position.ts";

/** A stretch of time; milliseconds since 1970, with fractions. */
export interface Stretch {
  readonly started: number;
  readonly ended: number;
}

/** A stage that a partition passed, or broke off. */
export interface StageTime extends Stretch {
  readonly stage: Stage;
  readonly error: ErrorRecord | null;
}

/** Something that had to be tried again. */
export interface RetryTime {
  readonly at: number;
  readonly stage: Stage;
  readonly attempt: number;
  readonly error: ErrorRecord;
}

/** Where the time of a partition went. */
export interface Timeline extends Stretch {
  /** In order; an attempt that failed has its stages here as well. */
  readonly stages: readonly StageTime[];
  readonly retries: readonly RetryTime[];
  /** Seconds that publishing stood before a lock, with the waits between its attempts. */
  readonly lockWait: number;
}

interface Track {
  stage: Stage;
  since: number;
  publishSince: number | null;
  lockWait: number;
  readonly stages: StageTime[];
  readonly retries: RetryTime[];
}

/** The wall clock with the steadiness of the monotonic one, milliseconds since 1970. */
export function steadyNow(clock: Clock): () => number {
  const base = clock.now().getTime() - clock.monotonic();
  return () => base + clock.monotonic();
}

/**
 * Follows the partitions of a run; returns the timeline of the one that an event finishes.
 *
 * What the setup of the target waits for locks counts for the first partition that ends.
 */
export function timelines(now: () => number): (event: ObservedEvent) => Timeline | null {
  const tracks = new Map<string | null, Track>();
  let setupSince = now();
  let setupWait = 0;
  function track(partition: string | null): Track {
    let found = tracks.get(partition);
    if (found === undefined) {
      const stage = "source";
      found = { stage, since: now(), publishSince: null, lockWait: 0, stages: [], retries: [] };
      tracks.set(partition, found);
    }
    return found;
  }
  return (event) => {
    switch (event.type) {
      case "run_started":
        tracks.clear();
        setupSince = now();
        setupWait = 0;
        return null;
      case "partition_started":
        leave(track(event.partition), now(), "rows", null);
        return null;
      case "stage_finished": {
        const each = track(event.partition);
        each.stage = event.stage;
        leave(each, now(), NEXT_STAGE[event.stage] ?? event.stage, null);
        if (each.stage === "publish") each.publishSince = now();
        return null;
      }
      case "retry": {
        const { partition, stage, attempt, error, delaySeconds } = event;
        const at = now();
        if (stage === "publish" && !tracks.has(partition)) {
          setupWait = (at - setupSince) / 1000 + delaySeconds;
          return null;
        }
        const each = track(partition);
        each.retries.push({ at, stage, attempt, error });
        if (stage === "publish") {
          each.lockWait = (at - (each.publishSince ?? at)) / 1000 + delaySeconds;
        }
        // The whole load begins anew.
        if (stage === "load") leave(each, at, "source", error);
        return null;
      }
      case "partition_finished": {
        const { partition, seconds, error } = event.result;
        const each = track(partition);
        tracks.delete(partition);
        const ended = now();
        const started = ended - seconds * 1000;
        if (error !== null) {
          each.stage = stageOf(error.code) ?? each.stage;
          leave(each, ended, each.stage, error);
        }
        const lockWait = each.lockWait + setupWait;
        setupWait = 0;
        return {
          started,
          ended,
          stages: fromStart(each.stages, started),
          retries: each.retries,
          lockWait,
        };
      }
      default:
        return null;
    }
  };
}

/** Ends the stage under way, and begins the next one. */
function leave(track: Track, at: number, next: Stage, error: ErrorRecord | null): void {
  track.stages.push({ stage: track.stage, started: track.since, ended: at, error });
  track.stage = next;
  track.since = at;
}

/** The first stage began with the partition, which nothing tells until its source is open. */
function fromStart(stages: readonly StageTime[], started: number): readonly StageTime[] {
  return stages.map((each, at) =>
    at === 0 ? { ...each, started: Math.min(started, each.ended) } : each
  );
}

import type { Clock } from "../core/clock.ts";
import type { RunResult } from "../core/result.ts";
import type { Database, Queryable } from "../db/database.ts";
import type { PipelineSpec, ScheduleSpec } from "../spec/pipeline_spec.ts";
import type { DatabaseLink } from "./database_link.ts";
import type { Tell } from "./schedule_event.ts";

/** A pipeline of the folder, with its schedule, which not every one has. */
export interface ServedPipeline {
  readonly spec: PipelineSpec;
  readonly schedule: ScheduleSpec | null;
}

/** What a run by hand may ask for. */
export interface RunRequest {
  /** All of the pipeline's when empty. */
  readonly partitions: readonly string[];
  readonly force: boolean;
  /** Left out: a run. `replay`: of the rejected rows, of one partition at most. */
  readonly command?: "replay";
}

/** Everything from outside that a scheduler uses. */
export interface SchedulerHost {
  /** What schedules are kept by. */
  readonly clock: Clock;
  /** What waiting is limited by: always real time. */
  readonly limits: Pick<Clock, "sleep">;
  /** The time that all servers of the database have in common. */
  readonly time: (db: Queryable) => Promise<Date>;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** The scheduler's own connections: one for each run under way, and some for itself. */
  readonly link: DatabaseLink;
  /** Runs a pipeline over connections of its own. */
  readonly run: RunPipeline;
  /** Calls back at each full minute until the signal aborts; null: the scheduler times itself. */
  readonly everyMinute: ((wake: () => void, signal: AbortSignal) => void) | null;
  /** Called with the ledger up to date each time the database is reached after it was not. */
  readonly onReach: (db: Database) => Promise<void>;
  readonly tell: Tell;
  /** Names this server in the ledger. */
  readonly owner: string;
  /** Pipelines that run at once, at the most. */
  readonly concurrency: number;
  /** Milliseconds after which a database that does not answer counts as away. */
  readonly patience: number;
}

export type RunPipeline = (
  spec: PipelineSpec,
  request: RunRequest,
  signal: AbortSignal,
  /** Called with the run's id as soon as it is recorded. */
  onStart: (runId: string) => void,
) => Promise<RunResult>;

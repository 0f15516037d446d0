import type { ErrorRecord } from "../core/error.ts";
import type { ServedFiles } from "./pipeline_files.ts";
import type { PipelineState } from "./scheduler.ts";
import { startsAfter } from "./starts.ts";

/** What `GET /schedule` and `serve --dry-run` show. Times are ISO 8601 in UTC. */
export interface Overview {
  readonly now: string;
  readonly pipelines: readonly PipelineOverview[];
  /** Files that cannot be used as they are. */
  readonly broken: readonly BrokenFile[];
}

export interface PipelineOverview {
  readonly pipeline: string;
  readonly file: string;
  /** Null where it runs only by hand. */
  readonly cron: string | null;
  readonly timezone: string | null;
  /** The next three starts, jitter included. */
  readonly next: readonly string[];
  readonly running: boolean;
  /** The newest tick that a server took; null: none yet. */
  readonly last: LastTick | null;
}

export interface LastTick {
  readonly tick: string;
  readonly attempt: number;
  readonly state: string;
  readonly retry_at: string | null;
  readonly owner: string | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly run_id: string | null;
  readonly status: string | null;
  readonly error: ErrorRecord | null;
}

export interface BrokenFile {
  readonly file: string;
  /** Whether the last good version stays in use. */
  readonly kept: boolean;
  readonly message: string;
}

const STARTS = 3;

/** Everything a server knows about its schedules. */
export function overviewOf(
  pipelines: readonly PipelineState[],
  files: ServedFiles,
  now: Date,
): Overview {
  return {
    now: now.toISOString(),
    pipelines: pipelines.map(({ spec, schedule, running, record }) => ({
      pipeline: spec.pipeline,
      file: spec.file,
      cron: schedule?.cron ?? null,
      timezone: schedule?.timezone ?? null,
      next: schedule === null
        ? []
        : startsAfter(spec.pipeline, schedule, now, STARTS).map(({ at }) => at.toISOString()),
      running,
      last: record === null || record.tick === null ? null : {
        tick: record.tick.toISOString(),
        attempt: record.attempt,
        state: record.state,
        retry_at: iso(record.retryAt),
        owner: record.owner,
        started_at: iso(record.startedAt),
        ended_at: iso(record.endedAt),
        run_id: record.runId,
        status: record.status,
        error: record.error,
      },
    })),
    broken: [...files].flatMap(([file, { served, fault }]) =>
      fault === null ? [] : { file, kept: served !== null, message: fault }
    ),
  };
}

function iso(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}

import type { ErrorRecord } from "../core/error.ts";

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

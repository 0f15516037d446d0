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

/** The newest tick of a schedule, and what its newest attempt came to. Times are ISO 8601 in UTC. */
export interface LastTick {
  readonly tick: string;
  readonly attempt: number;
  readonly state: string;
  readonly retry_at: string | null;
  /** Host and process of the server that took it. */
  readonly owner: string | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly run_id: string | null;
  /** How the attempt ended, a run's status; null while it runs and where none ran. */
  readonly status: string | null;
  readonly error: ErrorRecord | null;
}

export interface BrokenFile {
  readonly file: string;
  /** Whether the last good version stays in use. */
  readonly kept: boolean;
  readonly message: string;
}

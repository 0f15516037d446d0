import type { Clock } from "../core/clock.ts";
import type { Secrets } from "../core/secret.ts";
import type { Database } from "../db/database.ts";
import type { RollbackResult } from "../publish/rollback.ts";
import type { Access } from "../schedule/http/authorize.ts";
import type { ServedFiles } from "../schedule/pipeline_files.ts";
import type { PipelineState, Triggered } from "../schedule/scheduler.ts";
import type { RunRequest } from "../schedule/scheduler_host.ts";
import type { LiveRuns } from "./live_runs.ts";

/** Everything from outside that the page uses. */
export interface PageHost {
  readonly access: Access;
  /** Of Sluice. */
  readonly version: string;
  /** What its user types before the name of a command: `sluice`, `deno task`. */
  readonly typed: string;
  readonly clock: Clock;
  readonly secrets: Pick<Secrets, "redact">;
  /** Whether this process runs pipelines on their schedules; else it only shows them. */
  readonly keepsSchedules: boolean;
  /** Those that are served, by name. */
  readonly pipelines: () => readonly PipelineState[];
  readonly files: () => ServedFiles;
  /** Whether the database answers soon. */
  readonly answers: () => Promise<boolean>;
  /** Connects where need be. */
  readonly database: () => Promise<Database>;
  /** Runs of this process. */
  readonly live: LiveRuns;
  readonly actions: PageActions;
  /** Aborts when the process stops: whoever watches a run is let go. */
  readonly signal: AbortSignal;
  /** What is a bug of ours, for whoever looks after the server. */
  readonly report: (error: unknown) => void;
}

/** What a page can do. Each throws what the command of its name throws. */
export interface PageActions {
  run(pipeline: string, request: RunRequest): Promise<Triggered>;
  /** @param partition null: all of them */
  replay(pipeline: string, partition: string | null): Promise<Triggered>;
  /** Null: no file of the folder has that pipeline. */
  rollback(pipeline: string, request: RollbackRequest): Promise<RollbackResult | null>;
  /** False where no such run is under way in this process. */
  cancel(runId: string): boolean;
}

/** Which version comes back. */
export interface RollbackRequest {
  /** Left out: the whole table, or every partition. */
  readonly partition?: string;
  readonly to: number;
}

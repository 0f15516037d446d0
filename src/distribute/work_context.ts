import type { RunContext } from "../run/context.ts";
import type { RunJob } from "./queue.ts";

/** A report of the worker on a job. */
export interface JobNote {
  readonly pipeline: string;
  /** Undefined: of a run as a whole. */
  readonly partition?: string | null;
  readonly message: string;
}

/** What a worker needs beside the queue. */
export interface WorkContext extends RunContext {
  /** Partitions at once. */
  readonly concurrency: number;
  /** Detached runs at once; each holds a connection. */
  readonly followed: number;
  /** Does a detached run: its partitions are offered to workers in turn. */
  readonly run: (job: RunJob) => Promise<string>;
  /** Called when it begins to wait for jobs: with all loaded and connected that the first one needs. */
  readonly ready: () => void;
  readonly note: (note: JobNote) => void;
  readonly warn: (message: string) => void;
}

import type { ErrorRecord } from "./error.ts";
import type { PartitionResult, RunResult } from "./result.ts";
import type { Stage } from "./stage.ts";

/** The events of a run. Views turn these into a progress bar, lines or JSON logs. */
export type RunEvent = RunNews & {
  /** The run it is about; null beside any run: of a rollback, or before there is a run. */
  readonly runId: string | null;
};

/** An event without the id of its run. */
export type RunNews =
  | {
    readonly type: "run_started";
    readonly runId: string;
    readonly pipeline: string;
    readonly target: string;
    readonly partitions: number;
    /** Seconds that the lock and the plan took before. */
    readonly secondsBefore?: number;
  }
  | {
    readonly type: "partition_started";
    readonly partition: string | null;
    readonly source: string;
    /** Bytes of the source as stored (compressed), where known. */
    readonly bytesTotal: number | null;
  }
  | {
    readonly type: "progress";
    readonly partition: string | null;
    readonly rowsRead: number;
    readonly rowsRejected: number;
    /** Bytes of the source as stored, read so far. */
    readonly bytesRead: number;
    readonly bytesTotal: number | null;
  }
  | {
    readonly type: "stage_finished";
    readonly partition: string | null;
    readonly stage: Stage;
    readonly seconds: number;
    readonly message: string;
  }
  | {
    readonly type: "retry";
    readonly partition: string | null;
    readonly stage: Stage;
    readonly attempt: number;
    readonly attempts: number;
    readonly delaySeconds: number;
    readonly error: ErrorRecord;
  }
  | {
    readonly type: "warning";
    readonly partition: string | null;
    readonly message: string;
    readonly stage?: Stage;
  }
  | { readonly type: "partition_finished"; readonly result: PartitionResult }
  | { readonly type: "run_finished"; readonly result: RunResult };

/** Receives events. Must not throw and must return at once. */
export type Emit = (event: RunEvent) => void;

/** That something is tried again, after so many seconds. */
export function retryNews(
  partition: string | null,
  stage: Stage,
  attempt: number,
  attempts: number,
  delaySeconds: number,
  error: ErrorRecord,
): RunNews {
  return { type: "retry", partition, stage, attempt, attempts, delaySeconds, error };
}

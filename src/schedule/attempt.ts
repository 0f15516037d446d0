import { type ErrorRecord, errorRecord } from "../core/error.ts";
import type { RunResult } from "../core/result.ts";

/** How an attempt at running a pipeline ended. */
export interface AttemptOutcome {
  /** Null where the run as a whole failed. */
  readonly result: RunResult | null;
  readonly error: ErrorRecord | null;
  /** Stopped by us, not by what it met. */
  readonly interrupted: boolean;
}

/** Runs a pipeline to its end, whatever that is. */
export async function attempt(
  run: () => Promise<RunResult>,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  try {
    const result = await run();
    // One that somebody canceled has ended: nobody wants it to begin again.
    const interrupted = result.status === "interrupted" && signal.aborted;
    return { result, error: result.error, interrupted };
  } catch (error) {
    const record = errorRecord(error);
    const interrupted = signal.aborted || record.code === "cli/interrupted";
    return { result: null, error: record, interrupted };
  }
}

/** Whether the same run can succeed later without anybody changing anything: exit code 75. */
export function mendsItself({ result, error }: AttemptOutcome): boolean {
  if (result === null) return error?.retry === "later";
  if (result.status !== "failed") return false;
  const unhappy = result.partitions.filter((partition) => partition.error !== null);
  return unhappy.length > 0 && unhappy.every((partition) => partition.error?.retry === "later");
}

import { SluiceError } from "./core/error.ts";

/** Worth a new attempt at once: the stage's own retries do not cover it. */
export function isRepeatable({ code, origin }: SluiceError): boolean {
  return origin === "db" || code === "source/restart_needed" ||
    code === "source/changed_while_reading";
}

/** Whether data was refused: then its rejects are worth keeping. */
export function isRefusal({ code }: SluiceError): boolean {
  return code === "rows/too_many_rejects" || code === "rows/rule_failed" ||
    code === "load/duplicate_keys" || code === "load/empty" || isFailedCheck({ code });
}

/** Whether the staged rows are worth looking at. */
export function isFailedCheck({ code }: Pick<SluiceError, "code">): boolean {
  return code === "check/failed";
}

/** Whatever an abort made fail becomes one error of its own; a bug stays a bug. */
export function toSluiceError(cause: unknown, signal: AbortSignal): SluiceError {
  if (cause instanceof SluiceError && !signal.aborted) return cause;
  if (signal.aborted) {
    return new SluiceError("cli/interrupted", "The run was interrupted before it published", {
      retry: "later",
      cause,
    });
  }
  throw cause;
}

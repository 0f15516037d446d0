import type { ErrorRecord } from "../core/error.ts";
import type { RunEvent } from "../core/event.ts";

/** The events of a run, and the end of a run without a result. */
export type ObservedEvent = RunEvent | RunFailed;

/** A run that failed as a whole: before its first partition, or for the database. */
export interface RunFailed {
  readonly type: "run_failed";
  readonly pipeline: string;
  /** `schema.table`. */
  readonly target: string;
  /** Null where it failed before it was recorded as a run. */
  readonly runId: string | null;
  readonly status: "failed" | "interrupted";
  readonly seconds: number;
  readonly error: ErrorRecord;
}

/** Listens to one run after another, never to two at once. */
export interface Observer {
  /** Must return at once; what it throws is a warning, never the end of the run. */
  observe(event: ObservedEvent): void;
  /** Resolves when everything that waits is delivered or given up. */
  close(): Promise<void>;
}

/** Tells something that went wrong beside the run: one sentence, without a period. */
export type Warn = (message: string) => void;

/** Several observers as one; a failure of one is reported once and does not disturb the others. */
export function observeAll(observers: readonly Observer[], warn: Warn): Observer {
  const broken = new Set<Observer>();
  function tell(observer: Observer, error: unknown): void {
    if (broken.has(observer)) return;
    broken.add(observer);
    warn(`An observer of the run failed: ${error instanceof Error ? error.message : error}`);
  }
  return {
    observe(event) {
      for (const observer of observers) {
        try {
          observer.observe(event);
        } catch (error) {
          tell(observer, error);
        }
      }
    },
    async close() {
      await Promise.all(observers.map(async (observer) => {
        try {
          await observer.close();
        } catch (error) {
          tell(observer, error);
        }
      }));
    },
  };
}

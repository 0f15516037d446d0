import type { ErrorRecord } from "../core/error.ts";
import type { RunResult } from "../core/result.ts";
import type { PipelineOverview } from "./model.ts";
import type { Stopped } from "./under_way.ts";

/** The events of the server; those of its runs are `RunEvent`s. */
export type ScheduleEvent =
  | {
    readonly type: "listening";
    readonly origin: string;
    readonly next: readonly PipelineOverview[];
  }
  | ({ readonly type: "stopped" } & Stopped)
  | { readonly type: "pipeline_added" | "pipeline_changed"; readonly pipeline: string }
  | { readonly type: "pipeline_removed"; readonly pipeline: string }
  /** A file that cannot be used; `kept` where its last good version stays in use. */
  | {
    readonly type: "file_broken";
    readonly file: string;
    readonly kept: boolean;
    /** What is wrong, for people, perhaps several lines. */
    readonly text: string;
  }
  | { readonly type: "file_mended"; readonly file: string }
  /** The folder cannot be read or watched. */
  | { readonly type: "folder_broken"; readonly message: string }
  | {
    readonly type: "attempt_started";
    readonly pipeline: string;
    /** Null where it was asked for by hand. */
    readonly tick: Date | null;
    readonly attempt: number;
  }
  | {
    readonly type: "attempt_ended";
    readonly pipeline: string;
    readonly tick: Date | null;
    readonly attempt: number;
    /** Null where the run as a whole failed. */
    readonly result: RunResult | null;
    readonly error: ErrorRecord | null;
    /** When it is tried again; null: it is not. */
    readonly retryAt: Date | null;
  }
  /** Servers died of it too often. */
  | { readonly type: "tick_given_up"; readonly pipeline: string; readonly tick: Date }
  /** A pipeline that must be loaded before it failed. */
  | {
    readonly type: "tick_skipped";
    readonly pipeline: string;
    readonly tick: Date;
    readonly after: string;
  }
  /** What was taken last lies in the future: the schedule begins anew, from now. */
  | { readonly type: "clock_set_back"; readonly pipeline: string; readonly until: Date }
  /** Another server took the pipeline over while this one could not reach the database. */
  | { readonly type: "taken_over"; readonly pipeline: string }
  /** A run that is due could not be taken, or how it ended not be recorded. */
  | { readonly type: "ledger_failed"; readonly pipeline: string; readonly error: ErrorRecord }
  | { readonly type: "database_away"; readonly error: ErrorRecord; readonly retrySeconds: number }
  | { readonly type: "database_back"; readonly database: string };

/** What goes as it should. */
const GOOD: readonly ScheduleEvent["type"][] = [
  "listening",
  "stopped",
  "pipeline_added",
  "pipeline_changed",
  "pipeline_removed",
  "file_mended",
  "attempt_started",
  "database_back",
];

/** Whether somebody should look. */
export function isTrouble(event: ScheduleEvent): boolean {
  if (event.type !== "attempt_ended") return !GOOD.includes(event.type);
  return event.error !== null || event.result === null ||
    !["succeeded", "unchanged"].includes(event.result.status);
}

/** Receives events. Must not throw and must return at once. */
export type Tell = (event: ScheduleEvent) => void;

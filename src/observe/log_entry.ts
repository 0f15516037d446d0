import { formatCount, formatDuration, formatPlural } from "../core/format_text.ts";
import type { ObservedEvent } from "./observer.ts";
import { type RunPosition, runPositions } from "./run_position.ts";

export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;

/** The least a record must matter to be logged. */
export type LogLevel = typeof LOG_LEVELS[number];

/** One record of the log: for a terminal, a file, standard error, or the table `sluice.logs`. */
export interface LogEntry extends RunPosition {
  readonly level: LogLevel;
  /** The kind of event, which is never renamed. */
  readonly event: ObservedEvent["type"];
  readonly message: string;
  /** Facts of the event, named as in JSON results. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Whether an entry is worth being logged from `least` up. */
export function matters(level: LogLevel, least: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);
}

/** Turns the events of runs into log entries; progress is for eyes, not for logs. */
export function logEntries(): (event: ObservedEvent) => LogEntry | null {
  const positionOf = runPositions();
  return (event) => {
    const position = positionOf(event);
    const text = textOf(event);
    return text === null ? null : { ...text, event: event.type, ...position };
  };
}

type Text = Pick<LogEntry, "level" | "message" | "attributes">;

function textOf(event: ObservedEvent): Text | null {
  switch (event.type) {
    case "progress":
      return null;
    case "run_started": {
      const { target, partitions } = event;
      return info(`Run started: ${formatPlural(partitions, "partition")} into ${target}`, {
        target,
        partitions,
      });
    }
    case "partition_started": {
      const { source, bytesTotal } = event;
      return info(`Reading ${source}`, { source, bytes_total: bytesTotal });
    }
    case "stage_finished":
      return info(`${event.stage}: ${event.message}`, { seconds: event.seconds });
    case "retry": {
      const { stage, attempt, attempts, delaySeconds, error } = event;
      return {
        level: "warning",
        message: `${stage}: attempt ${attempt} of ${attempts} failed, next in ${delaySeconds} s: ` +
          error.message,
        attributes: { attempt, attempts, delay_seconds: delaySeconds, error },
      };
    }
    case "warning":
      return { level: "warning", message: event.message, attributes: {} };
    case "partition_finished": {
      const { partition, status, rows_loaded } = event.result;
      const bad = status === "failed" || status === "refused";
      const { partition: _partition, ...attributes } = event.result;
      return {
        level: bad ? "error" : "info",
        message: `${partition ?? "whole table"} ${status}: ${
          formatPlural(rows_loaded, "row")
        } loaded`,
        attributes,
      };
    }
    case "run_finished": {
      // What concerns a partition has a record of its own.
      const { partitions: _, checks: __, run_id: ___, pipeline: ____, ...attributes } =
        event.result;
      const { status, rows_loaded, rows_read, seconds } = attributes;
      const good = status === "succeeded" || status === "unchanged";
      return {
        level: good ? "info" : "error",
        message: `Run ${status}: ${formatCount(rows_loaded)} of ${
          formatCount(rows_read)
        } rows loaded in ${formatDuration(seconds)}`,
        attributes,
      };
    }
    case "run_failed":
      return { level: "error", message: event.error.message, attributes: { error: event.error } };
  }
}

function info(message: string, attributes: Text["attributes"]): Text {
  return { level: "info", message, attributes };
}

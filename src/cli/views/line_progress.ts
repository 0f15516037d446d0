import { formatBytes, formatCount, formatDuration, formatPlural } from "../../core/format_text.ts";
import type { RunEvent } from "../../core/event.ts";
import type { PartitionResult } from "../../core/result.ts";
import type { Output } from "../output.ts";
import { type Paint, paintFor } from "./paint.ts";
import { printable } from "./printable.ts";
import type { Progress } from "./view.ts";

/** One line per stage: for logs of schedulers, pipes and files. `quiet` leaves events out. */
export function lineProgress(err: Output, { quiet = false } = {}): Progress {
  const paint = paintFor(err);
  return {
    emit(event) {
      if (!quiet) err.write(eventLine(event, paint) ?? "");
    },
    line: (text) => err.write(text),
    stop() {},
  };
}

/** The line for an event, or null where it has none. */
export function eventLine(event: RunEvent, paint: Paint): string | null {
  switch (event.type) {
    case "run_started": {
      const partitions = formatPlural(event.partitions, "partition");
      return line(paint, event.pipeline, `into ${event.target}, ${partitions}`);
    }
    case "partition_started": {
      const size = event.bytesTotal === null ? "" : ` (${formatBytes(event.bytesTotal)})`;
      return line(paint, event.partition, `reading ${event.source}${size}`);
    }
    case "stage_finished":
      return line(
        paint,
        event.partition,
        `${event.stage}: ${event.message} (${formatDuration(event.seconds)})`,
      );
    case "retry": {
      const wait = formatDuration(event.delaySeconds);
      const text = `${event.stage}: ${event.error.message}; attempt ${event.attempt} of ` +
        `${event.attempts} failed, next in ${wait}`;
      return line(paint, event.partition, paint("warn", printable(text)));
    }
    case "warning":
      return line(paint, event.partition, paint("warn", printable(`warning: ${event.message}`)));
    case "partition_finished":
      return line(paint, event.result.partition, partitionSentence(event.result, paint));
    case "progress":
    case "run_finished":
      return null;
  }
}

/** How a partition ended, in a few words. */
export function partitionSentence(result: PartitionResult, paint: Paint): string {
  if (result.status === "published") {
    const rejected = result.rows_rejected === 0
      ? ""
      : `, ${formatCount(result.rows_rejected)} rejected`;
    const rows = formatPlural(result.rows_loaded, "row");
    return `${paint("good", "published")} version ${result.version}: ${rows}${rejected}, ` +
      formatDuration(result.seconds);
  }
  const style = result.status === "failed" || result.status === "refused" ? "bad" : "faint";
  const reason = result.reason === null ? "" : `: ${printable(result.reason)}`;
  return `${paint(style, result.status)}${reason}`;
}

function line(paint: Paint, subject: string | null, text: string): string {
  return `${paint("name", subject === null ? "whole table" : printable(subject))}  ${text}\n`;
}

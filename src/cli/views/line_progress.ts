import { formatBytes, formatCount, formatDuration, formatPlural } from "../../core/format_text.ts";
import type { RunEvent } from "../../core/event.ts";
import type { PartitionResult } from "../../core/result.ts";
import type { Output } from "../output.ts";
import { printable } from "./printable.ts";
import { type Screen, wrap } from "./screen.ts";
import type { Progress } from "./view.ts";

/** Which events have a line. */
export type Told = "all" | "warnings" | "none";

/** One line per stage: for logs of schedulers, pipes and files. */
export function lineProgress(err: Output, screen: Screen, told: Told = "all"): Progress {
  const lineOf = eventLines(screen);
  return {
    emit(event) {
      if (told === "all" || (told === "warnings" && event.type === "warning")) {
        err.write(lineOf(event) ?? "");
      }
    },
    line: (text) => err.write(text),
    stop() {},
  };
}

/** The lines of the events of runs; null for an event that has none. */
export function eventLines(screen: Screen): (event: RunEvent) => string | null {
  /** What attempts failed of, so that it is told once. */
  const failures = new Set<string>();
  const quiet = quietEnds(screen);
  return (event) => {
    const kept = quiet(event);
    if (kept !== null) return kept;
    if (event.type !== "retry") return eventLine(event, screen);
    const key = JSON.stringify([event.runId, event.partition, event.stage, event.error.message]);
    const isKnown = failures.has(key);
    failures.add(key);
    return eventLine(event, screen, isKnown);
  };
}

/** Lines of partitions that are left alone, of one run. */
const LEFT_ALONE = 40;

/**
 * Of thousands of partitions that a run leaves alone the first have a line each, and the others one
 * together at its end.
 *
 * @returns what is told in place of an event's own line; null: that line
 */
function quietEnds(screen: Screen): (event: RunEvent) => string | null {
  /** By status, of each run. */
  const runs = new Map<string | null, Map<string, number>>();
  return (event) => {
    if (event.type === "run_finished") {
      const ends = runs.get(event.runId) ?? new Map<string, number>();
      runs.delete(event.runId);
      const total = [...ends.values()].reduce((sum, n) => sum + n, 0);
      if (screen.verbose || total <= LEFT_ALONE) return null;
      const kinds = [...ends].map(([status, n]) => `${formatCount(n)} ${status}`).join(", ");
      return line(screen, event.result.pipeline, `${kinds} in all; -v names each`);
    }
    if (event.type !== "partition_finished") return null;
    const { status } = event.result;
    if (status !== "unchanged" && status !== "pending") return null;
    const ends = runs.get(event.runId) ?? new Map<string, number>();
    runs.set(event.runId, ends.set(status, (ends.get(status) ?? 0) + 1));
    const total = [...ends.values()].reduce((sum, n) => sum + n, 0);
    return screen.verbose || total <= LEFT_ALONE ? null : "";
  };
}

/** The line for an event, or null where it has none. */
function eventLine(event: RunEvent, screen: Screen, isKnown = false): string | null {
  const { paint } = screen;
  switch (event.type) {
    case "run_started":
      return line(screen, event.pipeline, formatPlural(event.partitions, "partition"));
    case "partition_started": {
      const size = event.bytesTotal === null ? "" : ` (${formatBytes(event.bytesTotal)})`;
      const source = printable(screen.path(event.source));
      return line(screen, event.partition, `reading ${source}${size}`);
    }
    case "stage_finished":
      // That the partition is published says the same, with its rows.
      if (event.stage === "publish" && !screen.verbose) return null;
      return line(
        screen,
        event.partition,
        `${event.stage}: ${event.message} (${formatDuration(event.seconds)})`,
      );
    case "retry": {
      const wait = formatDuration(event.delaySeconds);
      const attempt = `attempt ${event.attempt} of ${event.attempts} failed`;
      const what = isKnown ? `${attempt} as before` : `${event.error.message}; ${attempt}`;
      const text = `${event.stage}: ${what}, next in ${wait}`;
      return line(screen, event.partition, paint("warn", printable(screen.text(text))));
    }
    case "warning": {
      const text = printable(screen.text(`warning: ${event.message}`));
      return line(screen, event.partition, paint("warn", text));
    }
    case "partition_finished": {
      const { result } = event;
      return line(screen, result.partition, partitionSentence(result, screen));
    }
    case "progress":
    case "run_finished":
      return null;
  }
}

/** How a partition ended, in a few words; why comes with the result, or as an error. */
function partitionSentence(result: PartitionResult, { paint, verbose }: Screen): string {
  const { status, version, rows_loaded, rows_rejected, seconds, error } = result;
  if (status === "published") {
    const rejected = rows_rejected === 0 ? "" : `, ${formatCount(rows_rejected)} rejected`;
    return `${paint("good", "published")} version ${version}: ${
      formatPlural(rows_loaded, "row")
    }${rejected}, ${formatDuration(seconds)}${verbose ? phasesText(result) : ""}`;
  }
  if (error === null) return paint("faint", status);
  return `${paint("bad", status)} (${error.code})`;
}

/** `; read 0.02 s, parse 0.03 s`: they overlap. */
function phasesText({ phases }: PartitionResult): string {
  const texts = Object.entries(phases).map(([name, time]) => `${name} ${formatDuration(time)}`);
  return texts.length === 0 ? "" : `; ${texts.join(", ")}`;
}

function line({ paint, width }: Screen, subject: string | null, text: string): string {
  const name = paint("name", subject === null ? "whole table" : printable(subject));
  return `${wrap(`${name}  ${text}`, width, 2)}\n`;
}

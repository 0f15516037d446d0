import { formatDuration, formatPlural } from "../../core/format_text.ts";
import type { RunEvent } from "../../core/event.ts";
import type { Overview, PipelineOverview } from "../../schedule/model.ts";
import type { ScheduleEvent } from "../../schedule/schedule_event.ts";
import { errorText } from "./error_text.ts";
import type { Paint } from "./paint.ts";
import { printable, printableLines } from "./printable.ts";
import { plainScreen, type Screen } from "./screen.ts";
import { renderTable } from "./table.ts";

/** An event of the server as text: one line or more, with the time in front. */
export function scheduleEventText(event: ScheduleEvent, now: Date, paint: Paint): string {
  const time = paint("faint", now.toISOString());
  return `${time}  ${textOf(event, paint).trimEnd()}\n`;
}

/** The same in one line, for a log that has the time and the facts beside it. */
export function scheduleEventSentence(event: ScheduleEvent): string {
  return textOf(event, (_style, text) => text).split("\n")[0];
}

/** A warning of a run, which a server has no log to write to. */
export function runWarningText(
  pipeline: string,
  { partition, message }: RunWarning,
  now: Date,
  paint: Paint,
): string {
  const where = partition === null ? "" : `${printable(partition)}: `;
  return `${paint("faint", now.toISOString())}  ${paint("name", pipeline)}  ` +
    `${paint("warn", `warning: ${where}${printable(message)}`)}\n`;
}

export type RunWarning = Extract<RunEvent, { type: "warning" }>;

function textOf(event: ScheduleEvent, paint: Paint): string {
  switch (event.type) {
    case "listening":
      return `listening on ${event.origin} (a browser shows the page there)\n` +
        event.next.map(nextOf).join("\n");
    case "stopped": {
      const { finished, interrupted, abandoned } = event;
      return `stopped: ${formatPlural(finished, "run")} finished, ${interrupted} interrupted, ` +
        `${abandoned} left behind`;
    }
    case "pipeline_added":
    case "pipeline_changed":
    case "pipeline_removed":
      return `${paint("name", event.pipeline)}  ${event.type.replace("pipeline_", "")}`;
    case "file_broken": {
      const consequence = event.kept ? "its last good version stays in use" : "it is not served";
      const head = paint("bad", `${printable(event.file)} is wrong; ${consequence}`);
      return `${head}\n${printableLines(event.text)}`;
    }
    case "file_mended":
      return paint("good", `${printable(event.file)} is valid again`);
    case "folder_broken":
      return paint("warn", printable(event.message));
    case "attempt_started": {
      const due = event.tick === null ? "requested by hand" : `due ${event.tick.toISOString()}`;
      const attempt = event.attempt === 1 ? "" : `, attempt ${event.attempt}`;
      return `${paint("name", event.pipeline)}  started: ${due}${attempt}`;
    }
    case "attempt_ended":
      return `${paint("name", event.pipeline)}  ${endOf(event, paint)}`;
    case "tick_given_up":
      return `${paint("name", event.pipeline)}  ` +
        paint("bad", `failed: each server that ran the start due ${event.tick.toISOString()} died`);
    case "tick_skipped":
      return `${paint("name", event.pipeline)}  ` +
        paint(
          "warn",
          `skipped: due ${event.tick.toISOString()}, and "${event.after}", which must be loaded ` +
            "before it, failed",
        );
    case "clock_set_back":
      return `${paint("name", event.pipeline)}  ` +
        paint(
          "warn",
          `the clock was set back from ${event.until.toISOString()}: its schedule starts again`,
        );
    case "taken_over":
      return `${paint("name", event.pipeline)}  ` +
        paint("warn", "another server has taken it over");
    case "ledger_failed":
      return `${paint("name", event.pipeline)}  ` +
        paint("bad", `the ledger could not be written: ${printable(event.error.message)}`);
    case "database_away": {
      const wait = formatDuration(event.retrySeconds);
      return `${paint("bad", "the database does not answer")}, next attempt in ${wait}\n` +
        errorText(event.error, plainScreen(paint));
    }
    case "database_back":
      return paint("good", `the database answers: ${printable(event.database)}`);
  }
}

function nextOf({ pipeline, next }: PipelineOverview): string {
  return `  ${pipeline}  ${next.length === 0 ? "by hand only" : `next ${next[0]}`}`;
}

type Ended = Extract<ScheduleEvent, { type: "attempt_ended" }>;

function endOf({ result, error, retryAt }: Ended, paint: Paint): string {
  const again = retryAt === null ? "" : `, next attempt ${retryAt.toISOString()}`;
  const cause = error === null ? "" : `\n${errorText(error, plainScreen(paint))}`;
  if (result === null) return `${paint("bad", "failed")}${again}${cause}`;
  const { status, rows_loaded, rows_rejected, seconds } = result;
  const good = status === "succeeded" || status === "unchanged";
  const rejected = rows_rejected === 0 ? "" : `, ${rows_rejected} rejected`;
  const rows = `${formatPlural(rows_loaded, "row")} loaded${rejected}`;
  return `${paint(good ? "good" : "bad", status)}: ${rows} in ${
    formatDuration(seconds)
  }${again}${cause}`;
}

/** The schedules of a folder, as `serve --dry-run` prints them. */
export function overviewText({ pipelines, broken }: Overview, screen: Screen): string {
  const { paint } = screen;
  const table = renderTable(
    [
      { title: "pipeline", cut: "end", least: 12 },
      { title: "cron" },
      { title: "time zone", drop: 1 },
      { title: "next", cut: "end", least: 24 },
    ],
    pipelines.flatMap(rowsOf),
    screen,
  );
  const faults = broken.map(({ file, message }) =>
    `${paint("bad", printable(file))}\n${printableLines(message).trimEnd()}\n`
  );
  return table + faults.join("");
}

/** A row for each start: the first one has the names. */
function rowsOf({ pipeline, cron, timezone, next }: PipelineOverview): string[][] {
  if (cron === null || timezone === null) return [[pipeline, "-", "-", "by hand only"]];
  return next.map((iso, at) => [
    ...(at === 0 ? [pipeline, cron, timezone] : ["", "", ""]),
    `${iso}  ${localTime(iso, timezone)}`,
  ]);
}

/** `Sat 2026-12-05 06:00:00 GMT-5` */
function localTime(iso: string, timezone: string): string {
  const date = new Date(iso);
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, ...options }).format(date);
  const day = new Intl.DateTimeFormat("en", { timeZone: timezone, weekday: "short" }).format(date);
  const zone = new Intl.DateTimeFormat("en", { timeZone: timezone, timeZoneName: "shortOffset" })
    .formatToParts(date).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const local = part({ dateStyle: "short", timeStyle: "medium" });
  return `${day} ${local} ${zone}`.trim();
}

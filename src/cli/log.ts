import {
  configure,
  dispose,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogRecord,
  type Sink,
} from "@logtape/logtape";
import { resolve } from "node:path";
import { formatCount, formatDuration, formatPlural } from "../core/format_text.ts";
import { type ErrorRecord, SluiceError } from "../core/error.ts";
import type { RunEvent } from "../core/event.ts";
import type { Cli } from "./cli.ts";
import type { OutputFlags } from "./options.ts";
import { redactDeep } from "./redact_deep.ts";

/** The log of one command. */
export interface Log {
  event(event: RunEvent): void;
  error(error: ErrorRecord): void;
  /** Writes what waits and closes the file. */
  close(): Promise<void>;
}

/** Opens the log that `--log-level` and `--log-file` ask for. */
export async function openLog(
  { logLevel = "info", logFile }: OutputFlags,
  cli: Cli,
  say: (text: string) => void,
): Promise<Log> {
  const file = logFile === undefined ? null : await openFile(resolve(cli.workingFolder, logFile));
  const sink = file?.sink ?? textSink(say);
  await configure({
    reset: true,
    sinks: { sink: (record) => sink(redactRecord(record, cli)) },
    loggers: [
      { category: "sluice", lowestLevel: logLevel, sinks: ["sink"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["sink"] },
    ],
  });
  let run: Record<string, unknown> = {};
  function write({ level, message, attributes }: Entry, category: string): void {
    // Braces would be read as the names of attributes.
    const text = message.replaceAll("{", "{{").replaceAll("}", "}}");
    getLogger(["sluice", category])[level](text, { ...run, ...attributes });
  }
  return {
    event(event) {
      if (event.type === "run_started") run = { run_id: event.runId, pipeline: event.pipeline };
      const entry = entryOf(event);
      if (entry !== null) write(entry, event.type);
    },
    error: ({ message, ...attributes }) => write({ level: "error", message, attributes }, "error"),
    async close() {
      await dispose();
      file?.close();
    },
  };
}

interface Entry {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly message: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** An event as a log record; progress is for eyes, not for logs. */
function entryOf(event: RunEvent): Entry | null {
  switch (event.type) {
    case "progress":
      return null;
    case "run_started": {
      const { target, partitions } = event;
      return entry("info", `Run started: ${formatPlural(partitions, "partition")} into ${target}`, {
        target,
        partitions,
      });
    }
    case "partition_started": {
      const { partition, source, bytesTotal } = event;
      return entry("info", `Reading ${source}`, { partition, source, bytes_total: bytesTotal });
    }
    case "stage_finished": {
      const { partition, stage, seconds, message } = event;
      return entry("info", `${stage}: ${message}`, { partition, stage, seconds });
    }
    case "retry": {
      const { partition, stage, attempt, attempts, delaySeconds, error } = event;
      return entry(
        "warning",
        `${stage}: attempt ${attempt} of ${attempts} failed, next in ${delaySeconds} s: ` +
          error.message,
        { partition, stage, attempt, attempts, delay_seconds: delaySeconds, error },
      );
    }
    case "warning":
      return entry("warning", event.message, { partition: event.partition });
    case "partition_finished": {
      const { result } = event;
      const bad = result.status === "failed" || result.status === "refused";
      const name = result.partition ?? "whole table";
      const rows = formatPlural(result.rows_loaded, "row");
      return entry(bad ? "error" : "info", `${name} ${result.status}: ${rows} loaded`, {
        ...result,
      });
    }
    case "run_finished": {
      const { partitions: _partitions, checks: _checks, ...attributes } = event.result;
      const { status, rows_loaded, rows_read, seconds } = attributes;
      const good = status === "succeeded" || status === "unchanged";
      return entry(
        good ? "info" : "error",
        `Run ${status}: ${formatCount(rows_loaded)} of ${formatCount(rows_read)} rows loaded in ` +
          formatDuration(seconds),
        attributes,
      );
    }
  }
}

function entry(
  level: Entry["level"],
  message: string,
  attributes: Entry["attributes"],
): Entry {
  return { level, message, attributes };
}

/** Secrets go before a record is formatted: see {@link redactDeep}. */
function redactRecord(record: LogRecord, { secrets }: Cli): LogRecord {
  return {
    ...record,
    message: redactDeep(record.message, secrets),
    properties: redactDeep(record.properties, secrets),
  };
}

function textSink(say: (text: string) => void): Sink {
  const format = getTextFormatter({ timestamp: "rfc3339" });
  return (record) => say(format(record));
}

/** Appends JSON lines, each written before the work goes on: a crash loses none. */
async function openFile(path: string): Promise<{ sink: Sink; close: () => void }> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { append: true, create: true });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new SluiceError("cli/log_file", `The log file "${path}" cannot be opened`, {
      hint: "Name a file in a folder that exists and may be written to",
      cause,
    });
  }
  const format = getJsonLinesFormatter({ message: "rendered", properties: "flatten" });
  const encoder = new TextEncoder();
  let failure: unknown = null;
  return {
    sink(record) {
      try {
        writeAll(file, encoder.encode(format(record)));
      } catch (error) {
        failure ??= error;
      }
    },
    close() {
      file.close();
      if (failure === null) return;
      throw new SluiceError("cli/log_file", `The log file "${path}" could not be written`, {
        cause: failure,
      });
    },
  };
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

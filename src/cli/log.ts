import {
  configure,
  dispose,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogRecord,
  type Sink,
} from "@logtape/logtape";
import { getRotatingFileSink } from "@logtape/file";
import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type ErrorRecord, SluiceError } from "../core/error.ts";
import { escapeControls } from "../core/json_text.ts";
import { redactDeep } from "../core/redact_deep.ts";
import { logEntries } from "../observe/log_entry.ts";
import type { ObservedEvent } from "../observe/observer.ts";
import type { Cli } from "./cli.ts";
import type { OutputFlags } from "./options.ts";
import { printable } from "./views/printable.ts";

/** The log of one command. */
export interface Log {
  /** Standard error carries JSON lines and nothing else: what is said becomes a record. */
  readonly ownsStandardError: boolean;
  /** Takes the events of all runs. */
  event(event: ObservedEvent): void;
  error(error: ErrorRecord): void;
  /** Text for people, whatever the level. */
  text(text: string): void;
  /** Writes what waits and closes the file. */
  close(): Promise<void>;
}

/** Bytes of a log file before it is put aside, and how many files are kept in all. */
const FILE_SIZE = 10_000_000;
const FILE_COUNT = 5;

/**
 * Opens the log that `--log-level` and `--log-file` ask for.
 *
 * Without a file it goes to `say`: as lines to read on a terminal, as JSON lines elsewhere.
 *
 * @param beside runs go on beside each other: what is said meanwhile is about none of them
 */
export async function openLog(
  flags: OutputFlags,
  cli: Cli,
  say: (text: string) => void,
  beside: boolean,
): Promise<Log> {
  const file = flags.logFile === undefined
    ? null
    : openFile(resolve(cli.workingFolder, flags.logFile), flags);
  const ownsStandardError = file === null && !cli.err.isTerminal;
  const format = ownsStandardError ? jsonFormat() : textFormat();
  const sink: Sink = file?.sink ?? ((record) => say(format(record)));
  const lowestLevel = flags.logLevel ?? "info";
  await configure({
    reset: true,
    sinks: { sink: (record) => sink(redactRecord(record, cli)) },
    loggers: [
      { category: "sluice", lowestLevel, sinks: ["sink"] },
      {
        category: ["sluice", "text"],
        lowestLevel: "debug",
        sinks: ["sink"],
        parentSinks: "override",
      },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["sink"] },
    ],
  });
  const entryOf = logEntries();
  let position = NOWHERE;
  function write(
    level: "debug" | "info" | "warning" | "error",
    category: string,
    message: string,
    properties: Record<string, unknown>,
  ): void {
    // Braces would be read as the names of attributes.
    const text = message.replaceAll("{", "{{").replaceAll("}", "}}");
    getLogger(["sluice", category])[level](text, properties);
  }
  return {
    ownsStandardError,
    event(event) {
      const entry = entryOf(event);
      // A run that failed as a whole is told by the command, with its error.
      if (entry === null || event.type === "run_failed") return;
      const { level, event: category, message, attributes, ...place } = entry;
      const { run_id, pipeline } = place;
      if (!beside) position = { ...NOWHERE, run_id, pipeline };
      write(level, category, message, { ...place, ...attributes });
    },
    error: ({ message, ...rest }) => write("error", "error", message, { ...position, ...rest }),
    text: (text) => write("info", "text", text.trim(), { ...position }),
    async close() {
      await dispose();
      file?.close();
    },
  };
}

interface Position {
  readonly run_id: string | null;
  readonly pipeline: string | null;
  readonly partition: string | null;
  readonly stage: string | null;
}

const NOWHERE: Position = { run_id: null, pipeline: null, partition: null, stage: null };

/** Secrets go before a record is formatted: see {@link redactDeep}. */
function redactRecord(record: LogRecord, { secrets }: Cli): LogRecord {
  return {
    ...record,
    message: redactDeep(record.message, secrets),
    properties: redactDeep(record.properties, secrets),
  };
}

function jsonFormat(): (record: LogRecord) => string {
  const format = getJsonLinesFormatter({ message: "rendered", properties: "flatten" });
  return (record) => escapeControls(format(record));
}

/** `2026-11-23T19:58:45.123Z INF 0b8f6f0e trips 2021-01 rows  message`; a dash for what is not there. */
function textFormat(): (record: LogRecord) => string {
  return getTextFormatter({
    timestamp: "rfc3339",
    level: "ABBR",
    format({ timestamp, level, message, record: { properties } }) {
      const { run_id, pipeline, partition, stage } = properties;
      const run = typeof run_id === "string" ? run_id.slice(0, 8) : null;
      const place = [run, pipeline, partition, stage].map((each) => each ?? "-").join(" ");
      return `${timestamp} ${level} ${printable(`${place}  ${message}`)}`;
    },
  });
}

/** Appends JSON lines, each on the disk before the work goes on: a crash loses none. */
function openFile(path: string, flags: OutputFlags): { sink: Sink; close: () => void } {
  let file: Sink & Disposable;
  try {
    // Also for the others that it is rotated to.
    mkdirSync(dirname(path), { recursive: true });
    file = getRotatingFileSink(path, {
      formatter: jsonFormat(),
      bufferSize: 0,
      maxSize: flags.logFileSize ?? FILE_SIZE,
      // Beside the one that is written to.
      maxFiles: (flags.logFileCount ?? FILE_COUNT) - 1,
    });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new SluiceError("cli/log_file", `The log file "${path}" cannot be opened`, {
      hint: "Name a file in a folder that is writable, or that can be made",
      cause,
    });
  }
  let failure: unknown = null;
  return {
    sink(record) {
      try {
        file(record);
      } catch (error) {
        failure ??= error;
      }
    },
    close() {
      try {
        file[Symbol.dispose]();
      } catch (error) {
        failure ??= error;
      }
      if (failure === null) return;
      throw new SluiceError("cli/log_file", `The log file "${path}" could not be written`, {
        hint: "Check free disk space and the permissions of its folder",
        cause: failure,
      });
    },
  };
}

import { type Command, InvalidArgumentError, Option } from "commander";
import { LOG_LEVELS, type LogLevel } from "../observe/log_entry.ts";
import type { RunOptions } from "../run/context.ts";

/** Options of every command. */
export interface OutputFlags {
  readonly output: "human" | "json";
  /** Only what is wrong, and what was asked for. */
  readonly quiet?: boolean;
  /** Each stage, where settings come from, and nothing shortened. */
  readonly verbose?: boolean;
  readonly logLevel?: LogLevel;
  readonly logFile?: string;
  /** Bytes. */
  readonly logFileSize?: number;
  readonly logFileCount?: number;
}

/** Options of the commands that read a pipeline file. */
export interface SpecFlags {
  readonly env?: string;
  readonly set: Record<string, string>;
}

/** Options of the commands that use a database. */
export interface DatabaseFlags {
  readonly database?: string;
}

/** Options of `run` and `plan`. */
export interface RunFlags {
  readonly partition: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly force?: boolean;
  readonly allowDestructive?: boolean;
  readonly concurrency?: number;
  readonly verify?: boolean;
}

/** Options of the commands that load: who listens to their runs. */
export interface ObserveFlags {
  readonly logDatabase?: boolean;
  readonly lineageFile?: string;
  readonly allowCommand?: readonly string[];
}

/** Adds the options of every command. */
export function addOutputOptions(
  command: Command,
  formats: readonly string[] = ["human", "json"],
): Command {
  return command
    .addOption(
      new Option("--output <format>", "format of standard output")
        .choices(formats).default("human"),
    )
    .addOption(
      new Option("-q, --quiet", "say only what is wrong: no progress, and no report of success")
        .conflicts("verbose"),
    )
    .option(
      "-v, --verbose",
      "say more: each stage, where settings come from, and ids, paths and texts in full",
    )
    .addOption(
      new Option(
        "--log-level <level>",
        "least severe level to log, to standard error or the log file",
      )
        .choices(LOG_LEVELS),
    )
    .option("--log-file <path>", "append the log to a file, as JSON lines")
    .addOption(
      new Option("--log-file-size <size>", "rotate the log file at this size (default: 10MB)")
        .argParser(byteSize),
    )
    .addOption(
      new Option("--log-file-count <n>", "log files kept in all (default: 5)")
        .argParser(wholeNumber(1_000)),
    );
}

/** Adds the options that let others listen to a run. */
export function addObserveOptions(command: Command): Command {
  return command
    .option("--log-database", "log to the table sluice.logs as well")
    .option("--lineage-file <path>", "append OpenLineage events to a file, as JSON lines")
    .addOption(allowCommandOption());
}

/** The option that names what notifications may run. */
export function allowCommandOption(): Option {
  return new Option("--allow-command <program>", "let notifications run this program; repeatable")
    .default([], "none")
    .argParser((program: string, all: readonly string[]) => [...all, program]);
}

/** Adds the options that decide how a pipeline file reads. */
export function addSpecOptions(command: Command): Command {
  return command
    .option("--env <name>", "environment of the pipeline file; the first one when left out")
    .addOption(
      new Option("--set <name=value>", "set a variable of the pipeline file; repeatable")
        .default({}, "none").argParser(addVariable),
    );
}

/** Adds `--database`. */
export function addDatabaseOption(command: Command): Command {
  return command.option(
    "--database <url>",
    "Postgres to use; else DATABASE_URL, else the embedded one",
  );
}

/** Adds what `run` and `plan` share. */
export function addRunOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--partition <name>", "only this partition; repeatable")
        .default([], "all").argParser((name: string, names: readonly string[]) => [...names, name])
        .conflicts(["from", "to"]),
    )
    .option("--from <partition>", "first partition, in place of the file's")
    .option("--to <partition>", "last partition, in place of the file's")
    .option("--force", "load unchanged sources as well")
    .option(
      "--allow-destructive",
      "change column types of the target even where values may be lost",
    )
    .option(
      "--concurrency <n>",
      "partitions loaded at once, in place of the file's",
      wholeNumber(64),
    )
    .option("--verify", "before publishing, compare the staged rows with those that were sent");
}

/** Parses a whole number within limits. */
export function wholeNumber(limit: number, least = 1): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= limit) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${limit}.`);
  };
}

/** Parses a size: bytes, or with a unit as in `500kB`, `10MB`, `1GB`. */
function byteSize(text: string): number {
  const match = /^(\d+) ?(B|kB|MB|GB)?$/i.exec(text);
  const factor = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9 }[(match?.[2] ?? "B").toLowerCase()]!;
  const bytes = Number(match?.[1]) * factor;
  if (bytes >= 1_000 && Number.isSafeInteger(bytes)) return bytes;
  throw new InvalidArgumentError("Write it as 500kB, 10MB or 1GB, at least 1kB.");
}

/** The flags as `run/` takes them. */
export function runOptionsOf(flags: RunFlags): RunOptions {
  return {
    partitions: flags.partition,
    ...(flags.from === undefined ? {} : { from: flags.from }),
    ...(flags.to === undefined ? {} : { to: flags.to }),
    force: flags.force ?? false,
    allowDestructive: flags.allowDestructive ?? false,
    ...(flags.concurrency === undefined ? {} : { concurrency: flags.concurrency }),
    ...(flags.verify === undefined ? {} : { verify: flags.verify }),
  };
}

function addVariable(text: string, known: Record<string, string>): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError('Write it as name=value, such as base="../data".');
  return { ...known, [text.slice(0, at)]: text.slice(at + 1) };
}

import { type Command, Option } from "commander";
import { afterOrder } from "../../core/after_order.ts";
import { errorRecord, SluiceError } from "../../core/error.ts";
import type { RunResult } from "../../core/result.ts";
import type { Queue } from "../../distribute/queue.ts";
import type { RunContext, RunOptions } from "../../run/context.ts";
import type { PipelineSpec } from "../../spec/pipeline_spec.ts";
import type { Cli } from "../cli.ts";
import { openQueue, runContext } from "../open_database.ts";
import { openPipelines } from "../open_pipelines.ts";
import { EXIT, exitCodeOfError, exitCodeOfRun, worseExitCode } from "../exit_code.ts";
import {
  addDatabaseOption,
  addObserveOptions,
  addOutputOptions,
  addRunOptions,
  addSpecOptions,
  type DatabaseFlags,
  type ObserveFlags,
  type OutputFlags,
  type RunFlags,
  runOptionsOf,
  type SpecFlags,
  wholeNumber,
} from "../options.ts";
import { inSession, type Session } from "../session.ts";
import { errorText } from "../views/error_text.ts";
import type { Finish } from "./command.ts";

type Flags = OutputFlags & ObserveFlags & SpecFlags & DatabaseFlags & RunFlags & {
  readonly distributed?: boolean;
  readonly detach?: boolean;
  readonly priority: number;
};

/** `run <file…>`: compile, load, check, publish. */
export function addRunCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("run")
    .summary("load and publish new and changed data")
    .description("Compile, load, check and publish pipelines, one file after the other.")
    .argument("<file or folder...>", "pipeline files, or folders of them")
    .option("--distributed", "have workers load the partitions; see the command worker")
    .addOption(
      new Option("--detach", "leave the whole run to workers, and end at once")
        .implies({ distributed: true }),
    )
    .addOption(
      new Option("--priority <n>", "order of its jobs for workers; smaller first").default(0)
        .argParser(wholeNumber(1_000_000, 0)),
    );
  addObserveOptions(
    addOutputOptions(addDatabaseOption(addRunOptions(addSpecOptions(command)))),
  )
    .addHelpText(
      "after",
      `
Examples:
  deno task run pipelines/yellow_taxi.yaml
  deno task run pipelines/yellow_taxi.yaml --env live --from 2021-01 --to 2021-06
  deno task run pipelines/ --output json
  deno task run pipelines/yellow_taxi.yaml --partition 2021-02 --force`,
    )
    .action(async (files: string[], flags: Flags) =>
      finish(await inSession(cli, flags, (session) => run(files, flags, session)))
    );
}

async function run(names: readonly string[], flags: Flags, session: Session): Promise<number> {
  await using opened = await openPipelines(names, flags, session, {
    command: "run",
    takesFolders: true,
    opensSource: !flags.detach,
    prepare(read) {
      const { ordered } = afterOrder(read);
      if (flags.detach && ordered !== null) requireNoOrder(ordered);
      return ordered;
    },
  });
  if (opened === null) return EXIT.usage;
  const { specs, database } = opened;
  const { cli } = session;
  if (specs.length > 1) session.view.severalRuns();
  await using stack = new AsyncDisposableStack();
  let context = runContext(database.db, session);
  if (flags.distributed) {
    const queue = stack.use(await openQueue(flags, "run", session));
    if (flags.detach) return await detach(specs, flags, queue, session);
    const elsewhere = await cli.services.loadElsewhere(queue, flags.priority);
    context = { ...context, elsewhere };
  }
  let code: number = EXIT.done;
  /** Pipelines that were not loaded. */
  const failed = new Set<string>();
  for (const spec of specs) {
    if (cli.interrupt.signal.aborted) break;
    const missing = spec.after?.find((name) => failed.has(name));
    if (missing !== undefined) {
      skip(spec, missing, session);
      failed.add(spec.pipeline);
      continue;
    }
    await showBars(flags, session);
    const ended = await runOne(spec, runOptionsOf(flags), context, session);
    if (ended !== EXIT.done) failed.add(spec.pipeline);
    code = worseExitCode(code, ended);
  }
  return code;
}

/** What stands after a pipeline that was not loaded would read what is not there, or is old. */
function skip({ file, pipeline }: PipelineSpec, missing: string, session: Session): void {
  const error = new SluiceError(
    "cli/skipped",
    `"${pipeline}" is skipped: "${missing}", which must be loaded before it, was not`,
    { hint: `Mend "${missing}" and run both; \`after\` in ${file} says what comes first` },
  );
  session.view.run({ file, result: null, error: error.toJSON() });
  session.report(error);
}

/** Workers take what is there: nothing keeps the order of runs that are left to them. */
function requireNoOrder(specs: readonly PipelineSpec[]): void {
  const names = new Set(specs.map(({ pipeline }) => pipeline));
  for (const { pipeline, after = [] } of specs) {
    const first = after.find((name) => names.has(name));
    if (first === undefined) continue;
    throw new SluiceError(
      "cli/detached_order",
      `"${pipeline}" must be loaded after "${first}", and --detach leaves both to workers at once`,
      { hint: "Use --distributed without --detach, which loads them one after the other" },
    );
  }
}

/** Leaves runs to workers. */
async function detach(
  specs: readonly PipelineSpec[],
  flags: Flags,
  queue: Queue,
  { view }: Session,
): Promise<number> {
  for (const spec of specs) {
    await queue.addRun({
      id: crypto.randomUUID(),
      spec,
      options: runOptionsOf(flags),
      priority: flags.priority,
    });
    view.detached({ file: spec.file, pipeline: spec.pipeline });
  }
  return EXIT.done;
}

/** Where somebody looks on, and asked for neither less nor more. */
async function showBars(
  { logLevel, quiet = false, verbose = false }: OutputFlags,
  { cli, screen, showProgress }: Session,
): Promise<void> {
  if (!cli.err.isTerminal || logLevel !== undefined || quiet || verbose) return;
  const { barProgress } = await import("../views/bar_progress.ts");
  showProgress(barProgress(cli.err, screen, cli.clock));
}

/** A file that fails does not keep the next from running. */
export async function runOne(
  spec: PipelineSpec,
  options: RunOptions,
  context: RunContext,
  session: Session,
  file: string | null = spec.file,
): Promise<number> {
  const { cli, view } = session;
  let result: RunResult;
  try {
    result = await cli.services.runPipeline(spec, options, {
      ...context,
      emit: session.emit,
    });
  } catch (error) {
    view.run({ file, result: null, error: errorRecord(error) });
    const code = session.report(error, spec.pipeline);
    return error instanceof SluiceError ? exitCodeOfError(error) : code;
  }
  session.stopProgress();
  const target = `${spec.target.schema}.${spec.target.table}`;
  view.run({ file, target, result, error: null });
  await cli.out.flush();
  sayErrors(result, session);
  return exitCodeOfRun(result);
}

/** Tells what went wrong; what went wrong alike, of a database that is away, only once. */
function sayErrors({ pipeline, partitions }: RunResult, session: Session): void {
  const failed = partitions.filter(({ error }) =>
    error !== null && error.code !== "cli/interrupted"
  );
  for (const alike of Map.groupBy(failed, ({ error }) => JSON.stringify(error)).values()) {
    const [{ partition, error }] = alike;
    const names = alike.slice(0, NAMES).map(({ partition }) => partition).join(", ");
    const more = alike.length > NAMES ? ` and ${alike.length - NAMES} more` : "";
    const where = partition === null
      ? "whole table"
      : `partition${alike.length === 1 ? "" : "s"} ${names}${more}`;
    session.say(errorText(error!, session.screen, { where: `${pipeline}, ${where}` }));
  }
}

/** Partitions that are named together. */
const NAMES = 3;

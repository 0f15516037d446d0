import { type Command, Option } from "commander";
import { errorRecord, SluiceError } from "../../core/error.ts";
import type { RunResult } from "../../core/result.ts";
import type { Queue } from "../../distribute/queue.ts";
import type { RunContext, RunOptions } from "../../run/context.ts";
import type { PipelineSpec } from "../../spec/pipeline_spec.ts";
import type { Cli } from "../cli.ts";
import { nameTarget } from "../name_target.ts";
import { openDatabase, openQueue, runContext } from "../open_database.ts";
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
import { pipelineFiles } from "../pipeline_arguments.ts";
import { requirePipelines } from "../require_pipelines.ts";
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
  const files = await pipelineFiles(names, session.cli);
  if (files.length > 1) session.view.severalRuns();
  const specs = await requirePipelines(files, flags, session, !flags.detach);
  if (specs === null) return EXIT.usage;
  const { cli } = session;
  await using database = await openDatabase(flags, specs, "run", session);
  nameTarget(specs, database, flags, session);
  await using stack = new AsyncDisposableStack();
  let context = runContext(database.db, session);
  if (flags.distributed) {
    const queue = stack.use(await openQueue(flags, "run", session));
    if (flags.detach) return await detach(specs, flags, queue, session);
    const elsewhere = await cli.services.loadElsewhere(queue, flags.priority);
    context = { ...context, elsewhere };
  }
  let code: number = EXIT.done;
  for (const spec of specs) {
    if (cli.interrupt.signal.aborted) break;
    if (cli.err.isTerminal && flags.logLevel === undefined) {
      const { barProgress } = await import("../views/bar_progress.ts");
      session.showProgress(barProgress(cli.err, cli.clock));
    }
    code = worseExitCode(code, await runOne(spec, runOptionsOf(flags), context, session));
  }
  return code;
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
    const code = session.report(error);
    return error instanceof SluiceError ? exitCodeOfError(error) : code;
  }
  session.stopProgress();
  view.run({ file, result, error: null });
  await cli.out.flush();
  for (const { partition, error } of result.partitions) {
    if (error === null || error.code === "cli/interrupted") continue;
    const where = `${spec.pipeline}, ${
      partition === null ? "whole table" : `partition ${partition}`
    }`;
    session.say(errorText(error, session.paint, { where }));
  }
  return exitCodeOfRun(result);
}

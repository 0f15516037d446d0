import { type Command, Option } from "commander";
import { afterOrder } from "../../core/after_order.ts";
import { SluiceError } from "../../core/error.ts";
import type { Queue } from "../../distribute/queue.ts";
import type { PipelineSpec } from "../../spec/pipeline_spec.ts";
import type { Cli } from "../cli.ts";
import { openQueue, runContext } from "../open_database.ts";
import { openPipelines } from "../open_pipelines.ts";
import { EXIT } from "../exit_code.ts";
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
import { runInOrder } from "../run_in_order.ts";
import { inSession, type Session } from "../session.ts";
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
  ${cli.typed} run pipelines/yellow_taxi.yaml
  ${cli.typed} run pipelines/yellow_taxi.yaml --env live --from 2021-01 --to 2021-06
  ${cli.typed} run pipelines/ --output json
  ${cli.typed} run pipelines/yellow_taxi.yaml --partition 2021-02 --force`,
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
  return await runInOrder(specs, () => runOptionsOf(flags), flags, context, session);
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

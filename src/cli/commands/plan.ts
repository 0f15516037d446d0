import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { runContext } from "../open_database.ts";
import { openPipelines } from "../open_pipelines.ts";
import {
  addDatabaseOption,
  addOutputOptions,
  addRunOptions,
  addSpecOptions,
  type DatabaseFlags,
  type OutputFlags,
  type RunFlags,
  runOptionsOf,
  type SpecFlags,
} from "../options.ts";
import { inSession, type Session } from "../session.ts";
import type { Finish } from "./command.ts";

type Flags = OutputFlags & SpecFlags & DatabaseFlags & RunFlags & {
  readonly sql?: boolean;
};

/** `plan <file>`: what `run` would do. */
export function addPlanCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("plan")
    .summary("print what run would do; writes nothing")
    .description(
      "Print which partitions run would load or skip and why, what it would make or alter, and\n" +
        "the locks it would take. Writes nothing.",
    )
    .argument("<file>", "pipeline file")
    .option("--sql", "print each SQL statement as well, with its reason and its lock");
  addOutputOptions(addDatabaseOption(addRunOptions(addSpecOptions(command))))
    .addHelpText(
      "after",
      `
Examples:
  deno task plan pipelines/yellow_taxi.yaml
  deno task plan pipelines/yellow_taxi.yaml --sql
  deno task plan pipelines/yellow_taxi.yaml --partition 2021-02 --force --output json`,
    )
    .action(async (file: string, flags: Flags) =>
      finish(await inSession(cli, flags, (session) => plan(file, flags, session)))
    );
}

async function plan(file: string, flags: Flags, session: Session): Promise<number> {
  await using opened = await openPipelines([file], flags, session, {
    command: "plan",
    opensSource: true,
  });
  if (opened === null) return EXIT.usage;
  const { specs, database } = opened;
  const { services } = session.cli;
  const context = runContext(database.db, session);
  const planned = await services.planPipeline(specs[0], runOptionsOf(flags), context);
  session.view.plan(planned, flags.sql ?? false);
  return EXIT.done;
}

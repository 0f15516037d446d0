import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { openPipelines } from "../open_pipelines.ts";
import {
  addDatabaseOption,
  addOutputOptions,
  addSpecOptions,
  type DatabaseFlags,
  type OutputFlags,
  type SpecFlags,
} from "../options.ts";
import { inSession, type Session } from "../session.ts";
import type { Finish } from "./command.ts";

type Flags = OutputFlags & SpecFlags & DatabaseFlags;

/** `history <file>`: versions and runs of a pipeline. */
export function addHistoryCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("history")
    .summary("show versions and runs of a pipeline")
    .description(
      "Show the live and the earlier versions of a pipeline's table, and its last 50 runs.",
    )
    .argument("<file>", "pipeline file");
  addOutputOptions(addDatabaseOption(addSpecOptions(command)))
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} history pipelines/yellow_taxi.yaml
  ${cli.typed} history pipelines/yellow_taxi.yaml --output json`,
    )
    .action(async (file: string, flags: Flags) =>
      finish(await inSession(cli, flags, (session) => history(file, flags, session)))
    );
}

async function history(file: string, flags: Flags, session: Session): Promise<number> {
  await using opened = await openPipelines([file], flags, session, { command: "history" });
  if (opened === null) return EXIT.usage;
  const { specs: [spec], database } = opened;
  session.view.history(spec.pipeline, await session.cli.services.readHistory(database.db, spec));
  return EXIT.done;
}

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

type Flags = OutputFlags & SpecFlags & DatabaseFlags & { readonly partition?: string };

/** Versions that are shown to people who did not ask for all. */
const MOST = { whole: 40, newest: 20 };

/** `history <file>`: versions and runs of a pipeline. */
export function addHistoryCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("history")
    .summary("show versions and runs of a pipeline")
    .description(
      "Show the live and the earlier versions of a pipeline's table, and its last 50 runs. Of many\n" +
        "only the newest: -v shows all.",
    )
    .argument("<file>", "pipeline file")
    .option("--partition <name>", "versions of this partition alone");
  addOutputOptions(addDatabaseOption(addSpecOptions(command)))
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} history pipelines/yellow_taxi.yaml
  ${cli.typed} history pipelines/yellow_taxi.yaml --partition 2021-02
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
  const { partition, output, verbose = false } = flags;
  const history = await session.cli.services.readHistory(database.db, spec, {
    ...(partition === undefined ? {} : { partition }),
    // Programs get all.
    ...(output === "human" && !verbose ? { most: MOST } : {}),
  });
  session.view.history(spec.pipeline, history);
  return EXIT.done;
}

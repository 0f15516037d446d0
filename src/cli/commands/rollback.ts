import { type Command, Option } from "commander";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { runContext } from "../open_database.ts";
import { openPipelines } from "../open_pipelines.ts";
import {
  addDatabaseOption,
  addOutputOptions,
  addSpecOptions,
  type DatabaseFlags,
  type OutputFlags,
  type SpecFlags,
  wholeNumber,
} from "../options.ts";
import { inSession, type Session } from "../session.ts";
import type { Finish } from "./command.ts";

type Flags = OutputFlags & SpecFlags & DatabaseFlags & {
  readonly partition?: string;
  readonly to?: number;
};

/** `rollback <file>`: put an earlier version back, at once. */
export function addRollbackCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("rollback")
    .summary("put an earlier version back, at once")
    .description("Put an earlier version back, at once; the one that was live is kept.")
    .argument("<file>", "pipeline file")
    .option("--partition <name>", "only this partition; all when left out")
    .addOption(
      new Option(
        "--to <version>",
        "version to put back; 0: before the first; the previous one when left out",
      )
        .argParser(wholeNumber(2 ** 31 - 1, 0)),
    );
  addOutputOptions(addDatabaseOption(addSpecOptions(command)))
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} history pipelines/yellow_taxi.yaml
  ${cli.typed} rollback pipelines/yellow_taxi.yaml --partition 2021-02
  ${cli.typed} rollback pipelines/yellow_taxi.yaml --partition 2021-02 --to 3`,
    )
    .action(async (file: string, flags: Flags) =>
      finish(await inSession(cli, flags, (session) => rollback(file, flags, session)))
    );
}

async function rollback(file: string, flags: Flags, session: Session): Promise<number> {
  await using opened = await openPipelines([file], flags, session, { command: "rollback" });
  if (opened === null) return EXIT.usage;
  const { specs, database } = opened;
  const request = {
    ...(flags.partition === undefined ? {} : { partition: flags.partition }),
    ...(flags.to === undefined ? {} : { to: flags.to }),
  };
  const { services } = session.cli;
  session.view.rollback(
    await services.rollbackPipeline(specs[0], request, runContext(database.db, session)),
  );
  return EXIT.done;
}

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

type Flags = OutputFlags & SpecFlags & DatabaseFlags & { readonly partition?: readonly string[] };

/** `check <file>`: the checks of a pipeline, on the live table. */
export function addCheckCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("check")
    .summary("run the checks against the live table")
    .description("Run the checks of a pipeline on the live table; changes nothing.")
    .argument("<file>", "pipeline file")
    .option(
      "--partition <name>",
      "only this partition; may be repeated",
      (name: string, before: readonly string[] = []) => [...before, name],
    );
  addOutputOptions(addDatabaseOption(addSpecOptions(command)))
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} check pipelines/yellow_taxi.yaml
  ${cli.typed} check pipelines/yellow_taxi.yaml --partition 2021-01 --output json

Exit codes: 0 every check passes or only warns; 3 a check failed.`,
    )
    .action(async (file: string, flags: Flags) =>
      finish(await inSession(cli, flags, (session) => check(file, flags, session)))
    );
}

async function check(file: string, flags: Flags, session: Session): Promise<number> {
  await using opened = await openPipelines([file], flags, session, { command: "check" });
  if (opened === null) return EXIT.usage;
  const { specs: [spec], database } = opened;
  const { checkPipeline } = session.cli.services;
  const report = await checkPipeline(database.db, spec, flags.partition ?? []);
  session.view.checked(report);
  return report.status === "passed" ? EXIT.done : EXIT.refused;
}

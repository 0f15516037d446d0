import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import {
  addOutputOptions,
  addSpecOptions,
  allowCommandOption,
  type ObserveFlags,
  type OutputFlags,
  type SpecFlags,
} from "../options.ts";
import { allowedCommands } from "../../observe/notify/allowed_commands.ts";
import { checkAfter } from "../check_after.ts";
import { namesFolder, pipelineFiles } from "../pipeline_arguments.ts";
import { readPipelines } from "../read_pipelines.ts";
import { reportFaults } from "../require_pipelines.ts";
import { inSession, type Session } from "../session.ts";
import type { Finish } from "./command.ts";

type Flags = OutputFlags & SpecFlags & Pick<ObserveFlags, "allowCommand">;

/** `validate <file…>`: check pipeline files without a database. */
export function addValidateCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("validate")
    .summary("check pipeline files without a database")
    .description("Check pipeline files without a database, and report every error.")
    .argument("<file or folder...>", "pipeline files, or folders of them");
  addOutputOptions(addSpecOptions(command))
    .addOption(allowCommandOption())
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} validate pipelines/
  ${cli.typed} validate pipelines/yellow_taxi.yaml --env live --output json`,
    )
    .action(async (files: string[], flags: Flags) =>
      finish(await inSession(cli, flags, (session) => validate(files, flags, session)))
    );
}

async function validate(names: readonly string[], flags: Flags, session: Session): Promise<number> {
  const { cli } = session;
  const files = await pipelineFiles(names, cli);
  const allowed = allowedCommands(flags.allowCommand ?? [], cli.variables);
  const read = checkAfter(
    await readPipelines(files, flags, cli, false, allowed),
    namesFolder(names, files),
  );
  await reportFaults(read, session);
  session.view.validated(
    read.map(({ file, spec, error }) => ({
      file,
      pipeline: spec?.pipeline ?? null,
      valid: spec !== null,
      error: error?.toJSON() ?? null,
    })),
    read.flatMap(({ diagnostics }) => diagnostics),
  );
  return read.every(({ spec }) => spec !== null) ? EXIT.done : EXIT.usage;
}

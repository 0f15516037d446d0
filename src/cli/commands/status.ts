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

/** `status [folder]`: how all pipelines stand. */
export function addStatusCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("status")
    .summary("show how the pipelines of a folder stand")
    .description(
      "Show of each pipeline what is live and since when, its last run, its rejects, and when\n" +
        "`serve` starts it next.",
    )
    .argument("[file or folder...]", "pipeline files, or folders of them (default: pipelines)");
  addOutputOptions(addDatabaseOption(addSpecOptions(command)))
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} status
  ${cli.typed} status pipelines/ --output json`,
    )
    .action(async (files: string[], flags: Flags) =>
      finish(await inSession(cli, flags, (session) => status(files, flags, session)))
    );
}

async function status(names: readonly string[], flags: Flags, session: Session): Promise<number> {
  const { cli } = session;
  const folders = names.length === 0 ? ["pipelines"] : names;
  await using opened = await openPipelines(folders, flags, session, {
    command: "status",
    takesFolders: true,
  });
  if (opened === null) return EXIT.usage;
  const { specs, database } = opened;
  const { startsAfter } = await import("../../schedule/starts.ts");
  const now = cli.clock.now();
  const standings = await cli.services.readStandings(database.db, specs);
  session.view.standings(
    specs.map(({ pipeline, file, schedule }, at) => {
      const [next] = schedule === undefined ? [] : startsAfter(pipeline, schedule, now, 1);
      return { ...standings[at], file, next: next?.at.toISOString() ?? null };
    }),
    now,
  );
  return EXIT.done;
}

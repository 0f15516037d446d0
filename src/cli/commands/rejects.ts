import { type Command, Option } from "commander";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { openDatabase } from "../open_database.ts";
import {
  addDatabaseOption,
  addOutputOptions,
  addSpecOptions,
  type DatabaseFlags,
  type OutputFlags,
  type SpecFlags,
  wholeNumber,
} from "../options.ts";
import { requirePipelines } from "../require_pipelines.ts";
import { inSession, type Session } from "../session.ts";
import type { Finish } from "./command.ts";

type Flags = OutputFlags & SpecFlags & DatabaseFlags & {
  readonly run?: string;
  readonly partition?: string;
  readonly limit: number;
};

/** `rejects <file>`: rows that were not loaded, and why. */
export function addRejectsCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("rejects")
    .summary("show rows that were not loaded, and why")
    .description("Show rejected rows: by column and code, then one by one with line and byte.")
    .argument("<file>", "pipeline file")
    .option("--run <id>", "run to look at; the newest one that read anything when left out")
    .option("--partition <name>", "only this partition")
    .addOption(
      new Option("--limit <n>", "rows shown one by one").default(20)
        .argParser(wholeNumber(1_000_000)),
    );
  addOutputOptions(addDatabaseOption(addSpecOptions(command)))
    .addHelpText(
      "after",
      `
Examples:
  deno task rejects pipelines/yellow_taxi.yaml
  deno task rejects pipelines/yellow_taxi.yaml --partition 2021-02 --limit 1000 --output json`,
    )
    .action(async (file: string, flags: Flags) =>
      finish(await inSession(cli, flags, (session) => rejects(file, flags, session)))
    );
}

async function rejects(file: string, flags: Flags, session: Session): Promise<number> {
  const specs = await requirePipelines([file], flags, session);
  if (specs === null) return EXIT.usage;
  const [spec] = specs;
  await using database = await openDatabase(flags, specs, "rejects", session);
  const found = await session.cli.services.readRejects(database.db, spec, {
    ...(flags.run === undefined ? {} : { run: flags.run }),
    ...(flags.partition === undefined ? {} : { partition: flags.partition }),
    limit: flags.limit,
  });
  session.view.rejects({ pipeline: spec.pipeline, rejects: found });
  return EXIT.done;
}

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
import { showBars, tellRun } from "../run_in_order.ts";
import { inSession, type Session } from "../session.ts";
import { rejectsCsv, rejectsCsvHeader } from "../views/rejects_csv.ts";
import type { Finish } from "./command.ts";

type Flags = Omit<OutputFlags, "output"> & SpecFlags & DatabaseFlags & {
  readonly output: OutputFlags["output"] | "csv";
  readonly replay?: boolean;
  readonly spreadsheet?: boolean;
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
    .option("--run <id>", "run to show; the newest one that read rows when left out")
    .option("--partition <name>", "only this partition")
    .addOption(
      new Option("--limit <n>", "rows shown one by one").default(20)
        .argParser(wholeNumber(1_000_000)),
    )
    .option("--spreadsheet", "with csv: keep spreadsheets from running a field as a formula")
    .option("--replay", "load those that are now valid, each exactly once");
  addOutputOptions(addDatabaseOption(addSpecOptions(command)), ["human", "json", "csv"])
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} rejects pipelines/yellow_taxi.yaml
  ${cli.typed} rejects pipelines/yellow_taxi.yaml --partition 2021-02 --limit 1000 --output json
  ${cli.typed} rejects pipelines/yellow_taxi.yaml --output csv > rejects.csv
  ${cli.typed} rejects pipelines/yellow_taxi.yaml --replay`,
    )
    .action(async (file: string, flags: Flags) =>
      finish(
        await inSession(
          cli,
          { ...flags, output: flags.output === "csv" ? "human" : flags.output },
          (
            session,
          ) => rejects(file, flags, session),
        ),
      )
    );
}

async function rejects(file: string, flags: Flags, session: Session): Promise<number> {
  await using opened = await openPipelines([file], flags, session, { command: "rejects" });
  if (opened === null) return EXIT.usage;
  const { specs: [spec], database } = opened;
  const { services } = session.cli;
  if (flags.replay) {
    await showBars(flags, session);
    const context = runContext(database.db, session);
    const result = await services.replayRejects(spec, flags.partition, context);
    return await tellRun(spec, result, session, file);
  }
  const filter = {
    ...(flags.run === undefined ? {} : { run: flags.run }),
    ...(flags.partition === undefined ? {} : { partition: flags.partition }),
    limit: flags.limit,
  };
  if (flags.output === "csv") {
    const reader = {
      terminal: session.cli.out.isTerminal,
      spreadsheet: flags.spreadsheet ?? false,
    };
    session.cli.out.write(rejectsCsvHeader());
    for await (const page of services.rejectPages(database.db, spec, filter)) {
      session.cli.out.write(rejectsCsv(page, reader));
      await session.cli.out.flush();
    }
    return EXIT.done;
  }
  const found = await services.readRejects(database.db, spec, filter);
  session.view.rejects({ pipeline: spec.pipeline, rejects: found });
  return EXIT.done;
}

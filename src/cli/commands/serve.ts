import { type Command, Option } from "commander";
import type { Cli } from "../cli.ts";
import {
  addDatabaseOption,
  addObserveOptions,
  addOutputOptions,
  addSpecOptions,
  wholeNumber,
} from "../options.ts";
import type { ServeFlags } from "../serve.ts";
import { inSession } from "../session.ts";
import type { Finish } from "./command.ts";

/** `serve <folder>`: run pipelines when their schedules say so, and answer over HTTP. */
export function addServeCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("serve")
    .summary("run the pipelines of a folder on their schedules")
    .description(
      "Run the pipelines of a folder on their schedules, until stopped. New, changed and removed\n" +
        "files take effect at once.",
    )
    .argument("<folder>", "folder with pipeline files")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .addOption(
      new Option("--port <n>", "port to listen on; 0 for any").default(8080)
        .argParser(wholeNumber(65_535, 0)),
    )
    .addOption(
      new Option("--grace <seconds>", "time for runs to finish when the server stops")
        .default(30).argParser(wholeNumber(86_400, 0)),
    )
    .addOption(
      new Option("--concurrency <n>", "pipelines that run at once").default(4)
        .argParser(wholeNumber(64)),
    )
    .option("--distributed", "have workers load the partitions; see the command worker")
    .option("--dry-run", "print when each pipeline would run, and end");
  addObserveOptions(addOutputOptions(addDatabaseOption(addSpecOptions(command))))
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} serve pipelines/ --dry-run
  ${cli.typed} serve pipelines/
  SLUICE_TOKEN=… ${cli.typed} serve pipelines/ --host 0.0.0.0 --log-level info`,
    )
    .action(async (folder: string, flags: ServeFlags) =>
      finish(
        await inSession(cli, flags, async (session) => {
          const { preview, serve } = await import("../serve.ts");
          return await (flags.dryRun ? preview : serve)(folder, flags, session);
        }, true),
      )
    );
}

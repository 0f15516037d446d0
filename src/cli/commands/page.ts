import { type Command, Option } from "commander";
import type { Cli } from "../cli.ts";
import { addDatabaseOption, addOutputOptions, addSpecOptions, wholeNumber } from "../options.ts";
import { inSession } from "../session.ts";
import type { PageFlags } from "../show_page.ts";
import type { Finish } from "./command.ts";

/** `page [folder]`: the ledger, in a browser. */
export function addPageCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("page")
    .summary("show pipelines, runs and rejects in a browser")
    .description(
      "Show what the ledger knows in a browser, until stopped: pipelines, versions, runs, rejects\n" +
        "and checks. Nothing runs on a schedule; `serve` shows the same page and runs what is due.",
    )
    .argument("[folder]", "folder with pipeline files; pipelines/ when left out, where it is there")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .addOption(
      new Option("--port <n>", "port to listen on; 0 for any").default(8080)
        .argParser(wholeNumber(65_535, 0)),
    );
  addOutputOptions(addDatabaseOption(addSpecOptions(command)))
    .addHelpText(
      "after",
      `
Without SLUICE_TOKEN the page is read only; with one, those who sign in can also run, roll back,
replay and cancel.

Examples:
  ${cli.typed} page
  ${cli.typed} page pipelines/ --port 9000
  SLUICE_TOKEN=… ${cli.typed} page --host 0.0.0.0`,
    )
    .action(async (folder: string | undefined, flags: PageFlags) =>
      finish(
        await inSession(cli, flags, async (session) => {
          const { showPage } = await import("../show_page.ts");
          return await showPage(folder ?? null, flags, session);
        }, true),
      )
    );
}

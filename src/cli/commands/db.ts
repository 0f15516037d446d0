import type { Command } from "commander";
import { SluiceError } from "../../core/error.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { embeddedRequest } from "../open_database.ts";
import { addOutputOptions, type OutputFlags } from "../options.ts";
import { inSession, type Session } from "../session.ts";
import type { Finish } from "./command.ts";

/** `db start|stop|url|psql`: the embedded database. */
export function addDbCommand(program: Command, cli: Cli, finish: Finish): void {
  const db = program.command("db")
    .summary("start, stop and open the embedded database")
    .description("The embedded database: a real Postgres in this project's .sluice folder.")
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} db start
  ${cli.typed} db psql -c "select * from sluice.ingestion_metrics"
  psql "$(${cli.typed} db url)"
  psql "$(${cli.typed} db url --superuser)" -c "create extension pg_stat_statements"
  ${cli.typed} db stop`,
    );
  const add = (
    name: string,
    description: string,
    work: (session: Session) => Promise<number>,
  ) =>
    addOutputOptions(db.command(name).description(description))
      .action(async (flags: OutputFlags) => finish(await inSession(cli, flags, work)));
  add("start", "start it and keep it up", start);
  add("stop", "stop it", stop);
  add("status", "whether it runs, and where", status);
  addOutputOptions(
    db.command("url").description("print how to connect to it, password included")
      .option("--superuser", "as the superuser, and not as the role that loads"),
  ).action(async (flags: OutputFlags & { readonly superuser?: boolean }) =>
    finish(
      await inSession(cli, flags, (session) => url(flags.superuser ?? false, session)),
    )
  );
  db.command("psql").description("open it in psql, which must be installed")
    .argument("[args...]", "passed on to psql").allowUnknownOption().passThroughOptions()
    .helpOption(false)
    .action(async (args: string[]) =>
      finish(await inSession(cli, { output: "human" }, (session) => psql(args, session)))
    );
}

async function start({ cli, view }: Session): Promise<number> {
  view.databaseStarted(await cli.services.startEmbedded(embeddedRequest(cli)));
  return EXIT.done;
}

async function stop({ cli, view }: Session): Promise<number> {
  view.databaseStopped(await cli.services.stopEmbedded(embeddedRequest(cli)));
  return EXIT.done;
}

async function status({ cli, view }: Session): Promise<number> {
  view.databaseStatus(await cli.services.findEmbedded(embeddedRequest(cli)));
  return EXIT.done;
}

async function url(superuser: boolean, { cli, view }: Session): Promise<number> {
  const running = await cli.services.findEmbedded(embeddedRequest(cli));
  if (running === null) {
    throw new SluiceError("db/embedded_not_running", "The embedded database is not running", {
      hint: `Start it with "${cli.typed} db start"`,
    });
  }
  view.databaseUrl(superuser ? running.superuserUrl : running.url);
  return EXIT.done;
}

async function psql(args: readonly string[], { cli }: Session): Promise<number> {
  return await cli.services.openPsql(embeddedRequest(cli), args, () => {
    // Ctrl-C in psql cancels a query there, and must not end this process under it.
    cli.interrupt.leaveToChild();
  });
}

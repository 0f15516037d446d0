import { type Command, Option } from "commander";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { openDatabase, openQueue, runContext } from "../open_database.ts";
import {
  addDatabaseOption,
  addObserveOptions,
  addOutputOptions,
  type DatabaseFlags,
  type ObserveFlags,
  type OutputFlags,
  wholeNumber,
} from "../options.ts";
import { inSession, type Session } from "../session.ts";
import type { Finish } from "./command.ts";

/** Detached runs that a worker follows at once: they wait, most of the time. */
const FOLLOWED = 8;

/** Milliseconds: less than `docker compose` and Kubernetes wait in `deploy/`. */
const LONGEST_STOP = 45_000;

type Flags = OutputFlags & ObserveFlags & DatabaseFlags & { readonly concurrency: number };

/** `worker`: do jobs of distributed runs, until stopped. */
export function addWorkerCommand(program: Command, cli: Cli, finish: Finish): void {
  const command = program.command("worker")
    .summary("load partitions of distributed runs, until stopped")
    .description(
      "Take partitions of `run --distributed` and load them, until stopped. Any number of workers\n" +
        "on any number of machines share the work; one that dies costs nothing but time.",
    )
    .addOption(
      new Option("--concurrency <n>", "partitions loaded at once").default(1)
        .argParser(wholeNumber(64)),
    );
  addObserveOptions(addOutputOptions(addDatabaseOption(command)))
    .addHelpText(
      "after",
      `
Examples:
  ${cli.typed} worker
  ${cli.typed} worker --concurrency 2 --database postgres://loader@db.example/warehouse`,
    )
    .action(async (flags: Flags) =>
      finish(await inSession(cli, flags, (session) => work(flags, session), true))
    );
}

async function work(flags: Flags, session: Session): Promise<number> {
  const { services, interrupt } = session.cli;
  // Whatever hangs: a database that does not answer, a source, a disk.
  interrupt.leaveWithin(LONGEST_STOP);
  await using database = await openDatabase(flags, [], "worker", session, FOLLOWED);
  // Each run that is followed listens over a connection of its own.
  await using queue = await openQueue(flags, "worker", session, FOLLOWED);
  let told = false;
  const context = runContext(database.db, session);
  await services.workOn(queue, {
    ...context,
    concurrency: flags.concurrency,
    followed: FOLLOWED,
    async run({ spec, options, priority }) {
      const { status, error } = await services.runPipeline(spec, options, {
        ...context,
        elsewhere: await services.loadElsewhere(queue, priority),
      });
      return error === null ? status : `${status}: ${error.message}`;
    },
    ready() {
      // Once: it is told why it waits for the database, and that is over when it goes on.
      if (!told) session.note("The worker waits for partitions to load\n");
      told = true;
    },
    note: ({ pipeline, partition, message }) =>
      session.note(`${nameOf(pipeline, partition)}: ${message}\n`),
    warn: (message) => session.say(`warning: ${message}\n`),
  });
  return interrupt.exitCode() ?? EXIT.done;
}

function nameOf(pipeline: string, partition: string | null | undefined): string {
  return partition === undefined ? pipeline : `${pipeline}, ${partition ?? "whole table"}`;
}

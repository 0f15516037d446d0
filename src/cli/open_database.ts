import { join } from "node:path";
import { namesServer } from "../db/connection/connection_parameters.ts";
import type { Database } from "../db/database.ts";
import type { Queue } from "../distribute/queue.ts";
import type { RunContext } from "../run/context.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { Cli } from "./cli.ts";
import type { Emit } from "../core/event.ts";
import type { Surroundings } from "./surroundings.ts";
import type { DatabaseFlags } from "./options.ts";
import type { DatabaseRequest, EmbeddedRequest, OpenDatabase } from "./services.ts";

/** A database, and whether it is the embedded one. */
export interface OpenedDatabase extends OpenDatabase {
  readonly isEmbedded: boolean;
  /** The option or variable that names it, for people. */
  readonly namedBy: string;
}

/** A command at work, or a part of one in a thread of its own. */
interface At {
  readonly cli: Surroundings;
}

/**
 * The database that `--database` names, else `DATABASE_URL`, else `PGHOST` or `PGDATABASE`, else
 * the embedded one.
 */
export async function openDatabase(
  flags: DatabaseFlags & { readonly concurrency?: number },
  specs: readonly PipelineSpec[],
  command: string,
  session: At,
  /** Connections that are kept beside those of the partitions. */
  kept = 0,
): Promise<OpenedDatabase> {
  const request = databaseRequest(flags, specs, command, session);
  const maxConnections = request.maxConnections + kept;
  const opened = await session.cli.services.openDatabase({ ...request, maxConnections });
  return {
    ...opened,
    isEmbedded: request.url === null,
    namedBy: flags.database === undefined ? namedBy(request.url) : "by --database",
  };
}

/** The same database's queue of jobs. */
export async function openQueue(
  flags: DatabaseFlags & { readonly concurrency?: number },
  command: string,
  session: At,
  /** Connections that are kept beside those of the partitions. */
  kept = 0,
): Promise<Queue> {
  const { services, version } = session.cli;
  const request = databaseRequest(flags, [], command, session);
  const maxConnections = request.maxConnections + kept;
  return await services.openQueue({ ...request, maxConnections }, version);
}

function databaseRequest(
  flags: DatabaseFlags & { readonly concurrency?: number },
  specs: readonly PipelineSpec[],
  command: string,
  { cli }: At,
): DatabaseRequest {
  const { variables, secrets, random } = cli;
  // A secret from now on, whichever URL it goes with.
  secrets.reveal("${PGPASSWORD}");
  const declared = specs.map(({ partitions }) => partitions?.concurrency ?? 1);
  const concurrency = flags.concurrency ?? Math.max(1, ...declared);
  return {
    ...embeddedRequest(cli),
    url: flags.database ?? urlOf(variables),
    variables,
    random,
    applicationName: `sluice ${command}`,
    maxConnections: connectionsFor(concurrency),
    secrets,
  };
}

function urlOf(variables: Cli["variables"]): string | null {
  // As a reference: what it stands for is a secret from the moment it is revealed.
  if ((variables.DATABASE_URL ?? "") !== "") return "${DATABASE_URL}";
  return namesServer(variables) ? ALL_FROM_VARIABLES : null;
}

function namedBy(url: string | null): string {
  if (url === null) return "by nothing: the embedded one";
  return url === ALL_FROM_VARIABLES ? "by PGHOST or PGDATABASE" : "by DATABASE_URL";
}

/** A URL that leaves everything out. */
const ALL_FROM_VARIABLES = "postgres://";

/**
 * Enough that no partition ever waits for a connection that another one holds while it waits too:
 * each may copy over several and write its rejects meanwhile. They are opened only when needed.
 */
function connectionsFor(concurrency: number): number {
  return 8 + 3 * concurrency;
}

/** Where this project's embedded database lies. */
export function embeddedRequest(
  cli: Pick<Surroundings, "workingFolder" | "clock" | "interrupt">,
): EmbeddedRequest {
  return {
    folder: join(cli.workingFolder, ".sluice"),
    clock: cli.clock,
    signal: cli.interrupt.signal,
  };
}

/** What `run/` takes from outside. */
export function runContext(db: Database, { cli, emit }: At & { readonly emit: Emit }): RunContext {
  return {
    db,
    secrets: cli.secrets,
    clock: cli.clock,
    random: cli.random,
    signal: cli.interrupt.signal,
    emit,
    version: cli.version,
    host: cli.host,
    ...(cli.hosts === undefined ? {} : { hosts: cli.hosts }),
  };
}

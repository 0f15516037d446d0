import { connect } from "../../src/db/connection/connect.ts";
import type { Database, Queryable } from "../../src/db/database.ts";
import { workspace } from "../support/pipeline.ts";
import { type Outcome, runHere, startRun } from "./command_line.ts";
import type { KillPipeline } from "./pipelines.ts";
import { proxyPostgres } from "./postgres_proxy.ts";
import { HARNESS, readState, settle, type State } from "./state.ts";
import { type Trace, traceOf } from "./trace.ts";

/** A pipeline's earlier loads in a database that is copied for every point of interruption. */
export interface Arena extends AsyncDisposable {
  readonly pipeline: KillPipeline;
  /** Where the pipeline file and the files of the next load lie. */
  readonly folder: string;
  /** What more the command line is given. */
  readonly args: readonly string[];
  readonly old: State;
  /** What an undisturbed run makes of it. */
  readonly new: State;
  /** Tables in the target's schema after an undisturbed run. */
  readonly tables: readonly string[];
  /** Milliseconds of an undisturbed run, with the start of its process. */
  readonly duration: number;
  /** What an undisturbed run asks of Postgres. */
  readonly trace: Trace;
  /** Makes a database where the earlier loads are live, and nothing else has happened. */
  copy(options?: string): Promise<ArenaDatabase>;
}

/** One copy; disposing drops it. */
export interface ArenaDatabase extends AsyncDisposable {
  readonly url: string;
  /** A connection of the harness: whoever takes one closes it. */
  connect(): Promise<Database>;
}

/** How an arena is set up. */
export interface ArenaOptions {
  /** URL of a server on which databases may be made. */
  readonly serverUrl: string;
  /** Where the files lie instead of the pipeline's own folder. */
  readonly base?: string;
  /** Receives the files of each load where `base` is elsewhere. */
  readonly serve?: (files: Readonly<Record<string, string>>) => void;
}

/** Loads all but the last files, and learns what an undisturbed run makes of the last ones. */
export async function openArena(pipeline: KillPipeline, options: ArenaOptions): Promise<Arena> {
  const { serverUrl, base, serve } = options;
  const template = `kill_${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`;
  const args = base === undefined ? [] : ["--set", `base=${base}`];
  await using stack = new AsyncDisposableStack();
  const files = stack.use(workspace({ "pipeline.yaml": pipeline.yaml }));
  const { folder } = files;
  let copies = 0;

  function provide(load: Readonly<Record<string, string>>): void {
    if (serve !== undefined) return serve(load);
    for (const [name, content] of Object.entries(load)) files.write(name, content);
  }

  async function succeed(url: string): Promise<void> {
    requireSuccess(await runHere(folder, url, args));
  }

  const before = stack.use(await createDatabase(serverUrl, template, "template template0"));
  {
    await using db = await before.connect();
    if (pipeline.prepare !== undefined) await db.query(pipeline.prepare);
  }
  for (const load of pipeline.loads.slice(0, -1)) {
    provide(load);
    await succeed(before.url);
  }
  const old = await stateOf(before, pipeline);
  provide(pipeline.loads.at(-1)!);
  const copy = (more = "") =>
    createDatabase(serverUrl, `${template}_${copies++}`, `template ${template} ${more}`);

  await using undisturbed = await copy();
  const started = performance.now();
  requireSuccess(await startRun(folder, undisturbed.url, { args }).ended);
  const duration = performance.now() - started;
  await using traced = await copy();
  await using proxy = proxyPostgres(traced.url);
  await succeed(proxy.url);

  const kept = stack.move();
  return {
    pipeline,
    folder,
    args,
    old,
    new: await stateOf(undisturbed, pipeline),
    tables: await withDatabase(undisturbed, (db) => listTables(db, pipeline)),
    duration,
    trace: traceOf(proxy),
    copy,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Opens a connection of the harness for a moment: servers come and go here. */
export async function withDatabase<T>(
  database: Pick<ArenaDatabase, "connect">,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  await using db = await database.connect();
  return await work(db);
}

/** Names of the tables in the target's schema. */
export async function listTables(db: Queryable, { target }: KillPipeline): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = $1 order by 1`,
    [target.split(".")[0]],
  );
  return rows.map(({ name }) => name);
}

/** Throws what the command said, unless it did what it was asked to. */
export function requireSuccess({ code, out, err }: Outcome): void {
  if (code !== 0) throw new Error(`An undisturbed run ended with ${code}:\n${err}${out}`);
}

/** Makes a database of a server; disposing drops it. */
export async function createDatabase(
  serverUrl: string,
  name: string,
  options: string,
): Promise<ArenaDatabase> {
  const admin = { connect: () => connectAside(serverUrl) };
  await withDatabase(admin, (db) => db.query(`create database ${name} ${options}`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    connect: () => connectAside(url.href),
    async [Symbol.asyncDispose]() {
      await withDatabase(admin, (db) => db.query(`drop database if exists ${name} with (force)`));
    },
  };
}

function stateOf(database: ArenaDatabase, pipeline: KillPipeline): Promise<State> {
  return withDatabase(database, async (db) => {
    await settle(db);
    return await readState(db, pipeline);
  });
}

function connectAside(url: string): Promise<Database> {
  return connect({ url, applicationName: HARNESS, maxConnections: 1 });
}

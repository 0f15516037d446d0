import { createHash } from "node:crypto";
import { join } from "node:path";
import { quoteIdent, quoteLiteral } from "../../src/core/quote.ts";
import { connect } from "../../src/db/connection/connect.ts";
import type { Database, Queryable } from "../../src/db/database.ts";
import { lockFile } from "../../src/db/embedded/file_lock.ts";
import { findRunning, startEmbedded } from "../../src/db/embedded/mod.ts";
import { migrate } from "../../src/ledger/mod.ts";
import { MIGRATIONS } from "../../src/ledger/migrations.ts";
import { forgetLostMemory, MEMORY, useMemory } from "./memory.ts";
import { DENO_RUN } from "./deno_run.ts";

/** A database of its own for one test; disposing drops it. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  readonly db: Database;
}

/** Shared by all test files and processes of this checkout; ignored by git. */
const FOLDER = new URL("../../.sluice/test", import.meta.url).pathname;

let server: Promise<string> | null = null;

/**
 * Makes a fresh, empty database on a real Postgres, in the C locale where its encoding asks for it.
 *
 * That is `SLUICE_TEST_DATABASE_URL` where it is set, else an embedded server which is started when
 * first needed and stops some seconds after the last test process has ended.
 */
export async function testDatabase(encoding = "UTF8"): Promise<TestDatabase> {
  return await makeDatabase("template0", (server) => localeOf(server, encoding));
}

/** One that has a ledger already, for tests that are not about how it comes to be. */
export async function ledgerDatabase(): Promise<TestDatabase> {
  // Another server is left as it was.
  if (otherServer() === null) return await makeDatabase(await ledgerTemplate());
  const test = await testDatabase();
  await migrate(test.db);
  return test;
}

/** What databases are copied from. */
export interface DatabaseTemplate extends AsyncDisposable {
  /** Makes a fresh database that is what the first one was when it was prepared. */
  copy(): Promise<TestDatabase>;
}

/** Prepares a database, and makes others that begin where it ends: at a tenth of the cost. */
export async function preparedDatabase(
  prepare: (test: TestDatabase) => Promise<void>,
): Promise<DatabaseTemplate> {
  await using made = new AsyncDisposableStack();
  const test = made.use(await ledgerDatabase());
  await prepare(test);
  // Nobody may be connected to what is copied.
  await test.db[Symbol.asyncDispose]();
  const kept = made.move();
  return {
    copy: () => makeDatabase(nameOf(test)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const nameOf = ({ url }: Pick<TestDatabase, "url">) => new URL(url).pathname.slice(1);

let ledgerMade: Promise<string> | null = null;

/** The name of the database with nothing but a ledger, which all processes share. */
function ledgerTemplate(): Promise<string> {
  return ledgerMade ??= makeLedgerTemplate();
}

async function makeLedgerTemplate(): Promise<string> {
  await using admin = await openServerDatabase();
  const { started } = await readServer(admin);
  const digest = createHash("sha256").update(JSON.stringify(MIGRATIONS)).digest("hex");
  const name = `test_${started}_${digest.slice(0, 16)}`;
  const isThere = async () =>
    (await admin.query("select from pg_database where datname = $1", [name])).length > 0;
  if (await isThere()) return name;
  // It bears its name when it is complete. Another process may come first, and then disposing drops
  // this one.
  await using test = await testDatabase();
  await migrate(test.db);
  await test.db[Symbol.asyncDispose]();
  await admin.query(`alter database ${nameOf(test)} rename to ${name}`).catch(async (error) => {
    if (!await isThere()) throw error;
  });
  return name;
}

const openServerDatabase = async () =>
  await connect({ url: await testServerUrl(), maxConnections: 1 });

let shared: Promise<Database> | null = null;

async function makeDatabase(
  template: string,
  more: (server: Server) => string = () => "",
): Promise<TestDatabase> {
  await using opening = new AsyncDisposableStack();
  const admin = await (shared ??= openServerDatabase());
  const server = await readServer(admin);
  const name = `test_${server.started}_${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  await admin.query(
    `create database ${name} template ${template}${placeOf(server)}${more(server)}`,
  );
  const url = new URL(await testServerUrl());
  url.pathname = `/${name}`;
  // A test names its tables as one does in psql.
  const db = opening.use(await connect({ url: url.href, searchPath: "public" }));
  // Both stay open: a connection costs more than most of what tests do with it.
  const opened = opening.move();
  const drop = `drop database if exists ${name} with (force)`;
  return {
    url: url.href,
    db,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await admin.query(drop).catch(async (error) => {
        // Some tests end every connection there is.
        if (error.code !== "db/connection_lost") throw error;
        await using again = await openServerDatabase();
        await again.query(drop);
      });
      await opened.disposeAsync();
    },
  };
}

/** As `server_version_num` has it: 180004 is Postgres 18.4. */
export async function serverVersion(db: Queryable): Promise<number> {
  const [{ version }] = await db.query<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  );
  return version;
}

interface Server {
  /** As `server_version_num` has it. */
  readonly version: number;
  /** When it was started, in milliseconds. */
  readonly started: string;
  /** Whether it keeps test databases in memory. */
  readonly memory: boolean;
}

async function readServer(admin: Database): Promise<Server> {
  const [server] = await admin.query<Server>(
    `select current_setting('server_version_num')::int as version,
  (extract(epoch from pg_postmaster_start_time()) * 1000)::bigint::text as started,
  exists (select from pg_tablespace where spcname = $1) as memory`,
    [MEMORY],
  );
  return server;
}

/** Copying files costs no log and takes checkpoints, which are cheap there. */
function placeOf({ memory }: Server): string {
  return memory ? ` strategy file_copy tablespace ${quoteIdent(MEMORY)}` : "";
}

/** What `create database` needs where the encoding is not the server's own. */
function localeOf({ version }: Server, encoding: string): string {
  if (encoding === "UTF8") return "";
  const provider = version < 150000 ? "" : " locale_provider libc";
  return ` encoding '${encoding}' lc_collate 'C' lc_ctype 'C'${provider}`;
}

/** URL of the server the tests use, as a superuser (or whoever may create databases). */
export function testServerUrl(): Promise<string> {
  return server ??= openServer();
}

/** URL of a server that is not the tests' own. */
function otherServer(): string | null {
  return Deno.env.get("SLUICE_TEST_DATABASE_URL") || null;
}

async function openServer(): Promise<string> {
  const other = otherServer();
  if (other !== null) return other;
  await Deno.mkdir(join(FOLDER, "postgres"), { recursive: true });
  // Whoever comes second finds it ready.
  await using _turn = await lockFile(join(FOLDER, "tests.lock"));
  const notes = join(FOLDER, "postgres");
  if (await findRunning(FOLDER) === null) await forgetLostMemory(notes);
  // Never stopped here: the use ends with the process, and then the watcher stops the server.
  const { superuserUrl: url, owned, dataFolder } = await startEmbedded({ folder: FOLDER });
  if (owned) {
    await using db = await connect({ url, maxConnections: 1 });
    await forTests(db, new URL(url).password);
    await useMemory(db, notes, dataFolder);
    await dropLeftovers(db);
    startWatcher();
  }
  return url;
}

/**
 * Nothing of the tests needs to outlive a power cut, no password needs to be hard to guess, and in
 * tables this small each order of joins is as good as the next: to plan a query takes longer.
 */
export const SETTINGS: Readonly<Record<string, string>> = {
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  join_collapse_limit: "1",
  from_collapse_limit: "1",
};

async function forTests(db: Database, password: string): Promise<void> {
  for (const [name, value] of Object.entries(SETTINGS)) {
    await db.query(`alter system set ${name} = ${value}`);
  }
  await db.query("select pg_reload_conf()");
  await using session = await db.session();
  await session.query("set scram_iterations = 1");
  await session.query(`alter role current_user password ${quoteLiteral(password)}`);
}

/** Databases of tests that were killed: their names say that they are of an earlier start. */
async function dropLeftovers(db: Database): Promise<void> {
  const { started } = await readServer(db);
  const leftovers = await db.query<{ name: string }>(
    `select datname as name from pg_database
where datname ~ '^test_([0-9]+_)?[0-9a-f]{16}(_l)?$' and datname !~ $1`,
    [`^test_${started}_`],
  );
  for (const { name } of leftovers) {
    await db.query(`drop database ${quoteIdent(name)} with (force)`);
  }
}

function startWatcher(): void {
  const script = new URL("./stop_when_unused.ts", import.meta.url).href;
  new Deno.Command(Deno.execPath(), {
    args: [...DENO_RUN, "-A", "--no-lock", script, FOLDER],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn().unref();
}

import { connect } from "../../src/db/connection/connect.ts";
import type { Database } from "../../src/db/database.ts";
import { startEmbedded } from "../../src/db/embedded/mod.ts";

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
  const adminUrl = await testServerUrl();
  const name = `test_${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  {
    await using admin = await connect({ url: adminUrl, maxConnections: 1 });
    await admin.query(
      `create database ${name} template template0${await localeOf(admin, encoding)}`,
    );
  }
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  // A test names its tables as one does in psql.
  const db = await connect({ url: url.href, searchPath: "public" });
  return {
    url: url.href,
    db,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await using admin = await connect({ url: adminUrl, maxConnections: 1 });
      await admin.query(`drop database if exists ${name} with (force)`);
    },
  };
}

/** What `create database` needs where the encoding is not the server's own. */
async function localeOf(admin: Database, encoding: string): Promise<string> {
  if (encoding === "UTF8") return "";
  const [{ version }] = await admin.query<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  );
  const provider = version < 150000 ? "" : " locale_provider libc";
  return ` encoding '${encoding}' lc_collate 'C' lc_ctype 'C'${provider}`;
}

/** URL of the server the tests use, as a superuser (or whoever may create databases). */
export function testServerUrl(): Promise<string> {
  return server ??= openServer();
}

async function openServer(): Promise<string> {
  const other = Deno.env.get("SLUICE_TEST_DATABASE_URL");
  if (other !== undefined && other !== "") return other;
  // Never stopped here: the use ends with the process, and then the watcher stops the server.
  const { superuserUrl: url, owned } = await startEmbedded({ folder: FOLDER });
  if (owned) {
    await using db = await connect({ url, maxConnections: 1 });
    // Nothing of the tests needs to outlive a power cut.
    await db.query(`alter system set fsync = off`);
    await db.query(`select pg_reload_conf()`);
    startWatcher();
  }
  return url;
}

function startWatcher(): void {
  const script = new URL("./stop_when_unused.ts", import.meta.url).href;
  new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", script, FOLDER],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn().unref();
}

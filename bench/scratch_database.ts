import { fileURLToPath } from "node:url";
import { connect } from "../src/db/connection/connect.ts";
import type { Database } from "../src/db/database.ts";
import { startEmbedded } from "../src/db/embedded/mod.ts";
import { tryAdvisoryLock } from "../src/db/lock.ts";

const SERVER = fileURLToPath(new URL("../.sluice/bench", import.meta.url));

/**
 * Does work on an empty database of the benchmarks' server, which is dropped at the end.
 *
 * @throws Error where another benchmark is running: both would measure each other
 */
export async function inScratchDatabase(
  name: string,
  work: (url: string) => Promise<void>,
): Promise<void> {
  await using server = await startEmbedded({ folder: SERVER });
  await using admin = await connect({ url: server.superuserUrl, maxConnections: 2 });
  await using turn = await admin.session();
  if (!await tryAdvisoryLock(turn, "bench")) throw new Error("Another benchmark is running");
  await admin.query(`drop database if exists ${name} with (force)`);
  await admin.query(`create database ${name}`);
  // It would take its time from whoever loads when it comes.
  await setAutovacuum(admin, false);
  const url = new URL(server.superuserUrl);
  url.pathname = `/${name}`;
  try {
    await work(url.href);
  } finally {
    await setAutovacuum(admin, true);
    await admin.query(`drop database if exists ${name} with (force)`);
  }
}

/** Of the whole server: a table cannot be told before a tool has made it. */
async function setAutovacuum(admin: Database, isOn: boolean): Promise<void> {
  await admin.query(`alter system ${isOn ? "reset autovacuum" : "set autovacuum = off"}`);
  await admin.query("select pg_reload_conf()");
}

import { expect } from "packages/expect.ts";
import { statOrNull } from "../../src/db/embedded/home.ts";
import { appliedMigration } from "../../src/ledger/mod.ts";
import { LATEST_MIGRATION } from "../../src/ledger/migrations.ts";
import { forgetLostMemory } from "./memory.ts";
import { workspace } from "./pipeline.ts";
import { ledgerDatabase, preparedDatabase, testDatabase } from "./postgres.ts";

Deno.test("a data folder goes with its tablespace in memory, and not before", async () => {
  using notes = workspace();
  const [folder, dataFolder] = [`${notes.folder}/in_memory`, `${notes.folder}/data`];
  await forgetLostMemory(notes.folder);
  for (const path of [folder, dataFolder]) await Deno.mkdir(path);
  notes.write("memory", JSON.stringify({ folder, dataFolder }));
  await forgetLostMemory(notes.folder);
  expect(await statOrNull(dataFolder)).not.toBe(null);

  await Deno.remove(folder);
  await forgetLostMemory(notes.folder);
  expect([...Deno.readDirSync(notes.folder)]).toEqual([]);
});

Deno.test("each test has a database of its own, which goes with it", async () => {
  await using other = await testDatabase();
  const named = "select datname as name from pg_database where datname = $1";
  let name: string;
  {
    await using test = await testDatabase();
    name = new URL(test.url).pathname.slice(1);
    expect(await other.db.query(named, [name])).toEqual([{ name }]);
    await test.db.query("create table t (x int)");
    expect(await other.db.query("select to_regclass('t') as t")).toEqual([{ t: null }]);
  }
  expect(await other.db.query(named, [name])).toEqual([]);
});

Deno.test("a database with a ledger needs no migration, and an empty one has no ledger", async () => {
  await using empty = await testDatabase();
  expect(await appliedMigration(empty.db)).toBe(0);
  await Promise.all([1, 2].map(async () => {
    await using test = await ledgerDatabase();
    expect(await appliedMigration(test.db)).toBe(LATEST_MIGRATION);
    expect(await test.db.query("select from sluice.runs")).toEqual([]);
  }));
});

Deno.test("copies of a prepared database begin where it ends, and know nothing of each other", async () => {
  await using prepared = await preparedDatabase(async ({ db }) => {
    await db.query("create table t as select 1 as x");
  });
  for (let round = 0; round < 2; round++) {
    await using copy = await prepared.copy();
    expect(await copy.db.query("select x from t")).toEqual([{ x: 1 }]);
    await copy.db.query("insert into t values (2)");
  }
});

import { expect } from "packages/expect.ts";
import { replayRejects } from "../../src/run/mod.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { corruptingDatabase } from "./corrupting_database.ts";

// Tables that Sluice did not make, and rows that come from the ledger.

const COLUMNS = `{ id: { type: integer, required: true }, 'A "name"': { from: name, type: text },
  code: varchar(5), pad: char(4), cost: "numeric(8,3)" }`;
const FILE = `id,name,code,pad,cost
1,Zürich,A1,x,1.5
2,zurich,,"x ",-0.000
3,,b2,,12345.678
`;

Deno.test("a table of others is verified, with domains, triggers and names that need quotes", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({ "rides.csv": FILE });
  await database.db.query(`create schema ny;
create domain ny.cost as numeric(8,3) check (value < 99999);
create domain ny.name as text;
create collation ny.loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
create table ny.rides (id integer not null, "A ""name""" ny.name collate ny.loose, code varchar(5),
  pad char(4), cost ny.cost, doubled numeric generated always as (cost * 2) stored,
  made serial, touched timestamptz default now());
create function ny.touch() returns trigger language plpgsql as
  'begin new.code := upper(new.code); return new; end';
create trigger touch before insert on ny.rides for each row execute function ny.touch()`);
  const spec = specOf(
    `
pipeline: rides
source: { url: rides.csv }
target: { table: ny.rides }
refresh: { mode: append }
verify: full
columns: ${COLUMNS}`,
    files.folder,
  );
  const broken = corruptingDatabase(database.db, "zurich", "zurisc");
  const refused = await run(broken.db, spec);
  expect(refused.partitions[0]!.error).toMatchObject({
    code: "check/verify_mismatch",
    details: { columns: 'A "name"' },
  });
  const result = await run(database.db, spec);
  expect(result.partitions[0]!.error).toBeNull();
  const rows = await database.db.query<{ code: string }>(
    "select code from ny.rides order by id",
  );
  // The trigger did its work where rows are merged in, after they were verified.
  expect(rows.map(({ code }) => code)).toEqual(["A1", null, "B2"]);
});

Deno.test("rows that a replay takes in are verified", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({ "rides.csv": `id,name\n1,a\n2,\n3,c\n` });
  const yaml = (required: boolean) => `
pipeline: rides
source: { url: rides.csv }
target: { table: ny.rides }
refresh: { mode: append }
verify: full
rejects: { limit: 5 }
columns: { id: integer, name: { type: text, required: ${required} } }`;
  const first = await run(database.db, specOf(yaml(true), files.folder));
  expect(first.partitions[0]!.rows_rejected).toBe(1);
  const { context } = testContext(database.db);
  const replayed = await replayRejects(
    specOf(yaml(false), files.folder),
    undefined,
    context,
  );
  expect(replayed.partitions[0]).toMatchObject({ status: "published", error: null });
  expect(replayed.partitions[0]!.phases.verify).toBeGreaterThan(0);
});

Deno.test("columns that a file brings, and partitions by a column, are verified", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({
    "2021-01.csv": "id,at,extra\n1,2021-01-03,1.5\n2,2021-01-04,\n",
    "2021-02.csv": "id,at,extra,more\n3,2021-02-03,2,x\n4,2021-02-04,,y\n",
  });
  const spec = specOf(
    `
pipeline: rides
source: { url: "{month}.csv" }
partitions: { by: month, from: 2021-01, to: 2021-02, concurrency: 2 }
target: { table: ny.rides, partition_column: at }
refresh: { mode: partition }
schema_contract: { new_columns: evolve }
verify: full
columns: { id: integer, at: date }`,
    files.folder,
  );
  const broken = corruptingDatabase(database.db, "y", "z");
  const refused = await run(broken.db, spec);
  expect(broken.struck()).toBe(1);
  expect(refused.partitions.map(({ status, error }) => [status, error?.details ?? null])).toEqual([
    ["published", null],
    ["failed", { columns: "more", rows: 2 }],
  ]);
  const result = await run(database.db, spec);
  expect(result.partitions.map(({ status }) => status)).toEqual(["unchanged", "published"]);
});

import { expect } from "packages/expect.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import { realServices } from "../../src/cli/services.ts";
import { systemClock } from "../../src/core/clock.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { runDue } from "../../src/schedule/run_due.ts";
import { recentRuns } from "../../src/schedule/recent_runs.ts";
import { readLastRuns } from "../../src/observe/run_history.ts";
import type { RefreshMode } from "../../src/spec/pipeline_spec.ts";
import { testCli } from "../cli/support.ts";
import { schedule } from "../schedule/support.ts";
import { makeHostileTwins } from "../support/hostile_twins.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { type TestDatabase, testDatabase, testServerUrl } from "../support/postgres.ts";

/** A database, its role for loads, and a stranger's schemas that its path has before `pg_catalog`. */
async function hostileDatabase() {
  await using stack = new AsyncDisposableStack();
  const id = crypto.randomUUID().slice(0, 8);
  const [loader, stranger] = [`loader_${id}`, `stranger_${id}`];
  const server = await testServerUrl();
  // Once the database is gone: the stranger owns more there than locks can be had for at once.
  stack.defer(async () => {
    await using db = await connect({ url: server, maxConnections: 1 });
    await db.query(`drop role if exists ${loader}, ${stranger}`);
  });
  const test = stack.use(await testDatabase());
  // Its own path: the twins are to be met by the product only.
  const admin = stack.use(await connect({ url: test.url, searchPath: "pg_catalog" }));
  const [{ name }] = await admin.query<{ name: string }>("select current_database() as name");
  await admin.query(`create role ${loader} login password 'x'; create role ${stranger}`);
  const path = `"$user", public, pg_catalog`;
  await admin.query(`grant create on database ${name} to ${loader};
create schema ${loader} authorization ${stranger};
grant usage on schema ${loader} to public;
grant all on schema public to public;
alter database ${name} set search_path to ${path};
alter role ${loader} set search_path to ${path}`);
  const twins = [
    await makeHostileTwins(admin, stranger, loader),
    await makeHostileTwins(admin, stranger, "public"),
  ];
  const url = new URL(test.url);
  url.username = loader;
  url.password = "x";
  const open = stack.move();
  return {
    test,
    url: url.href,
    loader,
    stranger,
    path,
    count: twins.reduce((sum, { count }) => sum + count, 0),
    hits: async () => (await twins[0].hits()) + (await twins[1].hits()),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

const PIPELINE = `
pipeline: NAME
partitions: PARTITIONS
source: { url: URL }
target: { table: shop.NAME, indexes: [[name], [at]], versions: 3 }
refresh: { mode: MODE }
idempotency_key: [id, at]
on_duplicate: reject
schema_contract: { new_columns: evolve }
columns:
  id: { type: integer, required: true }
  at: { type: date, required: true }
  name: { type: "varchar(20)", max_length: 20 }
  price: { type: "numeric(8,2)", min: 0 }
  extra: jsonb
  seen: timestamptz
rules:
  cheap: price < 1000 and lower(name) <> 'unknown'
  told: { check: "abs(price) > 1 or name like 'a%'", on_fail: warn }
checks:
  - row_count: { min: 1, change: 500%, window: 3, severity: warn }
  - null_rate: { column: name, max: 90% }
  - unique: [id, at]
  - range: { column: price, min: 0, max: 5000 }
  - accepted_values: { column: name, values: [a, b, c, d, e], severity: warn }
  - foreign_key: { column: name, references: shop.names(name) }
  - freshness: { column: at, max_age: 90000d }
  - drift: { column: price, of: mean, max: 900% }
  - row_diff: { ROW_DIFF }
  - sql:
      name: sums
      query: select count(*) from {staging} s where s.price + 1 < coalesce(s.price, 0)
      expect: 0
rejects: { limit: 90% }
`;

const FIRST = `id,at,name,price,extra,seen
1,2026-01-01,a,1.50,{},2026-01-01T00:00:00Z
2,2026-01-02,b,2.50,"[1, 2]",2026-01-01T00:00:00Z
2,2026-01-02,b,2.50,"[1, 2]",2026-01-01T00:00:00Z
3,2026-01-03,c,-3,null,2026-01-01T00:00:00Z
4,2026-01-04,unknown,3,null,2026-01-01T00:00:00Z
x,2026-01-05,c,3,null,2026-01-01T00:00:00Z
`;
const SECOND = `id,at,name,price,extra,seen,more
2,2026-01-02,c,2.75,"[1, 2]",2026-01-01T00:00:00Z,7
5,2026-01-05,d,0.75,"{""a"": 1}",2026-01-01T00:00:00Z,8
`;

const MODES: readonly RefreshMode[] = ["full", "partition", "append", "upsert", "history"];

function pipeline(mode: RefreshMode, name: string = mode): string {
  const parted = mode === "partition" || name.endsWith("_months");
  const replaces = mode === "full" || mode === "partition";
  return PIPELINE.replaceAll("NAME", name).replace(
    "ROW_DIFF",
    replaces
      ? "added: 100, deleted: 100, changed: 100"
      : mode === "append"
      ? "added: 100"
      : "added: 100, changed: 100",
  ).replace("MODE", mode)
    .replace(
      "partitions: PARTITIONS",
      parted ? "partitions: { by: month, from: 2026-01, to: 2026-01}" : "",
    )
    .replace("URL", parted ? `"things_{month}.csv"` : "things.csv");
}

/** Runs a command line in this process, as the role's own, and returns its exit code. */
async function sluice(url: string, folder: string, ...args: string[]) {
  using test = testCli(realServices(), { variables: { DATABASE_URL: url } });
  const cli = { ...test.cli, clock: systemClock, random: Math.random, workingFolder: folder };
  const code = await runCli(args, cli);
  return { code, text: `${test.out()}\n${test.err()}` };
}

/** A worker in this process, told to stop at the end. */
function worker(url: string, folder: string) {
  const controller = new AbortController();
  const test = testCli(realServices(), { variables: { DATABASE_URL: url }, controller });
  const cli = { ...test.cli, clock: systemClock, random: Math.random, workingFolder: folder };
  const ended = runCli(["worker", "--concurrency", "1"], cli);
  return {
    async [Symbol.asyncDispose]() {
      controller.abort();
      await ended;
      test[Symbol.dispose]();
    },
  };
}

Deno.test("no command runs what a stranger has put before pg_catalog in the path of role and database", async (t) => {
  await using hostile = await hostileDatabase();
  const { url, loader, hits } = hostile;
  expect(hostile.count).toBeGreaterThan(20_000);
  console.log(`${hostile.count} hostile twins`);

  await t.step("they run where a session keeps the path of its role", async () => {
    await using db = await connect({ url, maxConnections: 1 });
    await db.query(`set search_path to ${hostile.path}`);
    let before = await hits();
    for (
      const sql of [
        "select lower('A'::varchar)",
        "select hashtextextended('a', 0)",
        "select 1 = 1::bigint",
        "select 'a'::varchar || 'b'",
        "select '1'::jsonb",
        "select relname from pg_class",
      ]
    ) {
      expect([sql, await db.query(sql).catch(({ message }) => message)])
        .toEqual([sql, "a hostile twin ran"]);
      expect(await hits()).toBeGreaterThan(before);
      before = await hits();
    }
  });

  // From here on none may run.
  const before = await hits();
  const calm = async () => expect(await hits()).toBe(before);
  using files = workspace({ "things.csv": FIRST, "things_2026-01.csv": FIRST });
  const command = async (code: number, ...args: string[]) => {
    const ended = await sluice(url, files.folder, ...args);
    if (ended.code !== code) throw new Error(`${args.join(" ")}: ${ended.code}\n${ended.text}`);
    await calm();
  };
  {
    await using db = await connect({ url });
    await db.query(`create schema shop;
create table shop.names (name text primary key);
insert into shop.names values ('a'), ('b'), ('c'), ('d'), ('e')`);
  }

  for (
    const [mode, name] of [
      ...MODES.map((mode) => [mode, mode] as const),
      ["upsert", "upsert_months"] as const,
    ]
  ) {
    await t.step(`${name}: every command`, async () => {
      const file = `${name}.yaml`;
      files.write("things.csv", FIRST);
      files.write("things_2026-01.csv", FIRST);
      files.write(file, pipeline(mode, name));
      const steps: [code: number, ...args: string[]][] = [
        [0, "validate", file],
        [0, "history", file],
        [0, "plan", file],
        [0, "run", file, "--verify", "--log-database"],
        [0, "run", file],
        [0, "rejects", file],
      ];
      const later: typeof steps = [
        [0, "plan", file, "--output", "json"],
        [0, "run", file, "--verify", "--concurrency", "2"],
        [0, "check", file],
        [0, "history", file, "--output", "json"],
        [0, "rollback", file],
        [0, "rollback", file, "--to", "2"],
        [0, "run", file, "--force"],
        [0, "rejects", file, "--output", "csv"],
        [0, "rejects", file, "--replay"],
      ];
      for (const [code, ...args] of steps) await command(code, ...args);
      files.write("things.csv", SECOND);
      files.write("things_2026-01.csv", SECOND);
      for (const [code, ...args] of later) await command(code, ...args);
    });
  }

  await t.step("a table that was there, with what belongs to it", async () => {
    await using db = await connect({ url });
    await db.query(
      `create table shop.older (id int not null, at date not null, name varchar(20) default 'a',
  price numeric(8,2) check (price < 10000), extra jsonb, seen timestamptz);
create unique index on shop.older (id, at);
create index on shop.older (lower(name)) where price > 0;
create view shop.of_older as select id, name from shop.older;
alter table shop.older enable row level security;
create policy p on shop.older using (price > 0);
grant select on shop.older to public;
comment on table shop.older is 'mine'`,
    );
    files.write("things.csv", FIRST);
    files.write("older.yaml", pipeline("upsert", "older"));
    await command(0, "plan", "older.yaml");
    await command(0, "run", "older.yaml");
    await command(0, "rollback", "older.yaml", "--to", "0");
    await calm();
  });

  await t.step("workers, detached runs and schedules", async () => {
    files.write("spread.yaml", pipeline("upsert", "spread_months"));
    {
      await using _worker = worker(url, files.folder);
      await command(0, "run", "spread.yaml", "--distributed");
      await command(0, "run", "spread.yaml", "--detach", "--force");
    }
    await calm();
    await using db = await connect({ url });
    const spec = specOf(pipeline("full"), files.folder);
    const ran: string[] = [];
    const due = () =>
      runDue(db, [{ spec, schedule: schedule("* * * * *") }], 60_000, AbortSignal.timeout(60_000), {
        clock: { ...systemClock, now: () => new Date(Date.now() + ran.length * 60_000 + 90_000) },
        random: Math.random,
        run: async () => {
          ran.push("run");
          return await run(db, spec, { force: true });
        },
        tell: () => {},
        owner: "test",
      });
    await due();
    await due();
    expect((await recentRuns(db, { limit: 5 })).length).toBe(5);
    expect((await readLastRuns(db)).length).toBeGreaterThan(5);
    await calm();
  });

  await t.step("what is told of the ledger by its views", async () => {
    await using db = await connect({ url });
    for (const view of ["load_history", "last_runs", "reject_reasons", "ingestion_metrics"]) {
      expect((await db.query(`select * from sluice.${view}`)).length).toBeGreaterThan(0);
    }
    await calm();
    expect(loader).not.toBe("");
  });
});

/** A pipeline whose rule and check call what is in a schema of the user's. */
const USERS = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: integer }
rules: { fine: RULE }
rejects: { limit: 1 }
checks:
  - sql: { name: few, query: "select few(count(*)) from {staging}", expect: 1 }
`;

async function usersFunctions(): Promise<TestDatabase> {
  const test = await testDatabase();
  await test.db.query(`create schema mine;
create function mine.is_fine(int) returns bool language sql as 'select $1 < 3';
create function mine.few(bigint) returns int language sql as 'select 1'`);
  const { pathname } = new URL(test.url);
  await test.db.query(`alter database ${pathname.slice(1)} set search_path to mine, public`);
  return test;
}

Deno.test("SQL of the pipeline file sees the path of the URL or PGOPTIONS, else pg_catalog alone", async () => {
  await using test = await usersFunctions();
  using files = workspace({
    "things.csv": "id\n1\n2\n3\n",
    "things.yaml": USERS.replace("RULE", "is_fine(id)"),
    "named.yaml": USERS.replace("RULE", "mine.is_fine(id)").replace("few(count", "mine.few(count")
      .replaceAll("things", "named").replace("named.csv", "things.csv"),
  });
  const refused = await sluice(test.url, files.folder, "run", "things.yaml");
  expect(refused.code).not.toBe(0);
  expect(refused.text).toContain("is_fine");
  expect(refused.text).toContain("search_path=");
  expect(await sluice(test.url, files.folder, "run", "named.yaml")).toMatchObject({ code: 0 });
  for (const query of ["?search_path=mine", "?options=-c%20search_path%3Dmine,public"]) {
    const ran = await sluice(test.url + query, files.folder, "run", "things.yaml", "--force");
    expect([query, ran.code, ran.code === 0 ? "" : ran.text]).toEqual([query, 0, ""]);
    const checked = await sluice(test.url + query, files.folder, "check", "things.yaml");
    expect([query, checked.code]).toEqual([query, 0]);
  }
  expect(await test.db.query("select id from shop.things order by id")).toEqual([
    { id: 1 },
    { id: 2 },
  ]);
});

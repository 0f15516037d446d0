import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { planPipeline, rollbackPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, testDatabase } from "../support/postgres.ts";

// Tables that somebody else made.

const KEYED = `
pipeline: people
source: { url: people.csv }
target: { table: shop.people }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, name: text }
`;
const UNKEYED = KEYED.replace("idempotency_key: [id]\n", "");
const TABLE = `create schema shop;
create table shop.people (
  id integer not null,
  serial bigint generated always as identity,
  name text,
  note text default 'theirs',
  loud text generated always as (upper(name)) stored
);
insert into shop.people (id, name, note) values (1, 'old', 'mine'), (9, 'gone', 'mine');`;

for (const keyed of [false, true]) {
  Deno.test(`full into a table of somebody else's ${keyed ? "changes only what differs" : "replaces its rows"}, and rollback brings all of it back`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "people.csv": "id,name\n1,old\n2,new\n" });
    await test.db.query(TABLE);
    if (keyed) await test.db.query("alter table shop.people add primary key (id)");
    const spec = specOf(keyed ? KEYED : UNKEYED, files.folder);
    const all = () => test.db.query("select * from shop.people order by id");
    const original = await all();
    const { context } = testContext(test.db);
    const plan = await planPipeline(spec, ALL, context);
    expect(plan).toMatchObject({
      method: "merge",
      methodReason: "it was not made by Sluice",
    });
    expect(plan.partitions[0].publish.map(({ lock }) => lock).join()).toContain(
      "SHARE ROW EXCLUSIVE on shop.people, as long as the merge takes",
    );
    const result = await run(test.db, spec);
    expect(result.partitions[0].changes).toEqual(
      keyed
        ? { inserted: 1, updated: 0, deleted: 1, unchanged: 1 }
        : { inserted: 2, updated: 0, deleted: 2, unchanged: 0 },
    );
    const loaded = await all();
    expect(loaded).toMatchObject([
      { id: 1, name: "old", note: keyed ? "mine" : "theirs", loud: "OLD" },
      { id: 2, name: "new", note: "theirs", loud: "NEW" },
    ]);
    await rollbackPipeline(spec, {}, context);
    expect(await all()).toEqual(original);
    await rollbackPipeline(spec, { to: 1 }, context);
    expect(await all()).toMatchObject([{ id: 1, name: "old" }, { id: 2, name: "new" }]);
  });
}

Deno.test("readers of a table of somebody else's see the old rows until all the new ones are there", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "people.csv": "id,name\n1,new\n" });
  await test.db.query(TABLE);
  await using reader = await test.db.session();
  await reader.query("begin isolation level repeatable read");
  const before = await reader.query("select id, name from shop.people order by id");
  // An open reader does not hold the load up, as it would hold an exchange or a TRUNCATE.
  expect((await run(test.db, specOf(UNKEYED, files.folder))).status).toBe("succeeded");
  expect(await reader.query("select id, name from shop.people order by id")).toEqual(before);
  await reader.query("commit");
  expect(await reader.query("select id, name from shop.people")).toEqual([{ id: 1, name: "new" }]);
});

Deno.test("partition replaces only its rows in a table that others partitioned, or not at all", async () => {
  const tables = [
    "create table shop.trips (id int, at timestamp)",
    `create table shop.trips (id int, at timestamp) partition by range (at);
create table shop.trips_q1 partition of shop.trips for values from ('2021-01-01') to ('2021-04-01');
create table shop.trips_rest partition of shop.trips default`,
  ];
  for (const table of tables) {
    await using test = await ledgerDatabase();
    using files = workspace({
      "t_2021-01.csv": "id,at\n1,2021-01-05\n",
      "t_2021-02.csv": "id,at\n2,2021-02-05\n",
    });
    await test.db.query(`create schema shop; ${table}`);
    await test.db.query(
      "insert into shop.trips values (7, '2021-01-01'), (8, '2021-03-01'), (9, null)",
    );
    const spec = specOf(
      `
pipeline: trips
partitions: { by: month, from: 2021-01, to: 2021-02 }
source: { url: "t_{month}.csv" }
target: { table: shop.trips, partition_column: at }
columns: { id: integer, at: { type: timestamp, required: true } }
`,
      files.folder,
    );
    const ids = async () =>
      (await test.db.query<{ ids: string }>(
        "select string_agg(id::text, ' ' order by id) as ids from shop.trips",
      ))[0].ids;
    expect((await run(test.db, spec)).status).toBe("succeeded");
    expect(await ids()).toBe("1 2 8 9");
    expect((await run(test.db, spec)).status).toBe("unchanged");
    await rollbackPipeline(spec, { partition: "2021-01" }, testContext(test.db).context);
    expect(await ids()).toBe("2 7 8 9");
  }
});

Deno.test("a partition that the table cannot tell apart is refused", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "t_2021-01.csv": "id\n1\n" });
  await test.db.query("create schema shop; create table shop.trips (id int)");
  const spec = specOf(
    `
pipeline: trips
partitions: { by: month, from: 2021-01, to: 2021-01 }
source: { url: "t_{month}.csv" }
target: { table: shop.trips }
columns: { id: integer }
`,
    files.folder,
  );
  await expect(run(test.db, spec)).rejects.toMatchObject({
    code: "plan/target_differs",
    message: expect.stringContaining('column "_partition" is missing in the table'),
  });
});

Deno.test("foreign keys to a target of Sluice's own make it merge, and stay", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "people.csv": "id,name\n1,a\n2,b\n" });
  const spec = specOf(KEYED, files.folder);
  await run(test.db, spec);
  await test.db.query(
    `create table shop.orders (person int references shop.people (id));
insert into shop.orders values (1)`,
  );
  files.write("people.csv", "id,name\n1,A\n3,c\n");
  const { context } = testContext(test.db);
  expect((await planPipeline(spec, ALL, context)).methodReason).toBe(
    'foreign keys point to it ("orders_person_fkey" of shop.orders)',
  );
  const { partitions: [partition] } = await run(test.db, spec);
  expect(partition.changes).toEqual({ inserted: 1, updated: 1, deleted: 1, unchanged: 0 });
  await rollbackPipeline(spec, {}, context);
  expect(await test.db.query("select * from shop.people order by id")).toEqual([
    { id: 1, name: "a" },
    { id: 2, name: "b" },
  ]);
  await expect(rollbackPipeline(spec, { to: 0 }, context)).rejects.toMatchObject({
    code: "plan/referenced",
  });
  files.write("people.csv", "id,name\n2,b\n");
  const refused = await run(test.db, spec);
  expect(refused).toMatchObject({ status: "failed", error: { code: "publish/referenced" } });
  expect(refused.error?.message).toContain("orders");
  expect((await test.db.query("select from shop.people")).length).toBe(2);
});

Deno.test("replacing rows is refused where it would reach into other tables", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "people.csv": "id,name\n1,a\n2,b\n" });
  await test.db.query(`${TABLE} alter table shop.people add primary key (id);
create table shop.orders (person int references shop.people (id) on delete cascade)`);
  await expect(run(test.db, specOf(KEYED, files.folder))).rejects.toMatchObject({
    code: "plan/referenced",
    message: expect.stringContaining('"orders_person_fkey" of shop.orders on delete cascade'),
  });
  await test.db.query(
    "drop table shop.orders; create table shop.orders (person int references shop.people (id))",
  );
  await expect(run(test.db, specOf(UNKEYED, files.folder))).rejects.toMatchObject({
    code: "plan/referenced",
  });
  expect((await run(test.db, specOf(KEYED, files.folder))).status).toBe("succeeded");
});

Deno.test("rollback does not delete rows that cascade into other tables", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "people.csv": "id,name\n1,a\n2,b\n" });
  await test.db.query(`${TABLE} alter table shop.people add primary key (id);
create table shop.orders (person int references shop.people (id) on delete cascade)`);
  const spec = specOf(KEYED + "refresh: { mode: upsert }\n", files.folder);
  await run(test.db, spec);
  const { context } = testContext(test.db);
  await test.db.query("insert into shop.orders values (2)");
  await expect(rollbackPipeline(spec, {}, context)).rejects.toMatchObject({
    code: "publish/later_changes",
    message: expect.stringContaining("person = 2"),
  });
  // Row 1 was there before and is only put back as it was.
  await test.db.query("delete from shop.orders; insert into shop.orders values (1)");
  await rollbackPipeline(spec, {}, context);
  expect(await test.db.query("select id, name from shop.people order by id")).toEqual([
    { id: 1, name: "old" },
    { id: 9, name: "gone" },
  ]);
  expect((await test.db.query("select from shop.orders")).length).toBe(1);
});

Deno.test("upsert needs a unique index on the key, and says which", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "people.csv": "id,name\n1,a\n" });
  await test.db.query(TABLE);
  await test.db.query("create unique index on shop.people (id) where name is not null");
  const spec = specOf(KEYED + "refresh: { mode: upsert }\n", files.folder);
  await expect(run(test.db, spec)).rejects.toMatchObject({
    code: "plan/key_not_unique",
    hint: "create unique index on shop.people (id)",
  });
  await test.db.query("create unique index on shop.people (id)");
  expect((await run(test.db, spec)).partitions[0].changes).toMatchObject({ updated: 1 });
});

Deno.test("rows that a trigger holds back stop the publish", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "people.csv": "id,name\n1,a\n2,b\n" });
  await test.db.query(`${TABLE}
create function shop.skip() returns trigger language plpgsql as $$begin
  if new.id = 2 then return null; end if; return new;
end$$;
create trigger skip before insert on shop.people for each row execute function shop.skip()`);
  const result = await run(test.db, specOf(UNKEYED + "refresh: { mode: append }\n", files.folder));
  expect(result.error).toMatchObject({
    code: "publish/rows_missing",
    message: expect.stringContaining("Of 2 rows only 1 got into the table"),
  });
  expect((await test.db.query("select from shop.people")).length).toBe(2);
});

Deno.test("a policy that hides rows stops the merge instead of misleading it", async () => {
  await using test = await testDatabase();
  using files = workspace({ "people.csv": "id,name\n1,a\n" });
  await test.db.query(`${TABLE} alter table shop.people add primary key (id)`);
  const role = `loader_${crypto.randomUUID().slice(0, 8)}`;
  const [{ database }] = await test.db.query<{ database: string }>(
    "select current_database() as database",
  );
  await test.db.query(`create role ${role} login password 'loader';
grant create on database "${database}" to ${role};
grant usage, create on schema shop to ${role};
grant all on shop.people to ${role};
alter table shop.people enable row level security;
create policy few on shop.people using (id > 100) with check (true)`);
  const before = await test.db.query("select * from shop.people");
  try {
    const url = new URL(test.url);
    url.username = role;
    url.password = "loader";
    await using db = await connect({ url: url.href });
    await expect(run(db, specOf(KEYED + "refresh: { mode: upsert }\n", files.folder))).rejects
      .toMatchObject({ code: "plan/row_security" });
    expect(await test.db.query("select * from shop.people")).toEqual(before);
  } finally {
    await test.db.query(`drop owned by ${role} cascade; drop role ${role}`);
  }
});

import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { rollbackPipeline } from "../../src/run/mod.ts";
import { catalogSnapshot, snapshotChanges, UNCHANGED } from "../support/catalog_snapshot.ts";
import { LEAF, loaded, THINGS, THREE } from "../support/loaded.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, serverVersion } from "../support/postgres.ts";

Deno.test("rows that a user's constraint refuses are rejects, whoever has the constraint", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const { again } = await loaded(
    test.db,
    files.folder,
    files.write,
    `create table shop.zones (zone int primary key); insert into shop.zones select generate_series(1, 9);
     alter table shop.things add foreign key (zone) references shop.zones;
     alter table shop.things add constraint one_name unique (id, name);
     alter table ${LEAF} add constraint short check (length(name) < 9);
     create unique index on ${LEAF} (lower(name))`,
    `${THINGS}rejects: { limit: 4 }\n`,
  );
  const result = await again(`${THREE}4,four,99\n5,FOUR,1\n6,four,1\n7,much too long,1\n1,one,5\n`);
  expect(result).toMatchObject({ status: "succeeded", rows_loaded: 4, rows_rejected: 4 });
  const rows = await test.db.query(
    "select string_agg(id || name, ' ' order by id) as all from shop.things",
  );
  expect(rows).toEqual([{ all: "1one 2two 3three 5FOUR" }]);
});

for (const [onDuplicate, kept] of [["keep_last", "last"], ["keep_first", "one"]] as const) {
  Deno.test(`a primary key of the user leaves ${onDuplicate} its choice, even while bad rows are looked for`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace();
    const { again } = await loaded(
      test.db,
      files.folder,
      files.write,
      `alter table shop.things add primary key (id);
       alter table shop.things add constraint small check (zone < 50)`,
      `${THINGS}idempotency_key: [id]\non_duplicate: ${onDuplicate}\nrejects: { limit: 1 }\n`,
    );
    const result = await again(`${THREE}4,bad,99\n1,last,1\n`);
    expect(result).toMatchObject({
      status: "succeeded",
      rows_loaded: 3,
      rows_rejected: 1,
      rows_duplicate: 1,
    });
    expect(await test.db.query("select name from shop.things where id = 1")).toEqual([{
      name: kept,
    }]);
  });
}

Deno.test("columns that the user added count on, and stay as they are", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const { spec, again } = await loaded(test.db, files.folder, files.write, "");
  await test.db.query(`
    alter table shop.things add column half numeric generated always as (zone / 2.0) stored;
    alter table shop.things add column made text not null default 'by default'`);
  // Before Postgres 17 a partitioned table takes no identity beside partitions.
  const number = await test.db.query(
    "alter table shop.things add column number bigint generated always as identity",
  ).then(() => true, () => false);
  const before = await catalogSnapshot(test.db, "shop", "things");
  expect(await again(`${THREE}4,four,8\n`)).toMatchObject({ status: "succeeded" });
  expect(snapshotChanges(before, await catalogSnapshot(test.db, "shop", "things")))
    .toEqual(UNCHANGED);
  expect(await test.db.query("select half, made from shop.things where id = 4"))
    .toEqual([{ half: "4.0000000000000000", made: "by default" }]);
  if (number) {
    await test.db.query("insert into shop.things (id) values (9)");
    const [row] = await test.db.query<{ distinct: number; largest: boolean }>(
      `select count(distinct number)::int as distinct,
  max(number) = (select number from shop.things where id = 9) as largest from shop.things`,
    );
    expect(row).toEqual({ distinct: 5, largest: true });
  }
  await rollbackPipeline(spec, {}, testContext(test.db).context);
  expect(snapshotChanges(before, await catalogSnapshot(test.db, "shop", "things")))
    .toEqual(UNCHANGED);
});

Deno.test("names that look like SQL are carried to the letter", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const table = `t" ON "x`;
  const yaml = `
pipeline: things
source: { url: things.csv }
target: { table: ${JSON.stringify(`s'"p.${table}`)} }
refresh: { mode: full }
columns: { 'id" ON "s"."t': { type: integer, from: id }, 'na"me': { type: text, from: name }, zone: integer }
`;
  const leaf = `"s'""p"."t"" ON ""x__all__v1"`;
  const column = `"id"" ON ""s"".""t"`;
  const { again } = await loaded(
    test.db,
    files.folder,
    files.write,
    `create index "in""dex ON x USING" on ${leaf} (${column}, "na""me" desc)
       where "na""me" <> 'ON "x" WHERE';
     create function "s'""p".f() returns trigger language plpgsql as 'begin return new; end';
     create trigger "tr ON ""g" after update of ${column}, "na""me" on ${leaf} for each row
       when (old."na""me" <> ' ON ') execute function "s'""p".f(' ON ', '"''');
     create policy "p'""o" on ${leaf} using ("na""me" like '%''\\"');
     alter table ${leaf} add constraint "c'""h" check ("na""me" <> '\\');
     comment on table ${leaf} is E'it''s \\\\ "quoted"'`,
    yaml,
  );
  const before = await catalogSnapshot(test.db, `s'"p`, table);
  expect(await again(`${THREE}4,four,4\n`)).toMatchObject({ status: "succeeded" });
  const after = await catalogSnapshot(test.db, `s'"p`, table);
  const named = (lines: readonly string[]) =>
    lines.map((line) => line.replaceAll(/in""dex ON x USING|t"" ON ""x__all__v#_p1/g, "INDEX"));
  expect(snapshotChanges(named(before), named(after))).toEqual(UNCHANGED);
});

Deno.test("a rollback brings what was put on the table and the partition since", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const { spec, again } = await loaded(
    test.db,
    files.folder,
    files.write,
    `create index gone on shop.things (zone); create index on ${LEAF} (id);
     alter table ${LEAF} add constraint gone_check check (id < 1000000);
     alter table ${LEAF} enable row level security; create policy gone_policy on ${LEAF} using (true);
     create statistics shop.gone on id, zone from ${LEAF}`,
  );
  await again(`${THREE}4,four,4\n`);
  const leaf = "shop.things__all__v2";
  await test.db.query(`
    drop index shop.gone;
    do $$ declare i regclass; begin
      for i in select indexrelid from pg_index where indrelid = '${leaf}'::regclass loop
        execute format('drop index %s', i);
      end loop;
      for i in select format('%I.%I', stxnamespace::regnamespace, stxname) from pg_statistic_ext
        where false loop end loop;
    end $$;
    alter table ${leaf} drop constraint gone_check;
    drop policy gone_policy on ${leaf};
    alter table ${leaf} disable row level security;
    alter table shop.things add primary key (id);
    create index on shop.things (lower(name));
    create table shop.zones (zone int primary key); insert into shop.zones select generate_series(1, 9);
    alter table shop.things add constraint in_zone foreign key (zone) references shop.zones;
    alter table shop.things add constraint small check (zone < 50);
    alter table shop.things alter name set not null;
    alter table ${leaf} alter name set statistics 5;
    comment on table ${leaf} is 'since';
    grant select on ${leaf} to public`);
  const before = await catalogSnapshot(test.db, "shop", "things");
  for (const to of [1, 2, 1]) {
    await rollbackPipeline(spec, { to }, testContext(test.db).context);
    expect(snapshotChanges(before, await catalogSnapshot(test.db, "shop", "things")))
      .toEqual(UNCHANGED);
  }
});

Deno.test("a version whose rows a new constraint refuses stays out, and nothing changes", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const { spec, again } = await loaded(test.db, files.folder, files.write, "");
  await again("id,name,zone\n7,seven,7\n");
  await test.db.query("alter table shop.things add constraint big check (id > 5)");
  const before = await catalogSnapshot(test.db, "shop", "things");
  await expect(rollbackPipeline(spec, { to: 1 }, testContext(test.db).context)).rejects
    .toMatchObject({
      code: "publish/version_refused",
      message: expect.stringContaining('Version 1 cannot be put back into "shop.things"'),
      postgres: { code: "23514" },
    });
  expect(snapshotChanges(before, await catalogSnapshot(test.db, "shop", "things")))
    .toEqual(UNCHANGED);
  expect(await test.db.query("select id from shop.things")).toEqual([{ id: 7 }]);
});

Deno.test("a partition that merges went into hands its things to the first exchanged version", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const yaml = (mode: string) => `
pipeline: things
partitions: { by: list, values: [a] }
source: { url: things.csv }
target: { table: shop.things, partition_column: part }
refresh: { mode: ${mode} }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, name: text, zone: integer }
`;
  const leaf = "shop.things__a__v0";
  await loaded(
    test.db,
    files.folder,
    files.write,
    "",
    yaml("upsert"),
  );
  await test.db.query(`comment on table ${leaf} is 'mine'; create index on ${leaf} (zone);
    alter table ${leaf} set (fillfactor = 50)`);
  const before = await catalogSnapshot(test.db, "shop", "things");
  files.write("things.csv", `${THREE}4,four,4\n`);
  expect(await run(test.db, specOf(yaml("partition"), files.folder)))
    .toMatchObject({ status: "succeeded" });
  const changes = snapshotChanges(before, await catalogSnapshot(test.db, "shop", "things"));
  const beyondBounds = (lines: readonly string[]) =>
    lines.filter((line) => !/sluice_partition|relchecks/.test(line));
  expect(beyondBounds(changes.lost)).toEqual([]);
  expect(beyondBounds(changes.gained)).toEqual([]);
});

Deno.test("a new partition is stored as the table says", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const yaml = (to: string) => `
pipeline: trips
partitions: { by: month, from: 2021-01, to: ${to} }
source: { url: "trips_{month}.csv" }
target: { table: shop.trips, partition_column: month }
columns: { id: integer, name: text }
`;
  files.write("trips_2021-01.csv", "id,name\n1,a\n");
  files.write("trips_2021-02.csv", "id,name\n2,b\n");
  await run(test.db, specOf(yaml("2021-01"), files.folder));
  await test.db.query(`alter table shop.trips alter name set statistics 7;
    alter table shop.trips alter name set storage external;
    alter table shop.trips alter id set (n_distinct = -1);
    alter table shop.trips replica identity full;
    create statistics shop.both on id, name from shop.trips;
    comment on column shop.trips.name is 'the name'`);
  await run(test.db, specOf(yaml("2021-02"), files.folder));
  const [row] = await test.db.query(`select c.relreplident as identity,
  (select count(*)::int from pg_statistic_ext where stxrelid = c.oid) as statistics,
  (select json_agg(json_build_array(attstattarget, attstorage, attoptions,
    col_description(c.oid, attnum)) order by attnum)
    from pg_attribute where attrelid = c.oid and attname in ('id', 'name')) as columns
from pg_class c where c.relname = 'trips__2021_02__v1'`);
  expect(row).toMatchObject({ identity: "f", statistics: 1 });
  const { columns: [id, name] } = row as { columns: unknown[][] };
  expect([id[2], name[0], name[1], name[3]]).toEqual([["n_distinct=-1"], 7, "e", "the name"]);
});

Deno.test("tablespace, access method and persistence of a partition go on with its successor", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const version = await serverVersion(test.db);
  // Tablespaces without a place of their own, for tests, came with Postgres 15.
  if (version < 150000) return;
  const space = `space_${crypto.randomUUID().slice(0, 8)}`;
  await using session = await test.db.session();
  await session.query("set allow_in_place_tablespaces = on");
  await session.query(`create tablespace ${space} location ''`);
  try {
    const { spec, again } = await loaded(
      test.db,
      files.folder,
      files.write,
      `create access method heap2 type table handler heap_tableam_handler;
       create index leaf_index on ${LEAF} (id) tablespace ${space};
       create index parent_index on shop.things (zone);
       alter index shop.things__all__v1_zone_idx set tablespace ${space};
       alter table ${LEAF} set access method heap2;
       alter table ${LEAF} set tablespace ${space};
       alter table ${LEAF} set unlogged`,
    );
    const before = await catalogSnapshot(test.db, "shop", "things");
    expect(await again(`${THREE}4,four,4\n`)).toMatchObject({ status: "succeeded" });
    expect(snapshotChanges(before, await catalogSnapshot(test.db, "shop", "things")))
      .toEqual(UNCHANGED);
    await rollbackPipeline(spec, {}, testContext(test.db).context);
    expect(snapshotChanges(before, await catalogSnapshot(test.db, "shop", "things")))
      .toEqual(UNCHANGED);
  } finally {
    await test.db.query("drop schema if exists shop cascade");
    await session.query(`drop tablespace ${space}`);
  }
});

Deno.test("constraints of newer Postgres are carried, and adopted instead of built again", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const version = await serverVersion(test.db);
  const { spec, again } = await loaded(
    test.db,
    files.folder,
    files.write,
    `create table shop.zones (zone int primary key);
     alter table ${LEAF} add constraint apart exclude using gist (int4range(id, id + 1) with &&)
       deferrable;
     ${version >= 150000 ? `alter table shop.things add unique nulls not distinct (id, zone);` : ""}
     ${version >= 170000 ? `alter table shop.things add exclude (id with =);` : ""}
     ${
      version >= 180000
        ? `alter table shop.things add column half numeric generated always as (zone / 2.0) virtual;
     alter table shop.things add constraint trusted check (zone > 99) not enforced;
     alter table shop.things add constraint hoped foreign key (zone) references shop.zones not enforced;`
        : ""
    }`,
  );
  const before = await catalogSnapshot(test.db, "shop", "things");
  for (const csv of [`${THREE}4,four,4\n`, `${THREE}5,five,5\n`]) {
    expect((await again(csv)).partitions[0].error).toBe(null);
    expect(snapshotChanges(before, await catalogSnapshot(test.db, "shop", "things")))
      .toEqual(UNCHANGED);
  }
  await rollbackPipeline(spec, { to: 1 }, testContext(test.db).context);
  expect(snapshotChanges(before, await catalogSnapshot(test.db, "shop", "things")))
    .toEqual(UNCHANGED);
});

Deno.test("tables and indexes stay in their tablespaces, whatever the database's and the session's are", async () => {
  await using outer = await ledgerDatabase();
  const [name, url] = [`test_spaces_${crypto.randomUUID().slice(0, 8)}`, new URL(outer.url)];
  url.pathname = `/${name}`;
  const spaces = ["own", "session", "third"].map((each) => `${name}_${each}`);
  const [own, session, third] = spaces;
  // A folder inside the data folder: allowed to developers of Postgres, and to tests.
  await outer.db.query("set allow_in_place_tablespaces = on");
  for (const space of spaces) await outer.db.query(`create tablespace "${space}" location ''`);
  try {
    await outer.db.query(`create database "${name}" tablespace "${own}" template template0`);
    await outer.db.query(`alter database "${name}" set default_tablespace = '${session}'`);
    await using db = await connect({ url: url.href, searchPath: "public" });
    using files = workspace();
    const { again } = await loaded(
      db,
      files.folder,
      files.write,
      `create index in_session on ${LEAF} (id); create index in_third on ${LEAF} (zone);
       create index in_own on ${LEAF} (name);
       alter table ${LEAF} set tablespace "${own}";
       alter index shop.in_own set tablespace "${own}";
       alter index shop.in_third set tablespace "${third}"`,
    );
    const where = (leaf: string) =>
      db.query(
        `select a.attname as name, coalesce(t.spcname, '${own}') as space from pg_index x
         join pg_class i on i.oid = x.indexrelid
         join pg_attribute a on a.attrelid = x.indrelid and a.attnum = x.indkey[0]
         left join pg_tablespace t on t.oid = i.reltablespace
         where x.indrelid = to_regclass('${leaf}')
         union all
         select 'table', coalesce(t.spcname, '${own}') from pg_class c
         left join pg_tablespace t on t.oid = c.reltablespace
         where c.oid = to_regclass('${leaf}') order by 1`,
      );
    const before = [
      { name: "id", space: session },
      { name: "name", space: own },
      { name: "table", space: own },
      { name: "zone", space: third },
    ];
    expect(await where(LEAF)).toEqual(before);
    expect(await again(`${THREE}4,four,4\n`)).toMatchObject({ status: "succeeded" });
    expect(await where("shop.things__all__v2")).toEqual(before);
  } finally {
    await outer.db.query(`drop database if exists "${name}" with (force)`);
    for (const space of spaces) await outer.db.query(`drop tablespace "${space}"`);
  }
});

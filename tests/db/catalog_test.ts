import { expect } from "packages/expect.ts";
import { quoteIdent, quoteTable } from "../../src/core/quote.ts";
import { listNames, readCatalog } from "../../src/db/catalog/catalog.ts";
import { testDatabase } from "../support/postgres.ts";

Deno.test("readCatalog tells a missing schema from a missing table", async () => {
  await using test = await testDatabase();
  const noSchema = await readCatalog(test.db, { schema: "nowhere", table: "t" });
  expect([noSchema.schemaExists, noSchema.table]).toEqual([false, null]);
  const noTable = await readCatalog(test.db, { schema: "public", table: "t" });
  expect([noTable.schemaExists, noTable.table]).toEqual([true, null]);
  expect(noTable.serverVersion).toBeGreaterThanOrEqual(140000);
});

Deno.test("readCatalog tells a type's name from that of a table, which has a type too", async () => {
  await using test = await testDatabase();
  await test.db.query(`
    create domain d as int; create type e as enum ('a'); create type c as (a int);
    create type r as range (subtype = int);
    create table t (a int); create view v as select 1 as a; create sequence s;
    create materialized view m as select 1 as a; create table parts (a int) partition by list (a)`);
  const names = ["d", "e", "c", "r", "t", "v", "s", "m", "parts", "_t", "_d", "nothing"];
  const found: string[] = [];
  for (const table of names) {
    if ((await readCatalog(test.db, { schema: "public", table })).isTypeName) found.push(table);
  }
  expect(found).toEqual(["d", "e", "c", "r"]);
});

Deno.test("readCatalog reads columns, key, partitions and indexes of a partitioned table", async () => {
  await using test = await testDatabase();
  await test.db.query(`
    create table trips (month text not null, fare numeric(10,2) default 0, at timestamp, gone int,
      twice numeric generated always as (fare * 2) stored) partition by list (month);
    alter table trips drop column gone;
    comment on table trips is 'all trips';
    create table trips__1 partition of trips for values in ('2021-01');
    create table trips__2 partition of trips default;
    create unique index trips_key on trips (month, at) include (fare);
    create index trips_hour on trips using btree (date_trunc('hour', at), fare desc);
    create index trips_late on only trips (fare)`);
  const { table } = await readCatalog(test.db, { schema: "public", table: "trips" });
  expect(table).toEqual({
    oid: expect.any(Number),
    kind: "partitioned",
    comment: "all trips",
    rowSecurity: false,
    columns: [
      {
        name: "month",
        type: "text",
        fullType: "text",
        typeOid: 25,
        notNull: true,
        collation: null,
        default: null,
        generated: false,
      },
      {
        name: "fare",
        type: "numeric(10,2)",
        fullType: "numeric(10,2)",
        typeOid: 1700,
        notNull: false,
        collation: null,
        default: "0",
        generated: false,
      },
      {
        name: "at",
        type: "timestamp without time zone",
        fullType: "timestamp without time zone",
        typeOid: 1114,
        notNull: false,
        collation: null,
        default: null,
        generated: false,
      },
      {
        name: "twice",
        type: "numeric",
        fullType: "numeric",
        typeOid: 1700,
        notNull: false,
        collation: null,
        default: "(fare * (2)::numeric)",
        generated: true,
      },
    ],
    partitionKey: { strategy: "list", columns: ["month"] },
    partitions: [
      {
        oid: expect.any(Number),
        name: { schema: "public", table: "trips__1" },
        bound: "FOR VALUES IN ('2021-01')",
      },
      { oid: expect.any(Number), name: { schema: "public", table: "trips__2" }, bound: "DEFAULT" },
    ],
    indexes: [
      {
        name: "trips_hour",
        columns: ["date_trunc('hour'::text, at)", "fare"],
        unique: false,
        method: "btree",
        primary: false,
        valid: true,
        partial: false,
      },
      {
        name: "trips_key",
        columns: ["month", "at"],
        unique: true,
        method: "btree",
        primary: false,
        valid: true,
        partial: false,
      },
      {
        name: "trips_late",
        columns: ["fare"],
        unique: false,
        method: "btree",
        primary: false,
        valid: false,
        partial: false,
      },
    ],
    incomingKeys: [],
    rules: [],
    estimatedRows: null,
    unidentified: [],
  });
});

Deno.test("readCatalog reads who refers to a table, what is computed, and how many rows there are", async () => {
  await using test = await testDatabase();
  await test.db.query(`
    create domain fare as numeric(8,2);
    create table zones (id int generated always as identity primary key, code text unique,
      price fare);
    create index zones_cheap on zones (code) where price < 3;
    create table trips (id int, zone int constraint in_zone references zones on delete cascade);
    insert into zones (code) select n::text from generate_series(1, 50) as n;
    analyze zones`);
  const { table } = await readCatalog(test.db, { schema: "public", table: "zones" });
  expect(table!.columns.map(({ type, default: value }) => [type, value])).toEqual([
    ["integer", "generated always as identity"],
    ["text", null],
    ["numeric(8,2)", null],
  ]);
  expect(table!.indexes.map(({ name, partial }) => [name, partial])).toEqual([
    ["zones_cheap", true],
    ["zones_code_key", false],
    ["zones_pkey", false],
  ]);
  expect(table!.incomingKeys).toEqual([{
    name: "in_zone",
    table: { schema: "public", table: "trips" },
    columns: ["zone"],
    references: ["id"],
    onDelete: "cascade",
    onUpdate: "no action",
    enforced: true,
    toPartition: false,
    self: false,
  }]);
  expect(table!.estimatedRows).toBe(50);
});

Deno.test("readCatalog tells the kinds of relations and keys apart", async () => {
  await using test = await testDatabase();
  await test.db.query(`
    create table plain (id int primary key);
    create view seen as select * from plain;
    create materialized view kept as select * from plain;
    create sequence counter;
    create table by_range (at date, id int) partition by range (at);
    create table by_hash (id int, at date) partition by hash (id, lower(id::text))`);
  const read = async (table: string) => {
    const { table: info } = await readCatalog(test.db, { schema: "public", table });
    return info!;
  };
  const kinds = await Promise.all(["plain", "seen", "kept", "counter"].map(read));
  expect(kinds.map(({ kind }) => kind)).toEqual(["table", "view", "materialized view", "sequence"]);
  expect(kinds[0].indexes[0]).toMatchObject({ primary: true, unique: true, columns: ["id"] });
  expect((await read("by_range")).partitionKey).toEqual({ strategy: "range", columns: ["at"] });
  expect((await read("by_hash")).partitionKey?.strategy).toBe("hash");
});

Deno.test("readCatalog and listNames take names to the letter", async () => {
  await using test = await testDatabase();
  const schema = `we"ird; drop schema public; --`;
  const name = `Ünï "100%_" \\ 'select'`;
  await test.db.query(`create schema ${quoteIdent(schema)}`);
  for (const table of [name, `${name}__1`, `${name.replace("%_", "xx")}__1`]) {
    await test.db.query(
      `create table ${quoteTable({ schema, table })} (${quoteIdent('a"b')} int)`,
    );
  }
  const { table } = await readCatalog(test.db, { schema, table: name });
  expect(table?.columns.map(({ name }) => name)).toEqual(['a"b']);
  expect(await listNames(test.db, schema, `${name}__`)).toEqual([`${name}__1`]);
});

Deno.test("listNames tells whatever has a name that a new table could not have", async () => {
  await using test = await testDatabase();
  await test.db.query(`
    create table t__table (x text primary key);
    create view t__view as select 1 as x;
    create sequence t__sequence;
    create type t__enum as enum ('a');
    create domain t__domain as text;
    create function t__function() returns int language sql return 1;
    create table u (x int);
    create index t__index on u (x)`);
  expect((await listNames(test.db, "public", "t__")).sort()).toEqual([
    "t__domain",
    "t__enum",
    "t__index",
    "t__sequence",
    "t__table",
    "t__table_pkey",
    "t__view",
  ]);
});

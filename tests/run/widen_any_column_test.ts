import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { planPipeline, rollbackPipeline } from "../../src/run/mod.ts";
import { catalogSnapshot, snapshotChanges, UNCHANGED } from "../support/catalog_snapshot.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, testDatabase } from "../support/postgres.ts";

function yaml(id: string, n = "integer", more = ""): string {
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: ${id}, name: text, n: ${n} }
${more}`;
}

/** What people put on a table, and around it. */
const DECORATION = `
  create table shop.kinds (n int primary key); insert into shop.kinds select generate_series(1, 9);
  create role "own\${n}er"; grant all on schema shop to "own\${n}er";
  create role "rea\${n}der";
  alter table shop.things add primary key (id);
  alter table shop.things add constraint one unique (id, name);
  alter table shop.things add constraint positive check (id > 0);
  alter table shop.things add constraint kind foreign key (n) references shop.kinds;
  comment on constraint kind on shop.things is 'its kind';
  alter table shop.things alter name set default 'nobody';
  alter table shop.things alter name set statistics 77;
  alter table shop.things alter n set not null;
  create index "by name" on shop.things (lower(name)) where id > 0;
  comment on index shop."by name" is 'by name';
  create statistics shop.together (ndistinct) on id, n from shop.things;
  create function shop.f() returns trigger language plpgsql as 'begin return new; end';
  create trigger tr after update of id on shop.things for each row execute function shop.f();
  create policy po on shop.things for select to "rea\${n}der" using (id < 1000);
  alter table shop.things enable row level security;
  create publication pu for table shop.things with (publish_via_partition_root);
  create rule ru as on delete to shop.things do also notify gone;
  comment on table shop.things is 'all of them'; comment on column shop.things.id is 'which';
  create view shop.seen with (security_barrier) as select id, name from shop.things;
  create view shop."more seen" as select s.id as "I D", t.n from shop.seen s join shop.things t using (id);
  comment on column shop."more seen"."I D" is 'which';
  create view shop.count as select count(*) from shop.things;
  create materialized view shop.kept as select * from shop.things;
  create unique index on shop.kept (id);
  grant select (id) on shop.seen to public; grant select on shop.count, shop.kept to "rea\${n}der";
  alter view shop.count owner to "own\${n}er";
  grant select on shop.things to "rea\${n}der" with grant option; grant insert (name) on shop.things to public;
  alter table shop.things owner to "own\${n}er"`;

async function around(db: Database): Promise<unknown> {
  const [row] = await db.query<{ all: unknown }>(
    `select json_agg(json_build_array(c.relname, c.relkind, pg_get_userbyid(c.relowner), (select array_agg(x::text order by x::text) from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
    where grantor <> 0),
  c.reloptions, obj_description(c.oid, 'pg_class'), pg_get_viewdef(c.oid),
  (select json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attacl::text,
    col_description(c.oid, a.attnum)) order by a.attnum)
    from pg_attribute a where a.attrelid = c.oid and a.attnum > 0),
  (select json_agg(pg_get_indexdef(indexrelid)) from pg_index where indrelid = c.oid)) order by c.relname) as all
from pg_class c where c.relnamespace = 'shop'::regnamespace and c.relkind in ('v', 'm')`,
  );
  return row.all;
}

/** As often as there are tests: roles are the whole server's. */
let roles = 0;

Deno.test("the column that an unpartitioned table is laid out by is widened, and all that is on the table stays", async () => {
  const mark = `${Deno.pid}_${++roles}`;
  const decoration = DECORATION.replaceAll("${n}", mark);
  await using test = await testDatabase();
  await using twin = await testDatabase();
  using files = workspace({ "things.csv": "id,name,n\n1,a,1\n2,b,2\n" });
  try {
    for (const [db, type] of [[test.db, "integer"], [twin.db, "bigint"]] as const) {
      const spec = specOf(yaml(type), files.folder);
      await run(db, spec);
      await run(db, spec, { force: true });
      if (db === test.db) await db.query(decoration);
      else await db.query(decoration.replaceAll(/create role "[^"]*";/g, ""));
    }
    files.write("things.csv", "id,name,n\n1,a,1\n3000000000,c,3\n");
    const spec = specOf(yaml("bigint"), files.folder);
    const { context } = testContext(test.db);
    const { setup } = await planPipeline(spec, ALL, context);
    expect(setup.find(({ lock }) => lock?.startsWith("ACCESS EXCLUSIVE"))).toMatchObject({
      lock: "ACCESS EXCLUSIVE on shop.things, while every row is rewritten",
      why: expect.stringContaining("the table is rebuilt"),
    });
    for (const db of [test.db, twin.db]) {
      const result = await run(db, spec);
      expect([result.status, result.error]).toEqual(["succeeded", null]);
      expect(await db.query("select id, name, n from shop.things order by id")).toEqual([
        { id: 1, name: "a", n: 1 },
        { id: 3000000000, name: "c", n: 3 },
      ]);
    }
    // The schema has another OID there; views are looked at below.
    const things = async (db: Database) =>
      (await catalogSnapshot(db, "shop", "things")).filter((line) => !line.startsWith("view "))
        .map((line) => line.replace(/"relnamespace": "\d+"/, ""));
    const before = await things(twin.db);
    const after = await things(test.db);
    expect(snapshotChanges(before, after)).toEqual(UNCHANGED);
    expect(await around(test.db)).toEqual(await around(twin.db));
    // Nothing is left of what was before, and versions can still be put back.
    expect(await test.db.query("select relname from pg_class where relname like 'sluice\\_%'"))
      .toEqual([]);
    await rollbackPipeline(spec, {}, context);
    expect(await test.db.query("select id from shop.things order by id")).toEqual([
      { id: 1 },
      { id: 2 },
    ]);
    files.write("things.csv", "id,name,n\n5,e,5\n");
    expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_loaded: 1 });
    expect((await planPipeline(spec, ALL, context)).setup).toEqual([]);
  } finally {
    for (const { db } of [test, twin]) {
      await db.query(`drop schema shop cascade; drop owned by "rea${mark}der", "own${mark}er"`);
    }
    await test.db.query(`drop role "rea${mark}der", "own${mark}er"`);
  }
});

Deno.test("foreign keys of other tables come back around a table made anew", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,n\n1,a,1\n2,b,2\n" });
  const more = "idempotency_key: [id]\n";
  await run(test.db, specOf(yaml("integer", "integer", more), files.folder));
  await test.db.query(
    `alter table shop.things add primary key (id);
     create table shop.parts (thing int constraint "of" references shop.things on delete restrict);
     comment on constraint "of" on shop.parts is 'of what'; insert into shop.parts values (2)`,
  );
  files.write("things.csv", "id,name,n\n2,b,2\n3000000000,c,3\n");
  const result = await run(test.db, specOf(yaml("bigint", "integer", more), files.folder));
  expect([result.status, result.error]).toEqual(["succeeded", null]);
  expect(await test.db.query("select id from shop.things order by id"))
    .toEqual([{ id: 2 }, { id: 3000000000 }]);
  expect(
    await test.db.query(
      `select conname as name, pg_get_constraintdef(oid) as def, obj_description(oid) as comment
from pg_constraint where conrelid = 'shop.parts'::regclass and contype = 'f' and conparentid = 0`,
    ),
  ).toEqual([{
    name: "of",
    def: "FOREIGN KEY (thing) REFERENCES shop.things(id) ON DELETE RESTRICT",
    comment: "of what",
  }]);
  await expect(test.db.query("delete from shop.things where id = 2")).rejects.toThrow();
});

for (
  const [first, type, value] of [
    ["integer", "numeric", "12345678901234567890"],
    ["varchar(3)", "text", "longer"],
    ["numeric(4,2)", "numeric(8,2)", "123456.78"],
    ["date", "timestamp", "2021-01-01 10:00:00"],
  ] as const
) {
  for (const evolves of [false, true]) {
    // A timestamp is not what a date is written as: `evolve` makes text of it.
    if (evolves && type === "timestamp") continue;
    Deno.test(`a first column of ${first} becomes ${type}${evolves ? " by type_changes: evolve" : ""}`, async () => {
      await using test = await ledgerDatabase();
      const one = first === "date" ? "2021-01-01" : "1";
      using files = workspace({ "things.csv": `id,name,n\n${one},a,1\n` });
      const more = evolves ? "schema_contract: { type_changes: evolve }\n" : "";
      await run(test.db, specOf(yaml(`"${first}"`, "integer", more), files.folder));
      files.write("things.csv", `id,name,n\n${value},a,1\n`);
      const spec = specOf(yaml(`"${evolves ? first : type}"`, "integer", more), files.folder);
      const result = await run(test.db, spec);
      expect([result.status, result.error]).toEqual(["succeeded", null]);
      expect(result.rows_rejected).toBe(0);
      expect(await test.db.query("select id::text from shop.things")).toEqual([{ id: value }]);
    });
  }
}

Deno.test("partitions of a column that the user chose are carried to its wider type", async () => {
  await using test = await ledgerDatabase();
  const text = (type: string) => `
pipeline: things
source: { url: "things_{month}.csv" }
target: { table: shop.things, partition_column: at }
partitions: { by: month, from: 2021-01, to: 2021-03 }
columns: { id: integer, at: ${type} }
`;
  using files = workspace();
  for (const month of ["01", "02", "03"]) {
    files.write(`things_2021-${month}.csv`, `id,at\n${Number(month)},2021-${month}-28\n`);
  }
  await run(test.db, specOf(text("date"), files.folder));
  files.write("things_2021-02.csv", "id,at\n2,2021-02-28 23:59:59\n");
  const result = await run(test.db, specOf(text("timestamp"), files.folder), {
    partitions: ["2021-02"],
  });
  expect([result.status, result.error]).toEqual(["succeeded", null]);
  expect(await test.db.query("select id, at::text from shop.things order by id")).toEqual([
    { id: 1, at: "2021-01-28 00:00:00" },
    { id: 2, at: "2021-02-28 23:59:59" },
    { id: 3, at: "2021-03-28 00:00:00" },
  ]);
});

for (const mode of ["full", "upsert"] as const) {
  Deno.test(`${mode}: views over a column that is widened are made again`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
    const more = `refresh: { mode: ${mode} }\nidempotency_key: [id]\n`;
    await run(test.db, specOf(yaml("integer", "integer", more), files.folder));
    await test.db.query(
      `create view shop.v as select n from shop.things; create view shop.w as select n + 1 as m from shop.v;
       create view shop.x as select name from shop.things; grant select on shop.w to public`,
    );
    files.write("things.csv", "id,name,n\n1,a,3000000000\n");
    const spec = specOf(yaml("integer", "bigint", more), files.folder);
    const { setup } = await planPipeline(spec, ALL, testContext(test.db).context);
    expect(setup.filter(({ sql }) => sql.startsWith("drop view")).map(({ sql }) => sql))
      .toEqual([`drop view "shop"."w"`, `drop view "shop"."v"`]);
    expect(await run(test.db, spec)).toMatchObject({ status: "succeeded" });
    expect(
      await test.db.query(
        "select m, has_table_privilege('public', 'shop.w', 'select') as p from shop.w",
      ),
    )
      .toEqual([{ m: 3000000001, p: true }]);
  });
}

Deno.test("what cannot come back is told before anything is done", async () => {
  for (const [id, n] of [["bigint", "integer"], ["integer", "bigint"]]) {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
    await run(test.db, specOf(yaml("integer"), files.folder));
    await test.db.query(
      `create function shop.f() returns bigint begin atomic select sum(id + n) from shop.things; end`,
    );
    files.write("things.csv", "id,name,n\n2,a,1\n");
    await expect(run(test.db, specOf(yaml(id, n), files.folder))).rejects.toMatchObject({
      code: "plan/target_differs",
      message: expect.stringContaining("cannot change while these depend on it: function shop.f()"),
      hint: expect.stringContaining("Drop them, run, and create them again"),
    });
    expect(await test.db.query("select id, shop.f() as f from shop.things")).toEqual([{
      id: 1,
      f: 2,
    }]);
  }
});

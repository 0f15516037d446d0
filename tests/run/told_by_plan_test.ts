import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { planPipeline, runPipeline } from "../../src/run/mod.ts";
import { loadSpec } from "../../src/spec/load_spec.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, testDatabase } from "../support/postgres.ts";

function yaml(mode: string, columns = "id: { type: integer, required: true }, name: text"): string {
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: ${mode} }
${mode === "append" ? "" : "idempotency_key: [id]"}
columns: { ${columns} }
`;
}

for (const mode of ["full", "append", "upsert"]) {
  for (const made of [true, false]) {
    Deno.test(`${mode}: a computed column that the file names is told by the plan (${made ? "of Sluice's" : "another's"} table)`, async () => {
      await using test = await ledgerDatabase();
      using files = workspace({ "things.csv": "id,name\n1,a\n" });
      if (made) await run(test.db, specOf(yaml(mode), files.folder));
      else {await test.db.query(
          "create schema shop; create table shop.things (id int not null primary key, name text)",
        );}
      await test.db.query(
        "alter table shop.things add column twice bigint generated always as (id * 2) stored",
      );
      files.write("things.csv", "id,name,twice\n2,b,4\n");
      const spec = specOf(
        yaml(mode, "id: { type: integer, required: true }, name: text, twice: bigint"),
        files.folder,
      );
      await expect(planPipeline(spec, ALL, testContext(test.db).context)).rejects.toMatchObject({
        code: "plan/target_differs",
        message: expect.stringContaining('column "twice" is computed by the table'),
        hint: 'Take "twice" out of the columns of the pipeline file',
      });
    });
  }
}

for (const mode of ["full", "append", "upsert"]) {
  Deno.test(`${mode}: row-level security that hides rows is told by the plan, with what helps`, async () => {
    await using test = await testDatabase();
    using files = workspace({ "things.csv": "id,name\n1,a\n" });
    const role = `ldr_${crypto.randomUUID().slice(0, 8)}`;
    try {
      await test.db.query(
        `create role ${role} login password 'x' createrole; create schema shop;
         create table shop.things (id int not null primary key, name text, tenant text default 'a');
         insert into shop.things values (7, 'hidden', 'b');
         alter table shop.things enable row level security;
         create policy p on shop.things using (tenant = 'a') with check (true);
         grant all on schema shop to ${role}; grant all on shop.things to ${role}`,
      );
      const [{ database }] = await test.db.query<{ database: string }>(
        "select current_database() as database",
      );
      await test.db.query(`grant create on database ${database} to ${role}`);
      const url = new URL(test.url);
      url.username = role;
      url.password = "x";
      await using db = await connect({ url: url.href });
      const spec = specOf(yaml(mode), files.folder);
      await expect(planPipeline(spec, ALL, testContext(db).context)).rejects.toMatchObject({
        code: "plan/row_security",
        hint: expect.stringMatching(/own the table.*bypassrls/),
      });
      // And where Postgres says it first, as in a trigger.
      await expect(
        db.transaction(async (tx) => {
          await tx.query("set local row_security = off");
          await tx.query("select * from shop.things");
        }),
      ).rejects.toMatchObject({
        code: "db/permission_denied",
        hint: expect.stringMatching(/own the table.*bypassrls/),
      });
      await test.db.query(`alter role ${role} bypassrls`);
      expect(await run(db, spec)).toMatchObject({ status: "succeeded" });
    } finally {
      await test.db.query(
        `drop schema shop cascade; drop owned by ${role} cascade; drop role ${role}`,
      );
    }
  });
}

/** Their catalogs, as far as they are looked at. */
const MANAGERS: Readonly<Record<string, string>> = {
  "a TimescaleDB hypertable": `create schema _timescaledb_catalog;
    create table _timescaledb_catalog.hypertable (id int, schema_name name, table_name name);
    insert into _timescaledb_catalog.hypertable values (1, 'shop', 'things')`,
  "a Citus table": `create schema citus;
    create table citus.pg_dist_partition (logicalrelid regclass, partmethod "char");
    insert into citus.pg_dist_partition values ('shop.things', 'h')`,
  "an Aurora Limitless table": `create schema rds_aurora;
    create view rds_aurora.limitless_tables as
      select 'shop'::name as schema_name, 'things'::name as table_name, 'sharded'::text as table_type`,
};

for (const [manager, sql] of Object.entries(MANAGERS)) {
  Deno.test(`${manager} is recognised by the plan`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": "id,name\n1,a\n" });
    await test.db.query(
      "create schema shop; create table shop.things (id int not null primary key, name text); create table shop.plain (like shop.things including all)",
    );
    await test.db.query(sql);
    const { context } = testContext(test.db);
    await expect(planPipeline(specOf(yaml("full"), files.folder), ALL, context)).rejects
      .toMatchObject({
        code: "plan/not_exchangeable",
        message: expect.stringContaining(`"shop.things" is ${manager}`),
        hint: expect.stringContaining("append, upsert or history"),
      });
    expect(await run(test.db, specOf(yaml("upsert"), files.folder))).toMatchObject({
      status: "succeeded",
    });
    const plain = specOf(yaml("full").replace("shop.things", "shop.plain"), files.folder);
    expect(await run(test.db, plain)).toMatchObject({ status: "succeeded" });
  });
}

for (const made of [true, false]) {
  Deno.test(`full: a foreign key that holds a row is told with its table (${made ? "of Sluice's" : "another's"} table)`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": "id,name\n1,a\n2,b\n" });
    const spec = specOf(yaml("full"), files.folder);
    if (!made) {
      await test.db.query(
        "create schema shop; create table shop.things (id int not null primary key, name text)",
      );
    }
    await run(test.db, spec);
    if (made) await test.db.query("alter table shop.things add primary key (id)");
    await test.db.query(
      "create table shop.parts (thing int constraint of_thing references shop.things); insert into shop.parts values (1)",
    );
    files.write("things.csv", "id,name\n2,b\n3,c\n");
    const { context, events } = testContext(test.db);
    expect((await planPipeline(spec, ALL, context)).method).toBe("merge");
    expect(await runPipeline(spec, ALL, context)).toMatchObject({
      status: "failed",
      error: {
        code: "publish/referenced",
        message: expect.stringMatching(/"shop\.parts" refers to them by .*"of_thing" \(.*\(1\)/),
        hint: expect.stringContaining("upsert"),
      },
    });
    // No row of the file is looked for: it is not the file's fault.
    expect(events.filter(({ type }) => type === "warning")).toEqual([]);
    expect(await test.db.query("select id from shop.things order by id")).toEqual([{ id: 1 }, {
      id: 2,
    }]);
  });
}

Deno.test("as many columns as validate takes can be loaded, and one more is told", async () => {
  const columns = (count: number) =>
    Array.from({ length: count }, (_, n) => `c${n}: boolean`).join(", ");
  const names = Array.from({ length: 1599 }, (_, n) => `c${n}`);
  using files = workspace({
    "things.csv": `${names.join(",")}\n${names.map(() => "t").join(",")}\n`,
  });
  const text = (count: number) => yaml("append", columns(count));
  const { diagnostics } = loadSpec(text(1600), {
    file: "test.yaml",
    folder: files.folder,
    variables: {},
  });
  expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
    [
      "spec/wrong_value",
      "The table would have 1600 columns: Postgres takes 1600, and a load needs one of them",
    ],
  ]);
  await using test = await ledgerDatabase();
  const result = await run(test.db, specOf(text(1599), files.folder));
  expect([result.status, result.error]).toEqual(["succeeded", null]);
});

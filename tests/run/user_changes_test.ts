import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { planPipeline, rollbackPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, serverVersion } from "../support/postgres.ts";

const MODES = ["full", "append", "upsert", "history"] as const;

function yaml(mode: string, columns = "id: integer, name: text, n: bigint"): string {
  const keyed = mode === "upsert" || mode === "history";
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: ${mode} }
${keyed ? "idempotency_key: [id]" : ""}
columns: { ${columns} }
rejects: { limit: 5 }
`;
}

/** What the database says of the target: columns, and the constraints somebody put on it. */
async function shape(db: Database): Promise<unknown> {
  const [row] = await db.query<{ shape: unknown }>(
    `select json_build_object(
  'columns', (select json_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
      || case when a.attnotnull then ' not null' else '' end
      || coalesce(' ' || co.collname, '') order by a.attnum)
    from pg_attribute a left join pg_collation co on co.oid = a.attcollation
    where a.attrelid = 'shop.things'::regclass and a.attnum > 0 and not a.attisdropped),
  'constraints', (select json_agg(conname || ' ' || pg_get_constraintdef(oid) order by conname)
    from pg_constraint where conrelid = 'shop.things'::regclass and contype <> 't'),
  'indexes', (select json_agg(pg_get_indexdef(indexrelid) order by indexrelid)
    from pg_index where indrelid = 'shop.things'::regclass)) as shape`,
  );
  return row.shape;
}

/** What somebody does to the table, a file that breaks it, and the rejects that makes. */
const STRICTER: readonly {
  readonly name: string;
  readonly sql: string;
  readonly csv: string;
  readonly rejects: readonly string[];
  readonly since?: number;
}[] = [
  {
    name: "NOT NULL",
    sql: "alter table shop.things alter name set not null",
    csv: "id,name,n\n1,a,1\n2,,2\n3,c,3\n",
    rejects: ["3 name required"],
  },
  {
    name: "a named NOT NULL that is not valid",
    sql: "alter table shop.things add constraint named not null name not valid",
    csv: "id,name,n\n1,a,1\n2,,2\n3,c,3\n",
    rejects: ["3 name required"],
    since: 180000,
  },
  {
    name: "a primary key",
    sql: "alter table shop.things add primary key (id)",
    csv: "id,name,n\n1,a,1\n,b,2\n3,c,3\n",
    rejects: ["3 id required"],
  },
  {
    name: "a primary key of two columns",
    sql: "alter table shop.things add primary key (id, name)",
    csv: "id,name,n\n1,a,1\n2,,2\n3,c,3\n",
    rejects: ["3 name required"],
  },
  {
    name: "a narrower varchar",
    sql: "alter table shop.things alter name type varchar(3)",
    csv: "id,name,n\n1,a,1\n2,four,2\n3,c,3\n",
    rejects: ["3 name too_long"],
  },
  {
    name: "a narrower integer",
    sql: "alter table shop.things alter n type smallint",
    csv: "id,name,n\n1,a,1\n2,b,40000\n3,c,3\n",
    rejects: ["3 n out_of_range"],
  },
  {
    name: "a CHECK",
    sql: "alter table shop.things add constraint small check (n < 9)",
    csv: "id,name,n\n1,a,1\n2,b,10\n3,c,3\n",
    rejects: ["3 * check_violation"],
  },
  {
    name: "UNIQUE",
    sql: "alter table shop.things add constraint alone unique (id, n)",
    csv: "id,name,n\n7,a,1\n7,b,1\n8,c,3\n",
    rejects: ["*"],
  },
];

for (const mode of MODES) {
  Deno.test(`${mode}: what somebody made stricter stays, and rows that break it are rejects`, async (t) => {
    for (const { name, sql, csv, rejects, since } of STRICTER) {
      // A key of the pipeline is required already, and settles its duplicates before.
      const keyed = mode === "upsert" || mode === "history";
      if (keyed && (rejects.includes("*") || name === "a primary key")) continue;
      if (mode === "history" && name.includes("primary key")) continue;
      await t.step(name, async () => {
        await using test = await ledgerDatabase();
        const version = await serverVersion(test.db);
        if (version < (since ?? 0)) return;
        using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
        const spec = specOf(yaml(mode), files.folder);
        await run(test.db, spec);
        if (mode === "append") await test.db.query("delete from shop.things");
        await test.db.query(sql);
        const before = await shape(test.db);
        files.write("things.csv", csv);
        const result = await run(test.db, spec);
        expect([result.status, result.error]).toEqual(["succeeded", null]);
        expect(result.rows_rejected).toBe(1);
        expect(result.rows_loaded + result.rows_duplicate).toBe(2);
        expect(await shape(test.db)).toEqual(before);
        const told = await test.db.query<{ line: number; column: string; code: string }>(
          `select line::int, column_name as column, code from sluice.rejected_rows`,
        );
        if (rejects[0] !== "*" && !rejects[0].includes("*")) {
          expect(told.map(({ line, column, code }) => `${line} ${column} ${code}`)).toEqual(
            rejects,
          );
        }
        // Once more, with --force: nothing that was kept is taken away by a later run.
        await run(test.db, spec, { force: true });
        expect(await shape(test.db)).toEqual(before);
      });
    }
  });
}

/** What somebody did that no load can do right by: told before anything is loaded. */
const CONTRADICTIONS: readonly {
  readonly name: string;
  readonly sql: string;
  readonly told: string;
}[] = [
  {
    name: "another kind of type",
    sql: "alter table shop.things alter name type integer using 1",
    told: 'column "name" is integer in the table, text in the pipeline, which has not changed',
  },
  {
    name: "a wider type",
    sql: "alter table shop.things alter n type numeric",
    told: 'column "n" is numeric in the table, bigint in the pipeline, which has not changed',
  },
  {
    name: "a NOT NULL column without default",
    sql: "delete from shop.things; alter table shop.things add column more text not null",
    told: 'column "more" of the table is NOT NULL, has no default and is not in the pipeline',
  },
];

for (const mode of MODES) {
  Deno.test(`${mode}: the plan tells what the file and the table contradict each other in`, async (t) => {
    for (const { name, sql, told } of CONTRADICTIONS) {
      await t.step(name, async () => {
        await using test = await ledgerDatabase();
        using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
        const spec = specOf(yaml(mode), files.folder);
        await run(test.db, spec);
        await test.db.query(sql);
        const before = await shape(test.db);
        const rows = await test.db.query("select * from shop.things");
        files.write("things.csv", "id,name,n\n2,5,2\n");
        const expected = {
          code: "plan/target_differs",
          message: expect.stringContaining(told),
          hint: expect.stringMatching(/pipeline file/),
        };
        await expect(planPipeline(spec, ALL, testContext(test.db).context))
          .rejects.toMatchObject(expected);
        await expect(run(test.db, spec)).rejects.toMatchObject(expected);
        expect(await shape(test.db)).toEqual(before);
        expect(await test.db.query("select * from shop.things")).toEqual(rows);
      });
    }
  });
}

Deno.test("history: a NOT NULL where Sluice writes NULL is told with the way out", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
  const spec = specOf(yaml("history"), files.folder);
  await run(test.db, spec);
  await test.db.query(
    `update shop.things set _valid_to = now(); alter table shop.things alter _valid_to set not null`,
  );
  await expect(run(test.db, spec, { force: true })).rejects.toMatchObject({
    code: "plan/target_differs",
    hint: 'alter table "shop"."things" alter column "_valid_to" drop not null',
  });
});

for (const mode of MODES) {
  Deno.test(`${mode}: what the file itself asked for it may take back`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
    const id = "id: { type: integer, required: true }";
    const all = `${id}, name: { type: text, required: true }, n: { type: bigint, required: true }`;
    await run(test.db, specOf(yaml(mode, all), files.folder));
    files.write("things.csv", "id,name\n2,\n");
    const spec = specOf(yaml(mode, `${id}, name: text`), files.folder);
    expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_rejected: 0 });
    expect(await test.db.query("select name, n from shop.things where id = 2"))
      .toEqual([{ name: null, n: null }]);
    expect((await planPipeline(spec, ALL, testContext(test.db).context)).setup).toEqual([]);
  });
}

for (const recorded of [true, false]) {
  Deno.test(`a primary key holds a column NOT NULL that the file no longer requires${recorded ? "" : ", of a table of version 0.1.0"}`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": "id,name\n1,a\n" });
    await run(
      test.db,
      specOf(yaml("full", "id: { type: integer, required: true }, name: text"), files.folder),
    );
    await test.db.query("alter table shop.things add primary key (id)");
    if (!recorded) await test.db.query("delete from sluice.target_columns");
    files.write("things.csv", "id,name\n2,b\n,c\n");
    const spec = specOf(yaml("full", "id: integer, name: text"), files.folder);
    expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_rejected: 1 });
    await test.db.query("alter table shop.things drop constraint things_pkey");
    files.write("things.csv", "id,name\n3,b\n,c\n");
    // What is not known to be Sluice's own stays; what is goes as the file asks.
    expect(await run(test.db, spec)).toMatchObject({
      status: "succeeded",
      rows_rejected: recorded ? 0 : 1,
    });
  });
}

for (const mode of MODES) {
  Deno.test(`${mode}: a table of version 0.1.0 is told from what was changed in it since`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
    const columns =
      "id: { type: integer, required: true }, name: text, n: { type: bigint, required: true }";
    const spec = specOf(yaml(mode, columns), files.folder);
    await run(test.db, spec);
    await test.db.query(
      `alter table shop.things alter name set not null; delete from sluice.target_columns`,
    );
    files.write("things.csv", "id,name,n\n2,,2\n3,c,3\n");
    expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_rejected: 1 });
    // Recorded by now: the file's own NOT NULL goes with the file, the other one stays.
    const looser = specOf(
      yaml(mode, columns.replace("{ type: bigint, required: true }", "bigint")),
      files.folder,
    );
    files.write("things.csv", "id,name,n\n4,d,\n5,,5\n");
    expect(await run(test.db, looser)).toMatchObject({ status: "succeeded", rows_rejected: 1 });
    expect(await test.db.query("select id, name, n from shop.things where id = 4"))
      .toEqual([{ id: 4, name: "d", n: null }]);
  });
}

Deno.test("a collation that somebody gave a column stays when its type is widened", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
  await run(
    test.db,
    specOf(yaml("full", "id: integer, name: varchar(3), n: bigint"), files.folder),
  );
  await test.db.query(`alter table shop.things alter name type varchar(3) collate "C"`);
  files.write("things.csv", "id,name,n\n2,longer,2\n");
  expect(await run(test.db, specOf(yaml("full"), files.folder))).toMatchObject({
    status: "succeeded",
  });
  expect(await shape(test.db)).toMatchObject({
    columns: ["id integer default", "name text C", "n bigint"].map((each) =>
      each.replace(" default", "")
    ),
  });
});

Deno.test("a column that followed the source keeps the NOT NULL that somebody gave it", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,extra\n1,x\n" });
  const evolving = `${yaml("full", "id: integer")}schema_contract: { new_columns: evolve }\n`;
  const spec = specOf(evolving, files.folder);
  await run(test.db, spec);
  await test.db.query("alter table shop.things alter extra set not null");
  const before = await shape(test.db);
  files.write("things.csv", "id,extra\n1,x\n2,\n");
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_rejected: 1 });
  expect(await shape(test.db)).toEqual(before);
});

Deno.test("type_changes: evolve widens what somebody narrowed only where a value asks for it", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
  const spec = specOf(`${yaml("full")}schema_contract: { type_changes: evolve }\n`, files.folder);
  await run(test.db, spec);
  await test.db.query("alter table shop.things alter n type smallint");
  files.write("things.csv", "id,name,n\n1,a,2\n");
  await run(test.db, spec);
  expect(await shape(test.db)).toMatchObject({ columns: expect.arrayContaining(["n smallint"]) });
  files.write("things.csv", "id,name,n\n1,a,70000\n");
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_rejected: 0 });
  expect(await test.db.query("select n from shop.things")).toEqual([{ n: 70000 }]);
});

Deno.test("a rollback keeps what somebody made stricter since", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
  const spec = specOf(yaml("full"), files.folder);
  await run(test.db, spec);
  files.write("things.csv", "id,name,n\n2,b,2\n");
  await run(test.db, spec);
  await test.db.query(
    "alter table shop.things alter name set not null; alter table shop.things add primary key (id)",
  );
  const before = await shape(test.db);
  await rollbackPipeline(spec, {}, testContext(test.db).context);
  expect(await shape(test.db)).toEqual(before);
  expect(await test.db.query("select id from shop.things")).toEqual([{ id: 1 }]);
});

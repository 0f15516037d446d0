import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { planPipeline, rollbackPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { it, ledgerDatabase } from "../support/every_db.ts";

function yaml(mode: string, columns: string): string {
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: ${mode} }
idempotency_key: [id]
columns: { ${columns} }
`;
}

const BEFORE = 'id: { type: integer, required: true }, price: "numeric(6,2)", name: varchar(5)';
const AFTER =
  'id: { type: bigint, required: true }, price: "numeric(8,2)", name: text, note: { type: text, required: true }';

async function types(db: Database): Promise<unknown[]> {
  return await db.query(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
where attrelid = 'shop.things'::regclass and attnum > 0 and not attisdropped
  and attname not like '\\_%' order by attnum`,
  );
}

for (const mode of ["full", "append", "upsert", "history"]) {
  it(`${mode}: columns are added and widened, and earlier versions can still be put back`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": "id,price,name\n1,1.50,one\n2,2.00,two\n" });
    await run(test.db, specOf(yaml(mode, BEFORE), files.folder));
    files.write("things.csv", "id,price,name\n1,1.75,uno\n3,3.00,three\n");
    await run(test.db, specOf(yaml(mode, BEFORE), files.folder));
    files.write("things.csv", "id,price,name,note\n5,999999.99,longer than five,x\n");
    const spec = specOf(yaml(mode, AFTER), files.folder);
    const { context } = testContext(test.db);
    const { setup } = await planPipeline(spec, ALL, context);
    expect(
      setup.filter(({ sql, lock }) => sql.startsWith(`alter table "shop"."things" `) && lock).map((
        { sql, lock },
      ) => `${sql.replace(/^alter table "shop"."things" /, "")} | ${lock}`),
    ).toEqual([
      // A table that is laid out by the column is made anew, see widen_any_column_test.ts.
      ...(mode === "full" ? [] : [
        `alter column "id" type bigint using "id"::bigint | ACCESS EXCLUSIVE on shop.things, while every row is rewritten`,
        `alter column "price" type numeric(8,2) using "price"::numeric(8,2) | ACCESS EXCLUSIVE on shop.things, for milliseconds`,
        `alter column "name" type text using "name"::text | ACCESS EXCLUSIVE on shop.things, for milliseconds`,
      ]),
      `add column "note" text | ACCESS EXCLUSIVE on shop.things, for milliseconds`,
    ]);
    expect(await run(test.db, spec)).toMatchObject({ status: "succeeded" });
    expect(await types(test.db)).toEqual([
      { name: "id", type: "bigint" },
      { name: "price", type: "numeric(8,2)" },
      { name: "name", type: "text" },
      { name: "note", type: "text" },
    ]);
    const rows = async () =>
      (await test.db.query<{ row: string }>(
        `select id || ':' || price || ':' || name || ':' || coalesce(note, '-') as row
from shop.things ${mode === "history" ? "where _current" : ""} order by id`,
      )).map(({ row }) => row).join(" ");
    await rollbackPipeline(spec, {}, context);
    expect(await rows()).toBe(
      {
        full: "1:1.75:uno:- 3:3.00:three:-",
        append: "1:1.50:one:- 2:2.00:two:- 3:3.00:three:-",
        upsert: "1:1.75:uno:- 2:2.00:two:- 3:3.00:three:-",
        history: "1:1.75:uno:- 2:2.00:two:- 3:3.00:three:-",
      }[mode],
    );
    await rollbackPipeline(spec, { to: 1 }, context);
    expect(await rows()).toBe("1:1.50:one:- 2:2.00:two:-");
    await rollbackPipeline(spec, { to: 3 }, context);
    expect(await rows()).toContain("5:999999.99:longer than five:x");
  });
}

it("a column that leaves the pipeline stays in the table, as NULL", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,note\n1,a,x\n" });
  const both =
    "id: { type: integer, required: true }, name: text, note: { type: text, required: true }";
  await run(test.db, specOf(yaml("upsert", both), files.folder));
  files.write("things.csv", "id,name\n2,b\n");
  const spec = specOf(
    yaml("upsert", "id: { type: integer, required: true }, name: text"),
    files.folder,
  );
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded" });
  expect(await test.db.query("select * from shop.things order by id")).toEqual([
    { id: 1, name: "a", note: "x" },
    { id: 2, name: "b", note: null },
  ]);
});

it("a change that values may not survive needs --allow-destructive", async () => {
  for (const mode of ["full", "upsert"]) {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": "id,price,name\n1,1.50,12\n" });
    await run(test.db, specOf(yaml(mode, BEFORE), files.folder));
    const narrower = specOf(
      yaml(mode, 'id: { type: integer, required: true }, price: "numeric(6,1)", name: integer'),
      files.folder,
    );
    await expect(run(test.db, narrower)).rejects.toMatchObject({
      code: "plan/target_differs",
      message: expect.stringContaining(
        'column "price" is numeric(6,2) in the table, numeric(6,1) in the pipeline; ' +
          'column "name" is character varying(5) in the table',
      ),
      hint: expect.stringContaining("--allow-destructive"),
    });
    files.write("things.csv", "id,price,name\n2,2.5,13\n");
    expect(await run(test.db, narrower, { allowDestructive: true })).toMatchObject({
      status: "succeeded",
    });
    const { context } = testContext(test.db);
    await rollbackPipeline(narrower, {}, context);
    expect(await test.db.query("select * from shop.things")).toEqual([
      { id: 1, price: "1.5", name: 12 },
    ]);
  }
});

it("a value that does not survive stops a destructive change before anything is done", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,price,name\n1,1.50,one\n" });
  await run(test.db, specOf(yaml("full", BEFORE), files.folder));
  const narrower = specOf(
    yaml("full", 'id: { type: integer, required: true }, price: "numeric(6,2)", name: integer'),
    files.folder,
  );
  files.write("things.csv", "id,price,name\n1,1.50,1\n");
  await expect(run(test.db, narrower, { allowDestructive: true })).rejects.toMatchObject({
    code: "db/invalid_data",
  });
  expect(await test.db.query("select * from shop.things")).toEqual([
    { id: 1, price: "1.50", name: "one" },
  ]);
  const [{ status }] = await test.db.query<{ status: string }>(
    "select status from sluice.runs order by started_at desc limit 1",
  );
  expect(status).toBe("failed");
});

it("the column that the table is laid out by changes as others do", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const yamlOf = (id: string) => yaml("full", `id: ${id}, name: text`).replace(/idempotency.*/, "");
  await run(test.db, specOf(yamlOf("text"), files.folder));
  const narrower = specOf(yamlOf("integer"), files.folder);
  await expect(run(test.db, narrower)).rejects.toMatchObject({
    code: "plan/target_differs",
    hint: expect.stringContaining("--allow-destructive"),
  });
  files.write("things.csv", "id,name\n2,a\n");
  expect(await run(test.db, narrower, { allowDestructive: true })).toMatchObject({
    status: "succeeded",
  });
  await rollbackPipeline(narrower, {}, testContext(test.db).context);
  expect(await test.db.query("select id from shop.things")).toEqual([{ id: 1 }]);
});

it("key and partition columns cannot come later", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const id = "id: { type: integer, required: true }, name: text";
  await run(test.db, specOf(yaml("upsert", id), files.folder));
  files.write("things.csv", "id,name,day\n1,a,2021-01-01\n");
  const wider = yaml("upsert", `${id}, day: { type: date, required: true }`)
    .replace("[id]", "[id, day]");
  await expect(run(test.db, specOf(wider, files.folder))).rejects.toMatchObject({
    code: "plan/target_differs",
    message: expect.stringContaining('column "day" is missing in the table'),
  });
  await expect(run(test.db, specOf(yaml("history", id), files.folder))).rejects.toMatchObject({
    code: "plan/target_differs",
    message: expect.stringContaining('column "_valid_from" is missing in the table'),
  });
});

import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { planPipeline, replayRejects, rollbackPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { it, ledgerDatabase } from "../support/every_db.ts";

// What `schema_contract: evolve` makes of files that change.

function yaml(contract: string, more = ""): string {
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: { type: smallint, required: true }, at: date, note: varchar(3) }
schema_contract: { ${contract} }
rejects: { limit: 5 }
${more}`;
}

async function types(db: Database): Promise<Record<string, string>> {
  const rows = await db.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
where attrelid = 'shop.things'::regclass and attnum > 0 and not attisdropped order by attnum`,
  );
  return Object.fromEntries(rows.map(({ name, type }) => [name, type]));
}

const NEW_FIELDS = `id,Zip Code,at,note,big,when,ok,money,empty,mixed,id2
1,01234,2021-01-01,a,5000000000,2021-01-01 10:00:00,true,1.50,,1,0f8fad5b-d9cb-469f-a165-70867728950e
2,98765,2021-01-02,b,1,2021-01-01 11:00:00.5,false,2,,x,0f8fad5b-d9cb-469f-a165-70867728950f
`;

it("new_columns: evolve adds columns with the narrowest type that loses nothing", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": NEW_FIELDS });
  const spec = specOf(yaml("new_columns: evolve"), files.folder);
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_loaded: 2 });
  expect(await types(test.db)).toEqual({
    id: "smallint",
    at: "date",
    note: "character varying(3)",
    // A leading zero would be lost in a number.
    zip_code: "text",
    big: "bigint",
    when: "timestamp without time zone",
    ok: "boolean",
    money: "numeric",
    empty: "text",
    mixed: "text",
    id2: "uuid",
  });
  expect(await test.db.query(`select zip_code, money, "when" from shop.things order by id`))
    .toEqual([
      { zip_code: "01234", money: "1.50", when: "2021-01-01T10:00:00" },
      { zip_code: "98765", money: "2", when: "2021-01-01T11:00:00.5" },
    ]);
});

it("new_columns: evolve alters what stands, says so, and later files may do without", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,at,note\n1,2021-01-01,a\n" });
  const spec = specOf(yaml("new_columns: evolve"), files.folder);
  await run(test.db, spec);
  files.write("things.csv", "id,at,note,seats\n2,2021-01-01,b,7\n");
  const { context } = testContext(test.db);
  const plan = await planPipeline(spec, ALL, context);
  expect(plan.evolved).toEqual([{
    column: "seats",
    change: "added",
    type: "integer",
    evidence: 'field "seats" has 1 values, all of them integer',
  }]);
  expect(plan.setup.map(({ sql }) => sql)).toContain(
    `alter table "shop"."things" add column "seats" integer`,
  );
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded" });
  const [change] = await test.db.query("select target, statement from sluice.schema_changes");
  expect(change).toEqual({
    target: "shop.things",
    statement: `alter table "shop"."things" add column "seats" integer`,
  });
  files.write("things.csv", "id,at,note\n3,2021-01-01,c\n");
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded" });
  files.write("things.csv", "id,at,note,seats\n4,2021-01-01,d,5000000000\n");
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_loaded: 1 });
  expect((await types(test.db)).seats).toBe("bigint");
  await rollbackPipeline(spec, { to: 2 }, context);
  expect(await test.db.query("select id, seats from shop.things")).toEqual([{ id: 2, seats: 7 }]);
});

it("type_changes: evolve widens columns by the values, in append mode and full", async () => {
  for (const mode of ["full", "append"]) {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": "id,at,note\n1,2021-01-01,abc\n" });
    const spec = specOf(yaml("type_changes: evolve", `refresh: { mode: ${mode} }\n`), files.folder);
    const { context } = testContext(test.db);
    await run(test.db, spec);
    files.write("things.csv", "id,at,note\n2,2021-01-01 10:00,abcd\n70000,2021-01-02,b\n");
    const plan = await planPipeline(spec, ALL, context);
    expect(plan.evolved.map(({ column, type, evidence }) => [column, type, evidence])).toEqual([
      ["id", "integer", "a value on line 3 is not a valid smallint"],
      // A timestamp would give a midnight to the dates that are there.
      ["at", "text", "a value on line 2 is not a valid date"],
      ["note", "text", "a value on line 2 is not a valid varchar(3)"],
    ]);
  }
});

it("type_changes: evolve keeps a wider column for files that fit the pipeline again", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,at,note\n1,2021-01-01,abc\n" });
  const spec = specOf(yaml("type_changes: evolve", "refresh: { mode: append }\n"), files.folder);
  await run(test.db, spec);
  files.write("things.csv", "id,at,note\n70000,2021-01-02 10:00,abcd\n");
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded" });
  files.write("things.csv", "id,at,note\n3,2021-01-03,abc\n");
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_loaded: 1 });
  expect(await types(test.db)).toEqual({
    id: "integer",
    at: "text",
    note: "text",
  });
  expect((await test.db.query("select from shop.things")).length).toBe(3);
});

it("a file with nothing new evolves nothing, and none is read twice where the contract is frozen", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,at,note\n1,2021-01-01,abc\n" });
  const spec = specOf(yaml("new_columns: evolve, type_changes: evolve"), files.folder);
  await run(test.db, spec);
  const { context } = testContext(test.db);
  const plan = await planPipeline(spec, { ...ALL, force: true }, context);
  expect(plan.evolved).toEqual([]);
  expect(plan.setup).toEqual([]);
});

it("a replay fills the columns that an earlier load has added", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "things.csv": "id,at,note,seats\n1,2021-01-01,a,4\n2,2021-01-01,abcd,7\n",
  });
  const spec = specOf(yaml("new_columns: evolve", "refresh: { mode: append }\n"), files.folder);
  expect(await run(test.db, spec)).toMatchObject({ rows_loaded: 1, rows_rejected: 1 });
  const mended = specOf(
    yaml("new_columns: evolve", "refresh: { mode: append }\n").replace("varchar(3)", "varchar(4)"),
    files.folder,
  );
  const { context } = testContext(test.db);
  expect(await replayRejects(mended, undefined, context)).toMatchObject({ rows_loaded: 1 });
  expect(await test.db.query("select id, seats from shop.things order by id")).toEqual([
    { id: 1, seats: 4 },
    { id: 2, seats: 7 },
  ]);
});

it("a file without any column of the pipeline replaces nothing, under any contract", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const pipeline = (contract: string) => `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: integer, name: text }
schema_contract: { ${contract} }
`;
  expect(await run(test.db, specOf(pipeline(""), files.folder))).toMatchObject({ rows_loaded: 1 });
  files.write("things.csv", "sku;qty\nA;1\nB;2\n");
  for (
    const contract of [
      "new_columns: discard_value, missing_columns: discard_value",
      "new_columns: discard_row, missing_columns: discard_row",
      "new_columns: evolve, missing_columns: discard_value",
    ]
  ) {
    const result = await run(test.db, specOf(pipeline(contract), files.folder));
    expect(result).toMatchObject({ status: "failed" });
    expect(result.partitions[0]?.error ?? result.error).toMatchObject({
      code: "rows/schema_mismatch",
      message: expect.stringContaining("none of the pipeline's columns"),
    });
    expect(await test.db.query("select id, name from shop.things")).toEqual([{ id: 1, name: "a" }]);
  }
});

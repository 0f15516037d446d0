import { expect } from "packages/expect.ts";
import type { SluiceError } from "../../src/core/error.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import { checkPipeline } from "../../src/run/check_live.ts";
import { planPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { type TestDatabase, testDatabase } from "../support/postgres.ts";
import { createTypes } from "./server_types.ts";

// What is refused about columns that Postgres reads, and what becomes of their rows.

function yaml(columns: string, more = "", indexes = ""): string {
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things${indexes} }
refresh: { mode: full }
columns:
${columns}
rejects: { limit: 90% }
${more}
`;
}

async function withTypes(): Promise<TestDatabase> {
  const test = await testDatabase();
  await createTypes(test.db);
  return test;
}

const REFUSED: readonly {
  readonly what: string;
  readonly columns: string;
  readonly more?: string;
  readonly indexes?: string;
  readonly setup?: string;
  readonly code: string;
  readonly message: RegExp;
}[] = [
  {
    what: "a type that is not there",
    columns: "  v: shop.glad",
    code: "plan/unknown_type",
    message: /^test\.yaml: column "v": there is no type shop\.glad in the database$/,
  },
  {
    what: "a schema that is not there",
    columns: "  v: nowhere.mood[]",
    code: "plan/unknown_type",
    message: /there is no type nowhere\.mood/,
  },
  {
    what: "a type that two schemas have",
    columns: "  v: hstore",
    setup: "create schema a; create domain a.hstore as text",
    code: "plan/unknown_type",
    message: /a type hstore in each of the schemas a, shop/,
  },
  {
    what: "modifiers that the type has not",
    columns: '  v: "inet(3)"',
    code: "plan/unusable_type",
    message: /inet has no modifiers/,
  },
  {
    what: "modifiers that are out of range",
    columns: '  v: "varchar(0)[]"',
    code: "plan/unusable_type",
    message: /length for type varchar must be at least 1/,
  },
  {
    what: "a key without an order",
    columns: "  v: { type: xml, required: true }",
    more: "idempotency_key: [v]",
    code: "plan/unusable_type",
    message: /"v" is xml, whose values have no order/,
  },
  {
    what: "an index without an order",
    columns: "  id: integer\n  v: point",
    indexes: ", indexes: [[v]]",
    code: "plan/unusable_type",
    message: /"v" is point, which btree cannot index/,
  },
  {
    what: "nothing but columns without an order",
    columns: "  v: xml\n  w: point",
    code: "plan/unusable_type",
    message: /no column has an order/,
  },
  {
    what: "a type that no value has",
    columns: "  v: pg_catalog.anyelement",
    code: "plan/unusable_type",
    message: /no value can be of type pg_catalog\.anyelement/,
  },
];

for (const { what, columns, more = "", indexes = "", setup, code, message } of REFUSED) {
  Deno.test(`a plan refuses ${what}, and makes nothing`, async () => {
    await using test = await withTypes();
    if (setup !== undefined) await test.db.query(setup);
    using files = workspace({ "things.csv": "id,v,w\n" });
    const spec = specOf(yaml(columns, more, indexes), files.folder);
    const error = await planPipeline(spec, ALL, testContext(test.db).context)
      .catch((error: SluiceError) => error) as SluiceError;
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(error.hint).toBeDefined();
    expect(await test.db.query("select from pg_class where relname like 'things%'")).toEqual([]);
  });
}

Deno.test("a type without its schema is found where it alone is", async () => {
  await using test = await withTypes();
  using files = workspace({ "things.csv": "v,w\nAb,a=>1\n" });
  const spec = specOf(yaml("  v: citext\n  w: hstore[]"), files.folder);
  const { rows } = await planPipeline(spec, ALL, testContext(test.db).context);
  expect(rows.columns.map(({ type }) => type.name === "other" && type.sql))
    .toEqual(["shop.citext", "shop.hstore[]"]);
});

const CONTRACTS = {
  freeze: { loaded: [1, 5], rejected: [3, 4, 5, 6], discarded: 0 },
  discard_row: { loaded: [1, 5], rejected: [6], discarded: 3 },
  discard_value: { loaded: [1, 2, 5], rejected: [4, 5, 6], discarded: 0 },
};

for (const [contract, wanted] of Object.entries(CONTRACTS)) {
  Deno.test(`type_changes: ${contract} holds for what Postgres cannot read`, async () => {
    await using test = await withTypes();
    using files = workspace({
      "things.csv": [
        "id,a,b,c,d",
        '1,"{1}",10.0.0.1,a@b,sad',
        '2,"{x}",10.0.0.1,a@b,sad',
        '3,"{x}",10.0.0.300,a@b,glad',
        '4,"{1}",10.0.0.1,a@b,glad',
        '5,"{1}",10.0.0.1,ab,sad',
        '5,"{7}",,,ok',
      ].join("\n") + "\n",
    });
    const spec = specOf(
      yaml(
        `  id: integer
  a: integer[]
  b: inet
  c: shop.email
  d: { type: shop.mood, required: true }`,
        `schema_contract: { type_changes: ${contract} }\nverify: full`,
      ),
      files.folder,
    );
    const result = await run(test.db, spec);
    expect([result.status, result.error]).toEqual(["succeeded", null]);
    const { rows } = await readRejects(test.db, spec, { limit: 10 });
    const ids = await test.db.query<{ id: number }>("select id from shop.things order by id");
    expect({
      loaded: ids.map(({ id }) => id),
      rejected: rows.map(({ line }) => line),
      discarded: result.rows_discarded,
    }).toEqual(wanted);
  });
}

Deno.test("texts that cannot be read, constraints, rules and duplicates are counted once each", async () => {
  await using test = await withTypes();
  using files = workspace({
    "things.csv": [
      "id,tags,mood",
      "1,{a},sad",
      "2,{b},glad",
      "3,b},ok",
      "1,{c},sad",
      "4,{bad},sad",
      "5,{long},ok",
      "x,{d},ok",
      "6,,",
    ].join("\n") + "\n",
  });
  const spec = specOf(
    yaml(
      "  id: { type: integer, required: true }\n  tags: text[]\n" +
        '  mood: { type: shop.mood, default: "very happy" }',
      `idempotency_key: [id]
on_duplicate: reject
rules: { good: "not 'bad' = any (tags)" }
verify: full`,
    ),
    files.folder,
  );
  const first = await run(test.db, spec);
  expect([first.status, first.error]).toEqual(["succeeded", null]);
  expect(first).toMatchObject({ rows_read: 8, rows_loaded: 3, rows_rejected: 5 });
  await test.db.query(
    `alter table shop.things add constraint short check (cardinality(tags) < 2 and tags <> '{long}') not valid`,
  );
  const { context } = testContext(test.db);
  const second = await run(test.db, spec, { force: true });
  expect([second.status, second.error]).toEqual(["succeeded", null]);
  expect(second).toMatchObject({ rows_read: 8, rows_loaded: 2, rows_rejected: 6 });
  const { rows } = await readRejects(test.db, spec, { limit: 100 });
  expect(rows.slice(-6).map(({ line, column, code }) => [line, column, code])).toEqual([
    [3, "mood", "sqlstate:22P02"],
    [4, "tags", "sqlstate:22P02"],
    [5, null, "duplicate_key"],
    [6, null, "rule:good"],
    [7, null, "sqlstate:23514"],
    [8, "id", "invalid_integer"],
  ]);
  expect(await test.db.query("select id, tags::text, mood::text from shop.things order by id"))
    .toEqual([
      { id: 1, tags: "{a}", mood: "sad" },
      { id: 6, tags: null, mood: "very happy" },
    ]);
  expect(await checkPipeline(spec, [], context)).toMatchObject({ status: "passed" });
});

Deno.test("a function that a domain lacks fails the load, and rejects nothing", async () => {
  await using test = await withTypes();
  await test.db.query(`
create function shop.fine(text) returns boolean language plpgsql as $$
  begin return no_such_function($1); end $$;
create domain shop.fine as text check (shop.fine(value))`);
  using files = workspace({ "things.csv": "v\na\nb\n" });
  const spec = specOf(yaml("  v: shop.fine"), files.folder);
  const result = await run(test.db, spec);
  expect(result).toMatchObject({ status: "failed", rows_rejected: 0 });
  expect(result.error?.message).toMatch(/^Postgres cannot read column "v": .*no_such_function/);
  expect(await test.db.query("select relname from pg_class where relname like 'things\\_\\_%'"))
    .toEqual([]);
});

Deno.test("evolve takes a new field by the type that its column has already", async () => {
  await using test = await withTypes();
  using files = workspace({ "things.csv": "id\n1\n" });
  const spec = specOf(
    yaml("  id: integer", "schema_contract: { new_columns: evolve, type_changes: evolve }")
      .replace("mode: full", "mode: append"),
    files.folder,
  );
  expect(await run(test.db, spec)).toMatchObject({ rows_loaded: 1 });
  await test.db.query("alter table shop.things add column at inet, add column mood shop.mood");
  files.write("things.csv", "id,at,mood,new\n2,10.0.0.1,sad,x\n3,10.0.0.300,sad,y\n4,::1,glad,z\n");
  const result = await run(test.db, spec);
  expect([result.status, result.error]).toEqual(["succeeded", null]);
  const { rows } = await readRejects(test.db, spec, { limit: 10 });
  expect(rows.map(({ line, column }) => [line, column])).toEqual([[3, "at"], [4, "mood"]]);
  expect(
    await test.db.query(
      "select id, at::text, mood::text, new from shop.things where id > 1 order by id",
    ),
  ).toEqual([{ id: 2, at: "10.0.0.1/32", mood: "sad", new: "x" }]);
});

Deno.test("a column that somebody made another type reads the text by it, and the plan says so", async () => {
  await using test = await withTypes();
  using files = workspace({ "things.csv": "id,v\n1,sad\n" });
  const spec = specOf(yaml("  id: integer\n  v: text"), files.folder);
  expect(await run(test.db, spec)).toMatchObject({ rows_loaded: 1 });
  await test.db.query("alter table shop.things alter v type shop.mood using v::shop.mood");
  files.write("things.csv", "id,v\n1,ok\n2,glad\n");
  const { kept } = await planPipeline(spec, ALL, testContext(test.db).context);
  expect(kept).toEqual([{ column: "v", what: "shop.mood, which Postgres reads from the text" }]);
  expect(await run(test.db, spec)).toMatchObject({
    status: "succeeded",
    rows_loaded: 1,
    rows_rejected: 1,
  });
});

Deno.test("a type that changes in the file is a change of the column", async () => {
  await using test = await withTypes();
  using files = workspace({ "things.csv": "id,v\n1,sad\n" });
  const spec = (type: string) => specOf(yaml(`  id: integer\n  v: ${type}`), files.folder);
  expect(await run(test.db, spec("shop.mood"))).toMatchObject({ rows_loaded: 1 });
  await expect(planPipeline(spec("text"), ALL, testContext(test.db).context))
    .rejects.toMatchObject({ code: "plan/target_differs" });
  const allowed = { ...ALL, allowDestructive: true };
  expect(await run(test.db, spec("shop.citext"), allowed)).toMatchObject({ rows_loaded: 1 });
  expect(await run(test.db, spec("shop.citext"), { force: true })).toMatchObject({
    rows_loaded: 1,
  });
});

for (const mode of ["full", "append", "upsert", "history"]) {
  Deno.test(`${mode}: what COPY, a type, and a constraint refuse are told apart, in any encoding`, async () => {
    await using test = await testDatabase("LATIN1");
    await test.db.query(`create schema shop; create type shop.mood as enum ('sad', 'ok', 'ä')`);
    const names = ["r", "sluice_row", 'a "b" \\', "v", "_sluice_x".slice(1)];
    const header = ["id", ...names].map((name) => `"${name.replaceAll('"', '""')}"`).join(",");
    const row = (id: number, tags: string, mood = "ä") =>
      `${id},"${tags}",${mood},10.0.0.${id},"[1,${id + 1})",x${id}`;
    using files = workspace({
      "things.csv": [
        header,
        row(1, "{é}"),
        row(2, "{日}"),
        row(3, "{b", "ok"),
        row(4, "{c}", "glad"),
        row(5, "{refused}", "sad"),
        row(300, "{d}"),
        row(7, "{e}", "ok"),
      ].join("\n") + "\n",
    });
    const types = ["text[]", "shop.mood", "inet", "int4range", "text"];
    const text = (more: string) => `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: ${mode} }
idempotency_key: [id]
columns:
  id: { type: integer, required: true }
${names.map((name, at) => `  ${JSON.stringify(name)}: ${JSON.stringify(types[at])}`).join("\n")}
rejects: { limit: 90% }
verify: full
${more}`;
    files.write("first.csv", `${header}\n${row(1, "{first}")}\n`);
    const first = specOf(text("").replace("things.csv", "first.csv"), files.folder);
    expect(await run(test.db, first)).toMatchObject({ rows_loaded: 1 });
    await test.db.query(
      `alter table shop.things add constraint fine check (r <> '{refused}') not valid`,
    );
    const spec = specOf(text(""), files.folder);
    const result = await run(test.db, spec);
    expect([result.status, result.error]).toEqual(["succeeded", null]);
    const { rows } = await readRejects(test.db, spec, { limit: 10 });
    expect(rows.map(({ line, column, code }) => [line, column, code])).toEqual([
      [3, "r", "sqlstate:22P05"],
      [4, "r", "sqlstate:22P02"],
      [5, "sluice_row", "sqlstate:22P02"],
      [6, null, "sqlstate:23514"],
      [7, 'a "b" \\', "sqlstate:22P02"],
    ]);
    const current = mode === "history" ? "where _current" : "";
    expect(
      await test.db.query(
        `select id, r::text, sluice_row::text as mood from shop.things ${current} order by id`,
      ),
    ).toEqual([
      { id: 1, r: mode === "append" ? "{first}" : "{é}", mood: "ä" },
      { id: 7, r: "{e}", mood: "ok" },
    ]);
  });
}

Deno.test("texts go into other columns of texts that stand, and rejects are what they do not hold", async () => {
  await using test = await withTypes();
  await test.db.query("create table shop.things (id integer, a varchar, b varchar(2), c char(3))");
  using files = workspace({ "things.csv": "id,a,b,c\n1,long text,ab,x\n2,,abc,y\n3,,,abcd\n" });
  const spec = specOf(
    yaml("  id: integer\n  a: text\n  b: text\n  c: text", "verify: full")
      .replace("mode: full", "mode: append"),
    files.folder,
  );
  const result = await run(test.db, spec);
  expect([result.status, result.error]).toEqual(["succeeded", null]);
  const { rows } = await readRejects(test.db, spec, { limit: 10 });
  expect(rows.map(({ line, column, code }) => [line, column, code]))
    .toEqual([[3, "b", "too_long"], [4, "c", "too_long"]]);
  expect(await test.db.query("select * from shop.things"))
    .toEqual([{ id: 1, a: "long text", b: "ab", c: "x  " }]);
});

import { expect } from "packages/expect.ts";
import { planPipeline } from "../../src/run/mod.ts";
import { loadSpec } from "../../src/spec/load_spec.ts";
import { between, pick, randomFrom } from "../rows/random.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import { replayRejects } from "../../src/run/mod.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { it, testDatabase } from "../support/every_db.ts";

function yaml(columns: string, more = "", table = "shop.things"): string {
  return `
pipeline: things
source: { url: things.csv }
target: { table: ${table} }
columns: { ${columns} }
rejects: { limit: 20 }
${more}
`;
}

const TRIPS = `id: integer, d: { type: date, keep: false }, t: { type: time, keep: false },
  at: { type: timestamp, expression: d + t, required: true },
  km: numeric, hours: numeric,
  speed: { type: "numeric(6,2)", expression: km / hours, max: 200 },
  fast: { type: boolean, expression: speed > 100 }`;
const FILE = `id,d,t,km,hours
1,2021-01-05,10:00,100,2
2,2021-01-05,11:00,100,0
3,,12:00,1,1
4,2021-01-05,13:00,300,1
5,2021-01-05,14:00,150,1
6,2021-01-05,15:00,100000000,1
7,2021-01-05,16:00,,
8,no date,16:00,1,1
`;
const ROWS = "select id, at::text, speed::text, fast from shop.things order by id";
const REJECTS = [
  [3, "speed", "sqlstate:22012", "division by zero"],
  [4, "at", "required", "NULL is not allowed: the column is required"],
  [5, "speed", "above_max", '"300.00" is not at most 200'],
  [7, "speed", "out_of_range", '"100000000.00" is not a numeric(6, 2)'],
  [9, "d", "invalid_date", expect.anything()],
];

const MODES = {
  "a whole table": "",
  "append": "refresh: { mode: append }",
  "append with a key": "refresh: { mode: append }\nidempotency_key: [id]",
  "upsert": "refresh: { mode: upsert }\nidempotency_key: [id]",
  "history": "refresh: { mode: history }\nidempotency_key: [id]",
  "verified": "verify: full",
  "evolve": "schema_contract: { new_columns: evolve, type_changes: evolve }",
};

for (const [name, more] of Object.entries(MODES)) {
  it(`${name}: columns are computed, and a row that cannot be is a reject with its line`, async () => {
    await using test = await testDatabase();
    using files = workspace({ "things.csv": FILE });
    const spec = specOf(yaml(TRIPS, more), files.folder);
    const result = await run(test.db, spec);
    expect(result).toMatchObject({ error: null, rows_read: 8, rows_loaded: 3, rows_rejected: 5 });
    for (const seconds of Object.values(result.partitions[0].phases)) {
      expect(seconds).toBeGreaterThanOrEqual(0);
    }
    expect(await test.db.query(ROWS)).toEqual([
      { id: 1, at: "2021-01-05 10:00:00", speed: "50.00", fast: false },
      { id: 5, at: "2021-01-05 14:00:00", speed: "150.00", fast: true },
      { id: 7, at: "2021-01-05 16:00:00", speed: null, fast: null },
    ]);
    const { rows } = await readRejects(test.db, spec, { limit: 20 });
    expect(rows.map(({ line, column, code, message }) => [line, column, code, message]))
      .toEqual(REJECTS);
    const columns = await test.db.query<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = 'shop.things'::regclass
         and attnum > 0 and not attisdropped and attname !~ '^_'`,
    );
    expect(columns.map(({ name }) => name)).toEqual(["id", "at", "km", "hours", "speed", "fast"]);
    // Nothing of the way is left behind.
    const left = await test.db.query(
      "select relname from pg_class where relname like '%raw%' and relnamespace = 'shop'::regnamespace",
    );
    expect(left).toEqual([]);
    expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
    const mended = specOf(
      yaml(TRIPS.replace("km / hours", '"km / nullif(hours, 0)"'), more),
      files.folder,
    );
    const { context } = testContext(test.db);
    expect(await replayRejects(mended, undefined, context)).toMatchObject({ rows_loaded: 1 });
    expect((await test.db.query(ROWS))[1]).toMatchObject({ id: 2, speed: null });
  });
}

it("a computed column holds the partition, is the key, and is judged by rules and checks", async () => {
  await using test = await testDatabase();
  using files = workspace({
    "2021-01.csv": [
      "code,day,time,v",
      "a-1,2021-01-05,10:00,1",
      "b-1,2021-01-31,23:59,2",
      "A-1,2021-01-05,10:00,3",
      "c-1,2021-02-01,00:00,4",
      "d-1,,10:00,5",
      "e-1,2021-01-06,10:00,-1",
      "",
    ].join("\n"),
  });
  const spec = specOf(
    `
pipeline: codes
partitions: { by: month, from: 2021-01, to: 2021-01 }
source: { url: "{month}.csv" }
target: { table: shop.codes, partition_column: at, indexes: [[letter]], lineage: true }
columns:
  code: { type: text, keep: false }
  day: { type: text, keep: false }
  time: { type: text, keep: false }
  letter: { type: "char(1)", expression: "upper(split_part(code, '-', 1))", one_of: [A, B, C, D, E] }
  at: { type: timestamptz, expression: "(day || ' ' || time)::timestamp at time zone 'UTC' -- both" }
  v: integer
  file: { type: text, expression: "regexp_replace(_source_file, '^.*/', '')" }
  since: { type: interval, expression: "at - {month:start}" }
idempotency_key: [letter, at]
on_duplicate: keep_last
rules: { positive: v > 0 and letter > ' ' }
checks:
  - accepted_values: { column: letter, values: [A, B] }
  - unique: [letter]
rejects: { limit: 9 }
verify: full
`,
    files.folder,
  );
  expect(await run(test.db, spec)).toMatchObject({ error: null, rows_loaded: 2, rows_rejected: 3 });
  expect(
    await test.db.query(
      "select letter, v, file, extract(day from since)::int as days from shop.codes order by letter",
    ),
  ).toEqual([
    { letter: "A", v: 3, file: "2021-01.csv", days: 4 },
    { letter: "B", v: 2, file: "2021-01.csv", days: 30 },
  ]);
  const { rows } = await readRejects(test.db, spec, { limit: 20 });
  expect(rows.map(({ line, column, code }) => [line, column, code])).toEqual([
    [5, "at", "outside_partition"],
    [6, "at", "outside_partition"],
    [7, null, "rule:positive"],
  ]);
});

for (const mode of ["full", "append", "upsert"]) {
  it(`${mode}: rows whose computed values the table itself refuses are found one by one`, async () => {
    await using test = await testDatabase();
    await test.db.query(`create schema shop;
      create table shop.things (id int primary key, double int check (double < 10), half int);
      insert into shop.things values (100, 1, 1)`);
    using files = workspace({ "things.csv": "id,n\n1,1\n2,7\n3,4\n4,x\n5,5\n6,0\n" });
    const columns = `id: { type: integer, required: true }, n: { type: integer, keep: false },
      double: { type: integer, expression: n * 2 }, half: { type: integer, expression: 6 / n }`;
    const spec = specOf(
      yaml(columns, `refresh: { mode: ${mode} }\nidempotency_key: [id]\nverify: full`),
      files.folder,
    );
    expect(await run(test.db, spec)).toMatchObject({
      error: null,
      rows_loaded: 2,
      rows_rejected: 4,
    });
    expect(await test.db.query("select * from shop.things where id < 100 order by id")).toEqual([
      { id: 1, double: 2, half: 6 },
      { id: 3, double: 8, half: 1 },
    ]);
    const { rows } = await readRejects(test.db, spec, { limit: 20 });
    expect(rows.map(({ line, column, code }) => [line, column, code])).toEqual([
      [3, null, "sqlstate:23514"],
      [5, "n", "invalid_integer"],
      [6, null, "sqlstate:23514"],
      [7, "half", "sqlstate:22012"],
    ]);
  });
}

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Math.floor(Math.random() * 2 ** 31));

it(`random rows: what is computed and what is rejected is what Postgres says of each (SLUICE_SEED=${SEED})`, async () => {
  const random = randomFrom(SEED);
  await using test = await testDatabase();
  const values = Array.from({ length: 3000 }, (_, id) => ({
    id,
    a: random() < 0.1 ? "" : String(between(random, -3, 3)),
    b: random() < 0.02
      ? pick(random, ["x", "", "1e3", " 7", "99999999999"])
      : String(between(random, 1, 9)),
  }));
  using files = workspace({
    "things.csv": `id,a,b\n${values.map(({ id, a, b }) => `${id},${a},${b}\n`).join("")}`,
  });
  const columns = `id: integer, a: integer, b: { type: text, keep: false },
    n: { type: integer, expression: b }, q: { type: "numeric(5,2)", expression: "n / (a + 3)" },
    r: { type: integer, expression: q * 100, min: -100, max: 800, required: true }`;
  const spec = specOf(yaml(columns).replace("limit: 20", "limit: 100%"), files.folder);
  const result = await run(test.db, spec);
  // Row by row, in a function that catches what fails.
  await test.db.query(`
    create function expected(a int, b text) returns int language plpgsql as $$
    declare n int; q numeric(5,2); begin
      n := b::int; q := n / (a + 3); return (q * 100)::int;
    exception when others then return null; end $$`);
  const expected = await test.db.query<{ id: number; r: number }>(
    `select id, r from (select id, public.expected(nullif(a, '')::int, nullif(b, '')) as r
       from json_to_recordset($1::text::json) as v (id int, a text, b text)) v
     where r between -100 and 800 order by id`,
    [JSON.stringify(values)],
  );
  expect(await test.db.query("select id, r from shop.things order by id")).toEqual(expected);
  expect(result).toMatchObject({
    error: null,
    rows_loaded: expected.length,
    rows_rejected: values.length - expected.length,
  });
});

it("a volatile expression is computed once: what is not loaded is a reject, and nothing is both", async () => {
  await using test = await testDatabase();
  using files = workspace({
    "things.csv": `id\n${Array.from({ length: 500 }, (_, id) => `${id}\n`).join("")}`,
  });
  const columns = `id: integer, x: { type: "numeric(4,3)", expression: "random()", max: 0.5 },
    y: { type: double precision, expression: x }`;
  const spec = specOf(yaml(columns).replace("limit: 20", "limit: 100%"), files.folder);
  const { rows_loaded, rows_rejected, error } = await run(test.db, spec);
  expect([error, rows_loaded + rows_rejected]).toEqual([null, 500]);
  const [found] = await test.db.query(
    "select count(*)::int as n, bool_and(x <= 0.5) as held from shop.things",
  );
  expect(found).toEqual({ n: rows_loaded, held: true });
});

Deno.test("an expression that is not about one row is refused with its line, before anything is written", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.csv": "id\n1\n" });
  for (
    const [expression, message] of [
      ["nope + 1", 'column "nope" does not exist'],
      ["later + 1", 'column "later" does not exist'],
      ["x", 'column "x" does not exist'],
      ["sum(id)", "aggregate functions are not allowed"],
      ["row_number() over ()", "window functions are not allowed"],
      ["generate_series(1, id)", "set-returning functions are not allowed"],
      ["no_such(id)", "does not exist"],
      ["id, id", "cannot cast"],
      ["", ""],
      ["point(id, id)", "cannot cast type point to integer"],
      ["id) from (select 1", "no opening bracket"],
      ["id; drop table x", "ends the statement"],
    ]
  ) {
    const text = yaml(
      `id: integer, x: { type: integer, expression: ${JSON.stringify(expression)} },
      later: { type: integer, expression: "1" }`,
    );
    const { spec, diagnostics } = loadSpec(text, {
      file: "a.yaml",
      folder: files.folder,
      variables: {},
    });
    if (spec === null) {
      expect([expression, diagnostics[0].message]).toEqual([
        expression,
        expect.stringContaining(message),
      ]);
      continue;
    }
    const error = await planPipeline(spec, {
      partitions: [],
      force: false,
      allowDestructive: false,
    }, testContext(test.db).context)
      .then(() => null, (error) => error);
    expect([expression, error?.code, error?.message])
      .toEqual([expression, "plan/bad_sql", expect.stringContaining(message)]);
    expect(error.message).toContain("a.yaml:5:");
  }
  expect(await test.db.query("select from pg_namespace where nspname in ('shop', 'sluice')"))
    .toEqual([]);
});

Deno.test("what means nothing for a computed column is refused with the pipeline file", () => {
  for (
    const [columns, message] of [
      ["a: integer, x: { type: integer, expression: a, from: b }", '"from" is about a field'],
      ["a: integer, x: { type: integer, expression: a, default: 1 }", '"default" is about a field'],
      ["a: integer, x: { type: date, expression: a, format: yyyy }", '"format" is about a field'],
      ["a: integer, x: { type: text, expression: a, pattern: b }", '"pattern" is about a field'],
      ["a: integer, x: { type: text, expression: a, trim: true }", '"trim" is about a field'],
      ["x: { type: integer, expression: '1' }", "none is read"],
      ["a: integer, b: { type: integer, keep: false }", "no expression uses it"],
      ["a: { type: integer, keep: false }", "no column"],
      ["a: integer, x: { type: integer, expression: a, keep: false }", "nothing would use it"],
      [
        "a: integer, x: { type: integer, expression: 'a + {month:start}' }",
        '"{month:start}" needs partitions',
      ],
    ]
  ) {
    const { diagnostics } = loadSpec(yaml(columns), { file: "a.yaml", folder: ".", variables: {} });
    expect([columns, diagnostics.map(({ message }) => message).join("\n")])
      .toEqual([columns, expect.stringContaining(message)]);
  }
});

Deno.test("without a header computed columns take no field's place", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.csv": "1,2\n" });
  const text = yaml("a: integer, x: { type: integer, expression: a + b }, b: integer")
    .replace("things.csv }", "things.csv, format: { type: csv, header: false } }");
  expect(await run(test.db, specOf(text, files.folder))).toMatchObject({
    error: null,
    rows_loaded: 1,
  });
  expect(await test.db.query("select a, x, b from shop.things")).toEqual([{ a: 1, x: 3, b: 2 }]);
});

for (const more of ["", "verify: full", "refresh: { mode: upsert }\nidempotency_key: [id]"]) {
  it(`types that only Postgres reads are read before others are computed of them${more && `: ${more.slice(0, 22)}`}`, async () => {
    await using test = await testDatabase();
    await test.db.query("create schema shop; create type shop.mood as enum ('sad', 'ok')");
    using files = workspace({
      "things.csv":
        'id,tags,net,code\n1,"{a,b}",10.0.0.0/8,ok\n2,"{a",10.0.0.0/8,ok\n3,{},::1,ok\n' +
        "4,{c},10.0.0.1,gla\n5,{c},nowhere,sad\n",
    });
    const columns =
      `id: { type: integer, required: true }, tags: "text[]", net: { type: inet, keep: false },
      code: { type: text, keep: false }, count: { type: integer, expression: cardinality(tags), max: 5 },
      family: { type: smallint, expression: family(net) },
      mood: { type: shop.mood, expression: code }, every: { type: "varchar(3)[]", expression: tags || code }`;
    const spec = specOf(yaml(columns, more), files.folder);
    expect(await run(test.db, spec)).toMatchObject({
      error: null,
      rows_loaded: 2,
      rows_rejected: 3,
    });
    expect(
      await test.db.query(
        "select id, tags::text, count, family, mood::text, every::text from shop.things order by id",
      ),
    ).toEqual([
      { id: 1, tags: "{a,b}", count: 2, family: 4, mood: "ok", every: "{a,b,ok}" },
      { id: 3, tags: "{}", count: 0, family: 6, mood: "ok", every: "{ok}" },
    ]);
    const { rows } = await readRejects(test.db, spec, { limit: 20 });
    expect(rows.map(({ line, column, code }) => [line, column, code])).toEqual([
      [3, "tags", "sqlstate:22P02"],
      [5, "mood", "sqlstate:22P02"],
      [6, "net", "sqlstate:22P02"],
    ]);
  });
}

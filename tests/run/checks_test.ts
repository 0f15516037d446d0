import { expect } from "packages/expect.ts";
import { checkPipeline } from "../../src/run/check_live.ts";
import type { Database } from "../../src/db/database.ts";
import { loadSpec } from "../../src/spec/load_spec.ts";
import { planPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { it, ledgerDatabase } from "../support/every_db.ts";

const HEAD = `
pipeline: trips
source: { url: trips.csv }
target: { table: shop.trips }
columns: { id: { type: integer, required: true }, zone: text, fare: "numeric(6,2)", day: date }
`;
const ROWS = "id,zone,fare,day\n1,a,10,2026-01-01\n2,b,20,2026-01-02\n3,,30,2026-01-03\n3,a,,\n";

function yaml(check: string, head = HEAD): string {
  return `${head}checks:\n  - ${check}\n`;
}

/** What a check says of the rows above, and what its run came to. */
async function verdict(db: Database, check: string, rows = ROWS) {
  using files = workspace({ "trips.csv": rows });
  const result = await run(db, specOf(yaml(check), files.folder));
  return { status: result.status, check: result.checks[0], error: result.error };
}

/** Each kind: options, whether it holds of the rows, what it observes and expects. */
const CASES: readonly (readonly [string, boolean, unknown, string])[] = [
  ["row_count: { min: 4 }", true, 4, "at least 4"],
  ["row_count: { min: 5 }", false, 4, "at least 5"],
  ["row_count: { max: 3 }", false, 4, "at most 3"],
  ["row_count: { equals: 4 }", true, 4, "exactly 4"],
  ["row_count: { equals: 5 }", false, 4, "exactly 5"],
  ["row_count: { min: 1, change: 10% }", true, 4, "at least 1, no earlier load to compare with"],
  ["null_rate: { column: zone, max: 25% }", true, 25, "at most 25% NULL in zone"],
  ["null_rate: { column: zone, max: 24.9% }", false, 25, "at most 24.9% NULL in zone"],
  ["unique: [id, zone]", true, 0, "no (id, zone) that occurs more than once"],
  ["unique: [id]", false, 1, "no (id) that occurs more than once"],
  ["range: { column: fare, min: 10, max: 30 }", true, 0, "no row with less than 10, more than 30"],
  ["range: { column: fare, min: 10.001 }", false, 1, "no row with less than 10.001"],
  ["range: { column: day, max: 2026-01-02 }", false, 1, "no row with more than 2026-01-02"],
  [
    "accepted_values: { column: zone, values: [a, b] }",
    true,
    0,
    "no row with another zone than a, b",
  ],
  ["accepted_values: { column: zone, values: [b] }", false, 2, "no row with another zone than b"],
  [
    "accepted_values: { column: fare, values: [10.00, 20, 30] }",
    true,
    0,
    "no row with another fare than 10.00, 20, 30",
  ],
  [
    "foreign_key: { column: zone, references: shop.zones(name) }",
    false,
    1,
    "no row whose (zone) is not in shop.zones",
  ],
  ["freshness: { column: day, max_age: 20000d }", true, "2026-01-03", "a day of the last 20000 d"],
  ["freshness: { column: day, max_age: 1h }", false, "2026-01-03", "a day of the last 1 h"],
  [
    "drift: { column: fare, of: mean, max: 1% }",
    true,
    20,
    "no live version to compare with",
  ],
  [
    'sql: { name: s, query: "select count(*) from {staging} where fare > 15", expect: 2 }',
    true,
    2,
    "2",
  ],
  [
    'sql: { name: s, query: "select sum(fare) from {staging} -- all", max: 59 }',
    false,
    60,
    "at most 59",
  ],
  ['sql: { name: s, query: "select null", min: 0 }', false, null, "at least 0"],
];

Deno.test("each kind of check holds or fails on staging, and says what it saw", async (t) => {
  for (const [options, passed, observed, expected] of CASES) {
    await t.step(`${options} ${passed ? "holds" : "fails"}`, async () => {
      await using test = await ledgerDatabase();
      await test.db.query("create schema shop; create table shop.zones (name text)");
      await test.db.query("insert into shop.zones values ('a')");
      const { status, check, error } = await verdict(test.db, options);
      expect(check).toMatchObject({ passed, observed, expected, severity: "error" });
      expect(status).toBe(passed ? "succeeded" : "refused");
      expect(error?.code).toBe(passed ? undefined : "check/failed");
      const [recorded] = await test.db.query<{ passed: boolean; observed: string | null }>(
        "select passed, observed from sluice.check_results",
      );
      expect(recorded).toEqual({ passed, observed: observed === null ? null : String(observed) });
    });
  }
});

Deno.test("freshness: reads a date or time without a zone in `timezone`", async (t) => {
  // Midnight of a day is 26 hours later in the last zone to see it than in the first one.
  const today = new Date().toISOString().slice(0, 10);
  const rows = `id,zone,fare,day\n1,a,10,${today}\n`;
  for (
    const [timezone, type, passed] of [
      ["Etc/GMT+12", "date", true],
      ["Pacific/Kiritimati", "date", false],
      ["Etc/GMT+12", "timestamp", true],
      ["Pacific/Kiritimati", "timestamp", false],
    ] as const
  ) {
    await t.step(`a ${type} in ${timezone}`, async () => {
      await using test = await ledgerDatabase();
      using files = workspace({ "trips.csv": rows });
      const options = `freshness: { column: day, max_age: 13h, timezone: ${timezone} }`;
      const head = HEAD.replace("day: date", `day: ${type}`);
      const { checks } = await run(test.db, specOf(yaml(options, head), files.folder));
      expect(checks[0].passed).toBe(passed);
    });
  }
  const faults = (options: string, head = HEAD) =>
    loadSpec(yaml(`freshness: { column: day, max_age: 1h, ${options} }`, head), {
      file: "a.yaml",
      folder: "/",
      variables: {},
    }).diagnostics.map(({ code, message }) => `${code} ${message}`);
  expect(faults("timezone: Europe/Paris")).toEqual([]);
  expect(faults("timezone: Paris")).toEqual(['spec/bad_timezone "Paris" is not a time zone']);
  expect(faults("timezone: +02:00")).toEqual(['spec/bad_timezone "+02:00" is not a time zone']);
  expect(faults("timezone: UTC", HEAD.replace("day: date", "day: timestamptz"))).toEqual([
    'spec/unsuitable_rule "freshness" of "day", which is timestamptz, has no "timezone"',
  ]);
});

Deno.test("checks of an empty load, and of columns that are NULL throughout", async (t) => {
  const empty = "id,zone,fare,day\n";
  const nulls = "id,zone,fare,day\n1,,,\n2,,,\n";
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["row_count: { min: 1 }", empty, false],
    ["null_rate: { column: zone, max: 0% }", empty, true],
    ["null_rate: { column: zone, max: 99% }", nulls, false],
    ["unique: [zone]", nulls, true],
    ["range: { column: fare, min: 1 }", nulls, true],
    ["accepted_values: { column: zone, values: [x] }", nulls, true],
    ["freshness: { column: day, max_age: 20000d }", empty, false],
    ["freshness: { column: day, max_age: 20000d }", nulls, false],
    ["drift: { column: fare, of: sum, max: 1% }", nulls, true],
  ];
  for (const [options, rows, passed] of cases) {
    await t.step(`${options} of ${rows === empty ? "no rows" : "NULLs"}`, async () => {
      await using test = await ledgerDatabase();
      expect((await verdict(test.db, options, rows)).check.passed).toBe(passed);
    });
  }
});

/** The second load beside the first, for checks that compare. */
const COMPARING: readonly (readonly [string, string, boolean, unknown])[] = [
  ["row_count: { change: 50% }", "1,a,10,\n2,b,10,\n3,c,10,\n", true, 3],
  ["row_count: { change: 49% }", "1,a,10,\n2,b,10,\n3,c,10,\n", false, 3],
  ["row_count: { change: 0%, window: 3 }", "1,a,10,\n", false, 1],
  ["drift: { column: fare, of: mean, max: 10% }", "1,a,16.5,\n", true, 16.5],
  ["drift: { column: fare, of: mean, max: 9.9% }", "1,a,16.5,\n", false, 16.5],
  ["drift: { column: fare, of: sum, max: 10% }", "1,a,,\n", false, null],
  [
    "row_diff: { added: 1, deleted: 1, changed: 0 }",
    "1,a,10,\n3,c,30,\n",
    true,
    "1 added, 1 deleted, 0 changed",
  ],
  ["row_diff: { changed: 0 }", "1,a,11,\n2,b,20,\n", false, "0 added, 0 deleted, 1 changed"],
  ["row_diff: { deleted: 50% }", "1,a,10,\n", true, "0 added, 1 deleted, 0 changed"],
  ["row_diff: { deleted: 49% }", "1,a,10,\n", false, "0 added, 1 deleted, 0 changed"],
  ['sql: { name: s, query: "select count(*) from {target}", expect: 2 }', "1,a,10,\n", true, 2],
];

for (const method of ["exchange", "merge"] as const) {
  Deno.test(`checks compare a load with the live version: ${method}`, async (t) => {
    for (const [options, second, passed, observed] of COMPARING) {
      await t.step(`${options} ${passed ? "holds" : "fails"}`, async () => {
        await using test = await ledgerDatabase();
        if (method === "merge") {
          await test.db.query(`create schema shop; create table shop.trips
(id integer not null, zone text, fare numeric(6,2), day date)`);
        }
        using files = workspace({ "trips.csv": "id,zone,fare,day\n1,a,10,\n2,b,20,\n" });
        const head = `${HEAD}idempotency_key: [id]\n`;
        await run(test.db, specOf(head, files.folder));
        files.write("trips.csv", `id,zone,fare,day\n${second}`);
        const result = await run(test.db, specOf(yaml(options, head), files.folder));
        expect(result.checks[0]).toMatchObject({ passed, observed });
        expect(result.status).toBe(passed ? "succeeded" : "refused");
        const [{ n }] = await test.db.query<{ n: number }>(
          "select count(*)::int as n from shop.trips",
        );
        expect(n).toBe(passed ? second.trim().split("\n").length : 2);
      });
    }
  });
}

it("upsert deletes nothing and append changes nothing, as row_diff sees them", async () => {
  for (
    const [mode, observed] of [
      ["upsert", "1 added, 0 deleted, 1 changed"],
      ["append", "1 added, 0 deleted, 0 changed"],
    ]
  ) {
    await using test = await ledgerDatabase();
    using files = workspace({ "trips.csv": "id,zone,fare,day\n1,a,10,\n2,b,20,\n" });
    const head = `${HEAD}idempotency_key: [id]\nrefresh: { mode: ${mode} }\n`;
    await run(test.db, specOf(head, files.folder));
    files.write("trips.csv", "id,zone,fare,day\n1,a,11,\n3,c,1,\n");
    const spec = specOf(yaml("row_diff: { added: 1 }", head), files.folder);
    expect((await run(test.db, spec)).checks[0]).toMatchObject({ passed: true, observed });
  }
});

it("a failed check publishes nothing, keeps the rows for a look, and is swept by the next run", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "trips.csv": ROWS });
  await run(test.db, specOf(HEAD, files.folder));
  files.write("trips.csv", "id,zone,fare,day\n7,z,1,\n7,z,2,\n");
  const spec = specOf(yaml("unique: [id]"), files.folder);
  const result = await run(test.db, spec);
  expect(result).toMatchObject({
    status: "refused",
    rows_read: 2,
    rows_loaded: 0,
    rows_discarded: 2,
    checks: [{ name: "unique_id", passed: false, examples: [{ id: 7 }] }],
  });
  expect(result.error).toMatchObject({
    code: "check/failed",
    message:
      'A check failed: unique_id: observed 1, expected no (id) that occurs more than once, for example {"id":7}',
    details: { staging: "shop.trips__all__v2" },
  });
  expect(await test.db.query("select count(*)::int as n from shop.trips")).toEqual([{ n: 4 }]);
  expect(await test.db.query("select count(*)::int as n from shop.trips__all__v2")).toEqual([{
    n: 2,
  }]);
  files.write("trips.csv", "id,zone,fare,day\n8,z,1,\n");
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_loaded: 1 });
  expect(await test.db.query("select id from shop.trips")).toEqual([{ id: 8 }]);
});

it("a check that only warns is told, recorded, and keeps nothing back", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "trips.csv": ROWS });
  const { context, events } = testContext(test.db);
  const { runPipeline } = await import("../../src/run/mod.ts");
  const spec = specOf(yaml("unique: { columns: [id], severity: warn }"), files.folder);
  const result = await runPipeline(spec, ALL, context);
  expect(result).toMatchObject({
    status: "succeeded",
    checks: [{ passed: false, severity: "warn" }],
  });
  const warning = events.find(({ type }) => type === "warning");
  expect(warning).toMatchObject({ stage: "check", message: expect.stringContaining("unique_id") });
});

it("SQL that Postgres does not understand is an error of the file, before anything is written", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "trips.csv": ROWS });
  const spec = specOf(
    yaml('sql: { name: s, query: "select count(*) from {staging} where fair > 1", expect: 0 }'),
    files.folder,
  );
  await expect(planPipeline(spec, ALL, testContext(test.db).context)).rejects.toMatchObject({
    code: "plan/bad_sql",
    message: expect.stringMatching(/^test\.yaml:7: check "s" .*fair/),
  });
  const missing = specOf(
    yaml("foreign_key: { column: zone, references: shop.nowhere(name) }"),
    files.folder,
  );
  await expect(run(test.db, missing)).rejects.toMatchObject({ code: "plan/bad_sql" });
  expect(await test.db.query("select to_regclass('shop.trips') is null as none")).toEqual([{
    none: true,
  }]);
});

it("a check that writes, or breaks while it runs, fails the load and changes nothing", async () => {
  await using test = await ledgerDatabase();
  await test.db.query("create table notes (n int)");
  await test.db.query(`create function scribble() returns int language plpgsql as
'begin insert into notes values (1); return 0; end'`);
  for (
    const query of [
      "select scribble()",
      "select 1 / (count(*) - 4) from {staging}",
      "select 1 from {staging}",
    ]
  ) {
    using files = workspace({ "trips.csv": ROWS });
    const spec = specOf(yaml(`sql: { name: s, query: "${query}", expect: 0 }`), files.folder);
    const result = await run(test.db, spec);
    expect(result).toMatchObject({ status: "failed", error: { code: "check/not_run" } });
    expect(result.error?.message).toContain('test.yaml:7: check "s"');
  }
  expect(await test.db.query("select * from notes")).toEqual([]);
  expect(await test.db.query("select to_regclass('shop.trips__all__v1') is null as none"))
    .toEqual([{ none: true }]);
});

const MONTHS = `
pipeline: months
partitions: { by: month, from: 2026-01, to: 2026-02 }
source: { url: "{month}.csv" }
target: { table: shop.months }
columns: { id: integer, day: date }
checks:
  - range: { column: day, min: "{month:start}", max: "{month:end}" }
  - sql: { name: dated, query: "select count(*) from {staging} where day < '{month:start}' or day >= {month:end}::date", expect: 0 }
`;

it("checks know their partition, each fails by itself, and `check` looks at what is live", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "2026-01.csv": "id,day\n1,2026-01-15\n",
    "2026-02.csv": "id,day\n1,2026-02-15\n2,2026-03-07\n",
  });
  const spec = specOf(MONTHS, files.folder);
  const result = await run(test.db, spec);
  expect(result.status).toBe("refused");
  expect(result.partitions.map(({ status }) => status)).toEqual(["published", "refused"]);
  expect(result.checks.map(({ partition, passed }) => [partition, passed])).toEqual([
    ["2026-01", true],
    ["2026-01", true],
    ["2026-02", false],
    ["2026-02", false],
  ]);
  expect(await checkPipeline(spec, [], { db: test.db })).toMatchObject({
    status: "passed",
    checks: [{ partition: "2026-01", passed: true }, { passed: true }],
  });
  await test.db.query("update shop.months set day = '2020-01-01'");
  const report = await checkPipeline(spec, ["2026-01"], { db: test.db });
  expect(report).toMatchObject({
    status: "refused",
    checks: [{ passed: false, observed: 1 }, { passed: false, observed: 1 }],
    error: { code: "check/failed" },
  });
  const recorded = await test.db.query(
    "select distinct run_id, version from sluice.check_results where run_id is null",
  );
  expect(recorded).toEqual([{ run_id: null, version: 1 }]);
  await expect(checkPipeline(spec, ["2026-02"], { db: test.db })).rejects.toMatchObject({
    code: "check/not_loaded",
  });
});

it("`check` of a table that keeps no partitions apart looks at it once, and says what it leaves out", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "2026-01.csv": "id,day\n1,2026-01-15\n",
    "2026-02.csv": "id,day\n2,2026-02-15\n",
  });
  const spec = specOf(
    `${MONTHS}  - row_count: { equals: 2 }\nidempotency_key: [id]\nrefresh: { mode: upsert }\n`,
    files.folder,
  );
  // Each load has one row.
  expect((await run(test.db, { ...spec, checks: spec.checks.slice(0, 2) })).status).toBe(
    "succeeded",
  );
  expect(await checkPipeline(spec, [], { db: test.db })).toMatchObject({
    status: "passed",
    checks: [{ partition: null, name: "row_count", observed: 2 }],
    skipped: ["range_day", "dated"],
  });
});

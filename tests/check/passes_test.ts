import { expect } from "packages/expect.ts";
import { checkPipeline } from "../../src/run/check_live.ts";
import { plainScreen } from "../../src/cli/views/screen.ts";
import { planText } from "../../src/cli/views/plan_text.ts";
import { planPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

const TRIPS = `
pipeline: trips
source: { url: trips.csv }
target: { table: shop.trips }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, zone: text, fare: double precision, day: date }
`;

const MIXED = `${TRIPS}checks:
  - unique: [zone]
  - row_count: { min: 1, change: 50% }
  - sql: { name: dear, query: "select count(*) from {staging} where fare > 15", max: 0, severity: warn }
  - null_rate: { column: zone, max: 0% }
  - range: { column: fare, min: 5, max: 15 }
  - accepted_values: { column: zone, values: [a] }
  - freshness: { column: day, max_age: 20000d }
  - drift: { column: fare, of: mean, max: 1% }
`;

Deno.test("checks that are aggregates share one pass, and results stand as in the file", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "trips.csv": "id,zone,fare,day\n1,a,10,2026-01-01\n2,a,10,\n" });
  await run(test.db, specOf(TRIPS, files.folder));
  files.write("trips.csv", "id,zone,fare,day\n1,a,10,2026-01-01\n2,b,20,\n3,,,\n");
  const spec = specOf(MIXED, files.folder);
  const plan = await planPipeline(spec, ALL, testContext(test.db).context);
  const [{ checks: passes }] = plan.partitions;
  expect(passes.map(({ checks }) => checks.map(({ at }) => at))).toEqual([
    [1, 3, 4, 5, 6, 7],
    [0],
    [2],
  ]);
  const text = planText(plan, plainScreen(), { sql: true });
  expect(text).toContain("row_count: if it fails, nothing is published; null_rate_zone");
  expect(text).toContain("dear: if it fails, it is reported");
  const result = await run(test.db, spec);
  expect(result.checks.map(({ name, passed, observed, examples }) => [
    name,
    passed,
    observed,
    examples,
  ])).toEqual([
    ["unique_zone", true, 0, undefined],
    ["row_count", true, 3, undefined],
    ["dear", false, 1, undefined],
    ["null_rate_zone", false, 33.3333, undefined],
    ["range_fare", false, 1, [{ fare: 20 }]],
    ["accepted_values_zone", false, 1, [{ zone: "b" }]],
    ["freshness_day", true, "2026-01-01", undefined],
    ["drift_fare", false, 15, undefined],
  ]);
  expect(result.error).toMatchObject({ code: "check/failed", details: { failed: 4 } });
});

Deno.test("where a shared pass cannot be carried out, each of its checks is named with its line", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "trips.csv": "id,zone,fare,day\n1,a,1e308,\n2,a,1e308,\n" });
  const checks =
    "checks:\n  - row_count: { min: 1 }\n  - drift: { column: fare, of: sum, max: 1% }\n";
  const result = await run(test.db, specOf(TRIPS + checks, files.folder));
  expect(result).toMatchObject({ status: "failed", error: { code: "check/not_run" } });
  expect(result.error?.message).toContain(
    'test.yaml:8: one of the checks "row_count" (line 8), "drift_fare" (line 9) cannot be run: ',
  );
});

for (const mode of ["append", "upsert", "history"]) {
  Deno.test(`\`check\` does not take the sum of many loads for one of them: ${mode}`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({});
    const spec = specOf(
      `${TRIPS}refresh: { mode: ${mode} }\nchecks:\n  - row_count: { change: 50% }\n  - row_count: { change: 50%, window: 3 }\n`,
      files.folder,
    );
    for (const at of [1, 3, 5, 7]) {
      files.write("trips.csv", `id,zone,fare,day\n${at},a,1,\n${at + 1},b,1,\n`);
      expect((await run(test.db, spec)).status).toBe("succeeded");
    }
    const expected = "no load to compare with: the table has the rows of many";
    expect(await checkPipeline(spec, [], { db: test.db })).toMatchObject({
      status: "passed",
      checks: [{ observed: 8, expected }, { observed: 8, expected }],
    });
    // The loads themselves still are compared.
    files.write("trips.csv", "id,zone,fare,day\n9,a,1,\n");
    expect((await run(test.db, spec)).status).toBe("succeeded");
    files.write("trips.csv", "id,zone,fare,day\n10,a,1,\n11,a,1,\n12,a,1,\n");
    expect((await run(test.db, spec)).status).toBe("refused");
  });
}

Deno.test("`check` sees rows that were lost since they were loaded, where a load is all there is", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "trips.csv": "id,zone,fare,day\n1,a,1,\n2,b,1,\n" });
  const spec = specOf(`${TRIPS}checks:\n  - row_count: { change: 0% }\n`, files.folder);
  await run(test.db, spec);
  expect((await checkPipeline(spec, [], { db: test.db })).status).toBe("passed");
  await test.db.query("delete from shop.trips where id = 2");
  expect(await checkPipeline(spec, [], { db: test.db })).toMatchObject({
    status: "refused",
    checks: [{ passed: false, observed: 1, expected: "within 0% of 2 of the live version" }],
  });
});

Deno.test("the rows of a load that failed a check are kept of merges too, and swept by the next run", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "trips.csv": "id,zone,fare,day\n1,a,1,\n" });
  const spec = specOf(
    `${TRIPS}refresh: { mode: upsert }\nchecks:\n  - row_count: { min: 2 }\n`,
    files.folder,
  );
  const refused = await run(test.db, spec);
  const kept = String(refused.error?.details?.staging);
  expect(refused.status).toBe("refused");
  expect(await test.db.query(`select id from ${kept}`)).toEqual([{ id: 1 }]);
  expect(await test.db.query("select id from shop.trips")).toEqual([]);
  files.write("trips.csv", "id,zone,fare,day\n2,a,1,\n3,a,1,\n");
  expect((await run(test.db, spec)).status).toBe("succeeded");
  expect(await test.db.query("select id from shop.trips order by id")).toEqual([
    { id: 2 },
    { id: 3 },
  ]);
  // The load that was published has the name now, for its undo; what was refused is gone.
  expect(await test.db.query(`select id from ${kept} order by id`)).toEqual([{ id: 2 }, { id: 3 }]);
});

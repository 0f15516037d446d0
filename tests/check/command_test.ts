import { expect } from "packages/expect.ts";
import { workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { sluice } from "../support/sluice.ts";

const YAML = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: { type: integer, required: true }, name: text }
checks:
  - unique: [id]
  - null_rate: { column: name, max: 0%, severity: warn }
`;

Deno.test("`check` ends with 0 or 3, for people and as JSON, and a refused run says what failed", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.yaml": YAML, "things.csv": "id,name\n1,a\n2,b\n" });
  const call = (...args: string[]) => sluice(files.folder, { DATABASE_URL: test.url }, ...args);

  const early = await call("check", "things.yaml");
  expect(early.code).not.toBe(0);
  expect(early.err).toContain('Nothing of "shop.things" is loaded yet');
  // It made nothing, either.
  expect(await test.db.query("select from pg_namespace where nspname in ('shop', 'sluice')"))
    .toEqual([]);

  expect((await call("run", "things.yaml")).code).toBe(0);
  const good = await call("check", "things.yaml");
  expect(good.code).toBe(0);
  expect(good.out).toMatch(/whole table\s+unique_id\s+passed\s+0\s+no \(id\) that occurs/);

  await test.db.query("update shop.things set name = null");
  const warned = await call("check", "things.yaml");
  expect(warned.code).toBe(0);
  expect(warned.out).toMatch(/null_rate_name\s+warning\s+100/);

  await test.db.query("update shop.things set id = 1");
  const bad = await call("check", "things.yaml", "--output", "json");
  expect(bad.code).toBe(3);
  expect(JSON.parse(bad.out)).toMatchObject({
    pipeline: "things",
    status: "refused",
    checks: [
      { name: "unique_id", passed: false, observed: 1, examples: [{ id: 1 }] },
      { name: "null_rate_name", passed: false, severity: "warn", observed: 100 },
    ],
    error: { code: "check/failed", details: { failed: 1 } },
  });
  expect(
    await test.db.query(`select name, count(*)::int as n, bool_and(passed) as always
from sluice.check_results where run_id is null group by name order by name`),
  ).toEqual([{ name: "null_rate_name", n: 3, always: false }, {
    name: "unique_id",
    n: 3,
    always: false,
  }]);

  files.write("things.csv", "id,name\n3,a\n3,b\n");
  const refused = await call("run", "things.yaml");
  expect(refused.code).toBe(3);
  expect(refused.out + refused.err).toContain("unique_id: observed 1");
  expect(refused.out + refused.err).toMatch(/The rows are in shop\.things__all__v2/);
});

import { expect } from "packages/expect.ts";
import { workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { MONTHS, months, runMonths, staging, worker, YAML } from "./support.ts";

Deno.test("a worker computes the columns of its partitions, and finds the rows that cannot be", async () => {
  await using test = await testDatabase();
  const yaml = YAML.replace(
    "name: text }",
    `name: text, month: { type: date, expression: "(split_part(name, ' ', 1) || '-01')::date" },
  share: { type: "numeric(9,2)", expression: "100.0 / (id - 7)" } }\nrejects: { limit: 1 }`,
  );
  using files = workspace({ ...months(40), "months.yaml": yaml });
  await using _worker = worker(files.folder, test.url);
  const { code, result, stderr } = await runMonths(files.folder, test.url);
  expect([code, result.status, stderr.includes("error")]).toEqual([0, "succeeded", false]);
  expect(result.rows_rejected).toBe(MONTHS.length);
  const [found] = await test.db.query(
    `select count(*)::int as rows, bool_and(month = _partition) as month,
       bool_and(share = round(100.0 / (id - 7), 2)) as share from shop.months`,
  );
  expect(found).toEqual({ rows: MONTHS.length * 39, month: true, share: true });
  expect(await staging(test)).toEqual([]);
});

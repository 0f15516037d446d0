import { expect } from "packages/expect.ts";
import { migrate } from "../../src/ledger/mod.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";

const PAGE = new URL("../../docs/observability.md", import.meta.url);

const YAML = `
pipeline: yellow_taxi
source: { url: trips.csv }
target: { table: ny_taxi.yellow_trips }
columns: { id: { type: integer, required: true }, name: text }
rejects: { limit: 5 }
`;

Deno.test("every query of docs/observability.md answers, after real runs", async () => {
  await using test = await testDatabase();
  await migrate(test.db);
  using files = workspace({ "trips.csv": "id,name\n1,a\n2,b\n" });
  const spec = specOf(YAML, files.folder);
  await run(test.db, spec);
  files.write("trips.csv", "id,name\n1,a\n2,b\n3,c\nx,d\ny,e\n");
  await run(test.db, spec);
  const text = await Deno.readTextFile(PAGE);
  const queries = [...text.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql]) => sql);
  expect(queries.length).toBeGreaterThan(10);
  const answers = await Promise.all(
    queries.map((sql) => test.db.query<Record<string, unknown>>(sql)),
  );
  const answerTo = (part: string) => answers[queries.findIndex((sql) => sql.includes(part))];
  expect(answerTo("state, rows, source_url")).toMatchObject([
    { version: 2, state: "live", rows: 3 },
    { version: 1, state: "retained", rows: 2 },
  ]);
  expect(answerTo("rows_more, source_changed")).toMatchObject([
    { version: 2, rows: 3, rows_more: 1, source_changed: true },
    { version: 1, rows: 2, rows_more: null, source_changed: true },
  ]);
  expect(answerTo("from sluice.last_runs\norder by")).toMatchObject([
    { pipeline: "yellow_taxi", status: "succeeded", rows_loaded: 3, rows_rejected: 2 },
  ]);
  expect(answerTo("from sluice.reject_reasons")).toMatchObject([
    { column_name: "id", rows: 2, first_line: 5 },
  ]);
  expect(answerTo("convert_from")).toMatchObject([{ record: "x,d" }, { record: "y,e" }]);
  expect(answerTo("jsonb_each_text").length).toBeGreaterThan(2);
  expect(answerTo("interval '1 day'")).toEqual([]);
});

Deno.test("sluice.load_history counts rejects by partition, sluice.last_runs keeps the success", async () => {
  await using test = await testDatabase();
  await migrate(test.db);
  using files = workspace({
    "2021-01.csv": "id,name\n1,a\nx,b\n",
    "2021-02.csv": "id,name\n1,a\n",
  });
  const spec = specOf(
    YAML.replace("trips.csv", '"{month}.csv"') +
      "partitions: { by: month, from: 2021-01, to: 2021-02 }\n",
    files.folder,
  );
  const good = await run(test.db, spec);
  const history = await test.db.query(
    "select partition, rows, rows_rejected from sluice.load_history order by partition",
  );
  expect(history).toEqual([
    { partition: "2021-01", rows: 1, rows_rejected: 1 },
    { partition: "2021-02", rows: 1, rows_rejected: 0 },
  ]);
  files.write("2021-02.csv", "id,nam\n1,a\n");
  const bad = await run(test.db, spec);
  expect([good.status, bad.status]).toEqual(["succeeded", "failed"]);
  const [last] = await test.db.query<Record<string, string>>(
    `select run_id, status, error_code, last_success = (select ended_at from sluice.runs
where id = $1::text::uuid) as kept from sluice.last_runs`,
    [good.run_id],
  );
  expect(last).toMatchObject({ run_id: bad.run_id, status: "failed", kept: true });
  expect(last.error_code).toMatch(/^rows\//);
});

import { expect } from "packages/expect.ts";
import type { RunEvent } from "../../src/core/event.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { altering } from "../support/altering_database.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

function yaml(mode: string): string {
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: ${mode} }
${mode === "upsert" || mode === "history" ? "idempotency_key: [id]" : ""}
rejects: { limit: 1 }
columns: { id: { type: integer, required: true }, name: text, n: integer }
`;
}

const ALTERATIONS: Readonly<Record<string, string>> = {
  "a column is added": "alter table shop.things add column more text default 'more'",
  "a column is added that may not be NULL":
    "alter table shop.things add column more text not null default 'more'",
  "a column is dropped": "alter table shop.things drop column n",
  "a column is renamed": "alter table shop.things rename column n to m",
  "a type is narrowed": "alter table shop.things alter n type smallint",
  "NOT NULL is set": "alter table shop.things alter name set not null",
  "a CHECK is added": "alter table shop.things add constraint small check (n < 9)",
  "UNIQUE is added": "alter table shop.things add constraint one unique (id, n)",
  "a column is computed":
    "alter table shop.things add column m int generated always as (n + 1) stored",
};

for (const mode of ["full", "append", "upsert", "history"]) {
  Deno.test(`${mode}: a table that is altered during a load is planned anew and loaded`, async (t) => {
    for (const [what, sql] of Object.entries(ALTERATIONS)) {
      await t.step(what, async () => {
        await using test = await ledgerDatabase();
        using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
        const spec = specOf(yaml(mode), files.folder);
        await run(test.db, spec);
        files.write("things.csv", "id,name,n\n2,b,2\n3,c,3\n");
        const { context, events } = testContext(altering(test.db, sql));
        const result = await runPipeline(spec, ALL, context);
        expect([result.status, result.error]).toEqual(["succeeded", null]);
        expect(result.rows_loaded).toBe(2);
        expect(await test.db.query("select id, name from shop.things where id > 1 order by id"))
          .toEqual([{ id: 2, name: "b" }, { id: 3, name: "c" }]);
        const finished = events.filter(({ type }: RunEvent) => type === "partition_finished");
        expect(finished.length).toBe(1);
        expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
      });
    }
  });
}

for (const publish of ["each", "together"]) {
  Deno.test(`partitions published ${publish}: those that were not are planned anew`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace();
    const text = `
pipeline: things
source: { url: "things_{partition}.csv" }
target: { table: shop.things, partition_column: part }
partitions: { by: list, values: [a, b, c], publish: ${publish} }
columns: { id: integer }
`;
    for (const part of ["a", "b", "c"]) files.write(`things_${part}.csv`, "id\n1\n");
    const spec = specOf(text, files.folder);
    await run(test.db, spec);
    for (const part of ["a", "b", "c"]) files.write(`things_${part}.csv`, "id\n2\n3\n");
    const { context, events } = testContext(
      altering(test.db, "alter table shop.things add column more text default 'more'"),
    );
    const result = await runPipeline(spec, ALL, context);
    expect([result.status, result.error]).toEqual(["succeeded", null]);
    expect(result.partitions.map(({ status }) => status)).toEqual(Array(3).fill("published"));
    expect(await test.db.query("select part, count(*) as n from shop.things group by 1 order by 1"))
      .toEqual(["a", "b", "c"].map((part) => ({ part, n: 2 })));
    const finished = events.flatMap((event) =>
      event.type === "partition_finished" ? [event.result.partition] : []
    );
    expect(finished.sort()).toEqual(["a", "b", "c"]);
  });
}

Deno.test("what contradicts the file by then is told as the plan tells it, and nothing is published", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
  const spec = specOf(yaml("full"), files.folder);
  await run(test.db, spec);
  files.write("things.csv", "id,name,n\n2,b,2\n");
  const { context } = testContext(
    altering(test.db, "alter table shop.things alter n type text"),
  );
  expect(await runPipeline(spec, ALL, context)).toMatchObject({
    status: "failed",
    error: { code: "plan/target_differs", message: expect.stringContaining('column "n" is text') },
  });
  expect(await test.db.query("select id, n from shop.things")).toEqual([{ id: 1, n: "1" }]);
});

Deno.test("a table that is altered under every load ends the run, to be tried later", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
  const spec = specOf(yaml("full"), files.folder);
  await run(test.db, spec);
  files.write("things.csv", "id,name,n\n2,b,2\n");
  const { context } = testContext(
    altering(test.db, "alter table shop.things add column c{n} text", 9),
  );
  expect(await runPipeline(spec, ALL, context)).toMatchObject({
    status: "failed",
    error: { code: "publish/target_altered", retry: "later" },
  });
  expect(await test.db.query("select id from shop.things")).toEqual([{ id: 1 }]);
});

import { expect } from "packages/expect.ts";
import { planPipeline, rollbackPipeline, runPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, type TestDatabase } from "../support/postgres.ts";

const MODES = ["full", "append", "upsert", "history"];

const yaml = (mode: string, limit = 0) => `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: ${mode} }
rejects: { limit: ${limit} }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, n: integer }
`;

const csv = (n: number) => `id,n\n1,${n}\n2,2\n`;

/** Two versions of a table of Sluice's, and what somebody does to it. */
async function changed(test: TestDatabase, mode: string, sql: string, limit = 0) {
  const files = workspace({ "things.csv": csv(1) });
  const spec = specOf(yaml(mode, limit), files.folder);
  await run(test.db, spec);
  files.write("things.csv", csv(3));
  await run(test.db, spec);
  await test.db.query(sql);
  return { files, spec };
}

const RULES: Readonly<Record<string, string>> = {
  "instead of an insert": "create rule ru as on insert to shop.things do instead nothing",
  "beside an update": "create rule ru as on update to shop.things do also notify x",
  "under a condition":
    "create rule ru as on delete to shop.things where old.n = 9 do instead nothing",
};

for (const mode of MODES) {
  for (const [what, sql] of Object.entries(RULES)) {
    Deno.test(`${mode}: a rule ${what} is told by the plan, or stops nothing`, async () => {
      await using test = await ledgerDatabase();
      const { files, spec } = await changed(test, mode, sql);
      using _files = files;
      files.write("things.csv", csv(4));
      const { context } = testContext(test.db);
      if (mode !== "full") {
        for (const work of [planPipeline, runPipeline]) {
          await expect(work(spec, ALL, context)).rejects.toMatchObject({
            code: "plan/has_rules",
            message: expect.stringContaining('"ru"'),
            hint: expect.stringContaining('disable rule "ru"'),
          });
        }
        await test.db.query("alter table shop.things disable rule ru");
      }
      expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", error: null });
    });
  }

  Deno.test(`${mode}: an identity column that is always generated takes the file's values`, async () => {
    await using test = await ledgerDatabase();
    const { files, spec } = await changed(
      test,
      mode,
      "alter table shop.things alter id set not null, alter id add generated always as identity",
    );
    using _files = files;
    files.write("things.csv", `${csv(4)}7,7\n`);
    expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", error: null });
    const { context } = testContext(test.db);
    await rollbackPipeline(spec, {}, context);
    await rollbackPipeline(spec, { to: 3 }, context);
    expect(await test.db.query("select n from shop.things where id = 7")).toEqual([{ n: 7 }]);
  });

  Deno.test(`${mode}: a value that only a domain of the target refuses is a reject`, async () => {
    await using test = await ledgerDatabase();
    const { files, spec } = await changed(
      test,
      mode,
      "create domain shop.d as int check (value < 5); alter table shop.things alter n type shop.d",
      1,
    );
    using _files = files;
    files.write("things.csv", `${csv(5)}3,3\n`);
    expect(await run(test.db, spec)).toMatchObject({
      status: "succeeded",
      rows_rejected: 1,
      // What is known is left alone.
      rows_loaded: mode === "append" ? 1 : 2,
      error: null,
    });
  });

  Deno.test(`${mode}: a rollback over a type that somebody changed is told`, async () => {
    await using test = await ledgerDatabase();
    const { files, spec } = await changed(
      test,
      mode,
      "alter table shop.things alter n type text",
    );
    using _files = files;
    const { context } = testContext(test.db);
    await expect(rollbackPipeline(spec, {}, context)).rejects.toMatchObject({
      code: "plan/version_gone",
      message: expect.stringContaining('column "n"'),
      hint: expect.any(String),
    });
    await test.db.query("alter table shop.things alter n type integer using n::integer");
    await rollbackPipeline(spec, {}, context);
  });
}

Deno.test("rows of sluice.migrations that were deleted are told, and can be put back", async () => {
  await using test = await ledgerDatabase();
  const { files, spec } = await changed(
    test,
    "full",
    "create table public.saved as table sluice.migrations; delete from sluice.migrations",
  );
  using _files = files;
  await expect(run(test.db, spec)).rejects.toMatchObject({
    code: "ledger/migrations_lost",
    hint: expect.stringContaining("insert into sluice.migrations"),
  });
  await test.db.query("insert into sluice.migrations select * from public.saved where number < 11");
  await expect(run(test.db, spec)).rejects.toMatchObject({ code: "ledger/migrations_lost" });
  await test.db.query(
    "insert into sluice.migrations select * from public.saved on conflict do nothing",
  );
  expect((await run(test.db, spec)).status).toBe("unchanged");
});

import { expect } from "packages/expect.ts";
import { planPipeline, rollbackPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

// Whose a table is: told by OIDs, never by names alone. The random sequences are in
// `random_changes_test.ts`; here is what is said about it.

function yaml(mode = "full", more = ""): string {
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things, versions: 1${more} }
refresh: { mode: ${mode} }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, name: text }
`;
}

const rows = (...ids: number[]) => `id,name\n${ids.map((id) => `${id},n${id}\n`).join("")}`;

Deno.test("a renamed table keeps its rows, and a run says that a new one takes its name", async () => {
  for (const mode of ["full", "append", "upsert", "history"]) {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": rows(1, 2) });
    const spec = specOf(yaml(mode), files.folder);
    await run(test.db, spec);
    await test.db.query("alter table shop.things rename to things_2025");
    const { notes } = await planPipeline(spec, ALL, testContext(test.db).context);
    expect(notes).toEqual([
      "shop.things is shop.things_2025 now, and a new table takes its name; shop.things_2025 stays as it is, and Sluice no longer touches it",
    ]);
    for (const ids of [[3], [4], [5], [6]]) {
      files.write("things.csv", rows(...ids));
      const result = await run(test.db, spec);
      expect([mode, result.status, result.error]).toEqual([mode, "succeeded", null]);
    }
    const old = await test.db.query("select id from shop.things_2025 order by id");
    expect(old).toEqual([{ id: 1 }, { id: 2 }]);
    const { notes: later } = await planPipeline(spec, ALL, testContext(test.db).context);
    expect(later).toEqual([]);
  }
});

Deno.test("an emptied table is loaded again from the same file, and the reason is given", async () => {
  for (const mode of ["full", "append", "upsert", "history"]) {
    for (const change of ["truncate shop.things", "delete from shop.things"]) {
      await using test = await ledgerDatabase();
      using files = workspace({ "things.csv": rows(1, 2) });
      const spec = specOf(yaml(mode), files.folder);
      await run(test.db, spec);
      expect((await run(test.db, spec)).status).toBe("unchanged");
      await test.db.query(change);
      const { partitions: [plan] } = await planPipeline(spec, ALL, testContext(test.db).context);
      expect(plan.reason).toBe("shop.things has no row left of version 1, which had 2");
      expect((await run(test.db, spec)).status).toBe("succeeded");
      expect((await test.db.query("select from shop.things")).length).toBe(2);
      expect((await run(test.db, spec)).status).toBe("unchanged");
    }
  }
});

Deno.test("an emptied partition is loaded again, and the others are left alone", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "2021-01.csv": rows(1), "2021-02.csv": rows(2) });
  const spec = specOf(
    `
pipeline: things
partitions: { by: month, from: 2021-01, to: 2021-02 }
source: { url: "{month}.csv" }
target: { table: shop.things }
columns: { id: integer, name: text }
`,
    files.folder,
  );
  await run(test.db, spec);
  await test.db.query("truncate shop.things__2021_02__v1");
  const { partitions } = await run(test.db, spec);
  expect(partitions.map(({ status }) => status)).toEqual(["unchanged", "published"]);
  expect((await test.db.query("select from shop.things")).length).toBe(2);
});

Deno.test("partitions that others made, and rows in a default one, are told by the plan", async () => {
  const spec = (folder: string) =>
    specOf(
      `
pipeline: things
partitions: { by: month, from: 2021-01, to: 2021-03 }
source: { url: "{month}.csv" }
target: { table: shop.things, partition_column: at }
columns: { id: integer, at: { type: date, required: true } }
`,
      folder,
    );
  const setups = [
    "create table shop.p partition of shop.things for values from ('2021-03-01') to ('2021-04-01')",
    "create table shop.p partition of shop.things for values from ('2021-03-08') to ('2021-03-15')",
    "create table shop.p partition of shop.things for values from ('2021-03-31') to (maxvalue)",
    "create table shop.p partition of shop.things default; insert into shop.p values (9, '2021-03-09')",
  ];
  for (const sql of setups) {
    await using test = await ledgerDatabase();
    using files = workspace({ "2021-01.csv": "id,at\n1,2021-01-01\n" });
    const { context } = testContext(test.db);
    await run(test.db, spec(files.folder), { partitions: ["2021-01"] });
    await test.db.query(sql);
    files.write("2021-02.csv", "id,at\n2,2021-02-01\n");
    files.write("2021-03.csv", "id,at\n3,2021-03-01\n");
    await expect(planPipeline(spec(files.folder), ALL, context)).rejects.toMatchObject({
      code: "plan/partition_taken",
      message: expect.stringContaining('"shop.p"'),
      hint: expect.stringContaining("alter table shop.things detach partition shop.p"),
    });
    // Another month is none of its business.
    const other = await run(test.db, spec(files.folder), { partitions: ["2021-02"] });
    expect([sql, other.status]).toEqual([sql, "succeeded"]);
    await test.db.query("alter table shop.things detach partition shop.p");
    expect((await run(test.db, spec(files.folder))).status).toBe("succeeded");
  }
});

Deno.test("what merges go into may be another's partition, or his default one", async () => {
  for (const bound of ["for values from ('2021-01-01') to ('2021-02-01')", "default"]) {
    await using test = await ledgerDatabase();
    using files = workspace({ "2020-12.csv": "id,at\n0,2020-12-01\n" });
    const spec = specOf(
      `
pipeline: things
partitions: { by: month, from: 2020-12, to: 2021-01 }
source: { url: "{month}.csv" }
target: { table: shop.things, partition_column: at }
refresh: { mode: append }
columns: { id: integer, at: { type: date, required: true } }
`,
      files.folder,
    );
    await run(test.db, spec, { partitions: ["2020-12"] });
    await test.db.query(`create table shop.p partition of shop.things ${bound};
insert into shop.things values (9, '2021-01-09')`);
    files.write("2021-01.csv", "id,at\n1,2021-01-01\n");
    expect((await run(test.db, spec)).error).toBe(null);
    expect(await test.db.query("select id from shop.things order by id")).toEqual([
      { id: 0 },
      { id: 1 },
      { id: 9 },
    ]);
  }
});

for (const ledger of ["from before OIDs were recorded", "restored into another database"]) {
  Deno.test(`a ledger ${ledger}: what is attached is adopted, what is not is never dropped`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": rows(1) });
    const spec = specOf(yaml(), files.folder);
    const { context, events } = testContext(test.db);
    await run(test.db, spec);
    files.write("things.csv", rows(2));
    await run(test.db, spec);
    await test.db.query(
      ledger.startsWith("from")
        ? "update sluice.loads set ledger_oid = null, target_oid = null; delete from sluice.tables"
        : "update sluice.loads set ledger_oid = 1; update sluice.tables set ledger_oid = 1, table_oid = table_oid::bigint - 1",
    );
    expect((await run(test.db, spec)).status).toBe("unchanged");
    await rollbackPipeline(spec, {}, context);
    expect(await test.db.query("select id from shop.things")).toEqual([{ id: 1 }]);
    await rollbackPipeline(spec, { to: 2 }, context);
    await test.db.query("delete from sluice.tables where table_name = 'things__all__v1'");
    await test.db.query("update sluice.loads set ledger_oid = null where version = 1");
    files.write("things.csv", rows(3));
    const { notes } = await planPipeline(spec, ALL, context);
    expect(notes).toEqual([expect.stringContaining("shop.things__all__v1 is from before")]);
    await run(test.db, spec);
    files.write("things.csv", rows(4));
    expect((await run(test.db, spec)).status).toBe("succeeded");
    const standing = await test.db.query<{ name: string }>(
      "select relname as name from pg_class where relname ~ '^things__all__v[0-9]+$' order by 1",
    );
    expect(standing.map(({ name }) => name)).toEqual([
      "things__all__v1",
      "things__all__v3",
      "things__all__v4",
    ]);
    expect(events.filter(({ type }) => type === "warning")).toEqual([]);
  });
}

Deno.test("a type of the target's name is told before anything is loaded", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": rows(1) });
  await test.db.query("create schema shop; create type shop.things as enum ('a')");
  await expect(run(test.db, specOf(yaml(), files.folder))).rejects.toMatchObject({
    code: "plan/name_taken",
  });
});

Deno.test("a name that is taken while a run is under way ends it with a word to run again", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": rows(1) });
  const spec = specOf(yaml(), files.folder);
  await run(test.db, spec);
  files.write("things.csv", rows(2));
  const { context } = testContext(test.db);
  const result = await run(
    {
      describe: test.db.describe,
      query: (sql, params) => test.db.query(sql, params),
      copyIn: (sql, before) => test.db.copyIn(sql, before),
      session: () => test.db.session(),
      cancelRunning: () => test.db.cancelRunning(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
      // After the plan, before staging is made.
      async transaction(work) {
        return await test.db.transaction((tx) =>
          work({
            async query(sql, params) {
              if (/^create table "shop"\."things__all__v2"/.test(sql)) {
                await test.db.query("create table if not exists shop.things__all__v2 (x int)");
              }
              return await tx.query(sql, params);
            },
          })
        );
      },
    },
    spec,
  );
  expect(result).toMatchObject({
    status: "failed",
    error: { code: "publish/changed_meanwhile", retry: "later" },
  });
  expect((await run(test.db, spec)).status).toBe("succeeded");
  expect(await test.db.query("select * from shop.things__all__v2")).toEqual([]);
  await rollbackPipeline(spec, {}, context);
});

Deno.test("two pipelines load one target only where both say so", async () => {
  for (const mode of ["append", "upsert", "full"]) {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": rows(1), "more.csv": rows(2) });
    const one = (more = "") => specOf(yaml(mode, more), files.folder);
    const two = (more = "") =>
      specOf(
        yaml(mode, more).replace("things.csv", "more.csv").replace(
          "pipeline: things",
          "pipeline: more",
        ),
        files.folder,
      );
    const shared = ", shared: true";
    expect((await run(test.db, one())).status).toBe("succeeded");
    const refused = { code: "plan/target_of_another" };
    await expect(run(test.db, two())).rejects.toMatchObject(refused);
    await expect(run(test.db, two(shared))).rejects.toMatchObject({
      ...refused,
      hint: expect.stringContaining('in the file of "things" too, and run it first'),
    });
    expect(await test.db.query("select id from shop.things")).toEqual([{ id: 1 }]);
    expect((await run(test.db, one(shared))).status).toBe("unchanged");
    expect((await run(test.db, two(shared))).status).toBe("succeeded");
    if (mode === "full") continue;
    // Each knows its own newest load, however many of the other came since and were forgotten.
    for (let id = 3; id < 7; id++) {
      files.write("more.csv", rows(id));
      expect((await run(test.db, two(shared))).status).toBe("succeeded");
    }
    expect((await run(test.db, one(shared))).status).toBe("unchanged");
    expect((await test.db.query("select from shop.things")).length).toBe(6);
    await expect(run(test.db, one())).rejects.toMatchObject(refused);
  }
});

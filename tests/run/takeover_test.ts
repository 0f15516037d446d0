import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { RunResult } from "../../src/core/result.ts";
import type { Database } from "../../src/db/database.ts";
import { planPipeline, runPipeline } from "../../src/run/mod.ts";
import { haltingDatabase } from "../support/halting_database.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, preparedDatabase, testDatabase } from "../support/postgres.ts";

const YAML = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things, indexes: [[name]] }
columns: { id: integer, name: text }
`;

Deno.test("a run that lost its lock writes nothing once another has begun, wherever it was", async () => {
  let points = 0;
  let takenOver = 0;
  using files = workspace({ "things.csv": "id,name\n1,old\n" });
  const spec = specOf(YAML, files.folder);
  await using loaded = await preparedDatabase(async ({ db }) => void await run(db, spec));
  for (let at = 1;; at++) {
    await using test = await loaded.copy();
    files.write("things.csv", "id,name\n1,new\n2,new\n3,new\n");
    const first = haltingDatabase(test.db, at);
    const { context } = testContext(first.db);
    const outcome: Promise<RunResult | SluiceError> = runPipeline(spec, ALL, context).catch(
      (error) => {
        if (error instanceof SluiceError) return error;
        throw error;
      },
    );
    const halted = await Promise.race([first.reached.then(() => true), outcome.then(() => false)]);
    if (!halted) break;
    points++;
    await first.cutSession();
    // The one whose lock it is now; it must come to its end whatever the other one does.
    const second = await run(test.db, spec);
    expect(["succeeded", "unchanged"]).toContain(second.status);
    first.go();
    const result = await outcome;
    const code = result instanceof SluiceError ? result.code : result.error?.code;
    if (code === "ledger/lock_lost") takenOver++;
    expect(await test.db.query("select id, name from shop.things order by id")).toEqual([
      { id: 1, name: "new" },
      { id: 2, name: "new" },
      { id: 3, name: "new" },
    ]);
    const live = await test.db.query<{ rows: number }>(
      "select rows from sluice.loads where state = 'live'",
    );
    expect(live).toEqual([{ rows: 3 }]);
    const tables = await test.db.query<{ relname: string }>(
      "select relname from pg_class where relkind = 'r' and relnamespace = 'shop'::regnamespace",
    );
    const known = await test.db.query<{ relname: string }>(
      "select table_name as relname from sluice.loads where state <> 'dropped'",
    );
    expect(tables.map(({ relname }) => relname).sort()).toEqual(
      known.map(({ relname }) => relname).sort(),
    );
  }
  console.log(`  halted at ${points} points, ${takenOver} times told that another took over`);
  expect(takenOver).toBeGreaterThan(3);
});

Deno.test("a run whose lock dropped goes on where no other run has begun", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name\n1,old\n" });
  const spec = specOf(YAML, files.folder);
  await run(test.db, spec);
  files.write("things.csv", "id,name\n2,new\n");
  const first = haltingDatabase(test.db, 12);
  const outcome = runPipeline(spec, ALL, testContext(first.db).context);
  await first.reached;
  await first.cutSession();
  first.go();
  expect((await outcome).status).toBe("succeeded");
});

Deno.test("a run that lost its lock before it began does not take the one that has it for dead", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name\n1,old\n" });
  const spec = specOf(YAML, files.folder);
  await run(test.db, spec);
  files.write("things.csv", "id,name\n2,new\n");
  // Right after it has the lock.
  const first = haltingDatabase(test.db, 1);
  const outcome = runPipeline(spec, ALL, testContext(first.db).context);
  outcome.catch(() => {});
  await first.reached;
  await first.cutSession();
  const second = haltingDatabase(test.db, 12);
  const load = runPipeline(spec, ALL, testContext(second.db).context);
  await second.reached;
  first.go();
  await expect(outcome).rejects.toMatchObject({ code: "ledger/target_locked" });
  second.go();
  expect(await load).toMatchObject({ status: "succeeded", rows_loaded: 1 });
  expect(await test.db.query("select status from sluice.runs order by started_at")).toEqual([
    { status: "succeeded" },
    { status: "succeeded" },
  ]);
});

Deno.test("a run at work in a transaction is waited for, and then told of", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name\n1,old\n" });
  const spec = specOf(YAML, files.folder);
  const { run_id } = await run(test.db, spec);
  await test.db.query("update sluice.runs set status = 'running' where id = $1", [run_id]);
  await using session = await test.db.session();
  await session.query("begin");
  await session.query("select from sluice.runs where id = $1 for share", [run_id]);
  await expect(run(test.db, spec)).rejects.toMatchObject({
    code: "ledger/target_locked",
    retry: "later",
  });
  await session.query("commit");
  expect((await run(test.db, spec)).status).toBe("unchanged");
});

Deno.test("first runs of many targets of one schema, at once, all succeed", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const specs = [1, 2, 3, 4].map((n) =>
    specOf(YAML.replaceAll("shop.things", `shop.t${n}`), files.folder)
  );
  for (let round = 0; round < 5; round++) {
    const results = await Promise.all(specs.map((spec) => run(test.db, spec)));
    expect(results.map(({ status }) => status)).toEqual(specs.map(() => "succeeded"));
    await test.db.query("drop schema shop cascade; drop schema sluice cascade");
  }
});

Deno.test("a table that another run makes while a plan asks is the target, and not in its way", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const spec = specOf(YAML, files.folder);
  await test.db.query("create schema shop");
  const codes: string[] = [];
  for (let at = 1;; at++) {
    let asked = 0;
    const making: Database = {
      describe: test.db.describe,
      cancelRunning: () => test.db.cancelRunning(),
      transaction: (work) => test.db.transaction(work),
      session: () => test.db.session(),
      copyIn: (sql, first) => test.db.copyIn(sql, first),
      async query(sql, params) {
        if (++asked === at) {
          await test.db.query("create table shop.things (id integer, name text)");
        }
        return await test.db.query(sql, params);
      },
      [Symbol.asyncDispose]: async () => {},
    };
    try {
      await planPipeline(spec, ALL, testContext(making).context);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      codes.push(error.code);
    }
    if (asked < at) break;
    await test.db.query("drop table shop.things");
  }
  expect(codes).not.toContain("plan/name_taken");
});

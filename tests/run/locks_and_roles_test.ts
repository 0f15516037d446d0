import { expect } from "packages/expect.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

const YAML = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things, indexes: [[name]] }
idempotency_key: [id]
on_duplicate: keep_first
columns: { id: integer, name: text }
`;

Deno.test("an exchange that cannot have its lock gives up, names the holder and changes nothing", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name\n1,old\n" });
  const spec = specOf(YAML, files.folder);
  await run(test.db, spec);
  files.write("things.csv", "id,name\n1,new\n");
  await using reader = await test.db.session();
  await reader.query("begin");
  await reader.query("select 'the long report' from shop.things");
  const { context, events } = testContext(test.db);
  // Only the waits between the attempts are left out; each attempt waits for the lock as planned.
  const clock = { ...context.clock, sleep: () => Promise.resolve() };
  const result = await runPipeline(spec, ALL, { ...context, clock });
  expect(result.status).toBe("failed");
  expect(result.error).toMatchObject({ code: "publish/locked", retry: "later" });
  expect(result.error?.message).toContain("the long report");
  expect(events.filter((event) => event.type === "retry" && event.stage === "publish").length)
    .toBeGreaterThan(5);
  await reader.query("commit");
  expect(await test.db.query("select name from shop.things")).toEqual([{ name: "old" }]);
  expect((await run(test.db, spec)).status).toBe("succeeded");
});

Deno.test("a ledger that another run has changed meanwhile stops the publish", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name\n1,old\n" });
  const spec = specOf(YAML, files.folder);
  await run(test.db, spec);
  files.write("things.csv", "id,name\n1,new\n");
  const { context } = testContext(test.db);
  await using other = await test.db.session();
  // What a second publisher does in the moment between this run's plan and its exchange.
  const emit: typeof context.emit = (event) => {
    if (event.type !== "partition_started") return;
    changed = other.query("update sluice.loads set version = 9 where state = 'live'");
  };
  let changed: Promise<unknown> = Promise.resolve();
  const result = await runPipeline(spec, ALL, { ...context, emit });
  await changed;
  expect(result.error).toMatchObject({ code: "publish/changed_meanwhile", retry: "later" });
  expect(await test.db.query("select name from shop.things")).toEqual([{ name: "old" }]);
});

import { expect } from "packages/expect.ts";
import { loadElsewhere } from "../../src/distribute/elsewhere.ts";
import { openQueue, type RunJob } from "../../src/distribute/queue.ts";
import { type Carried, requireReferences } from "../../src/distribute/literal_secrets.ts";
import { resolveTarget } from "../../src/db/connection/resolve_target.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { ALL, specOf, testContext, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";

Deno.test("a job holds references, and no secret that a pipeline file spells out", () => {
  const refused = (changes: Partial<Carried["source"]>, notify: Carried["notify"] = []) => {
    try {
      requireReferences({ source: { url: "https://h/x", headers: {}, ...changes }, notify });
      return null;
    } catch (error) {
      return (error as Error).message.split(": ").at(-1);
    }
  };
  expect(refused({})).toBe(null);
  expect(refused({ url: "https://u:${A}@h/{month}?token=${B}" })).toBe(null);
  expect(refused({ url: "https://u:SECRET@h/x" })).toBe("source.url");
  expect(refused({ url: "https://h/x?token=SECRET" })).toBe("source.url");
  for (const value of ["${A}", "Bearer ${A}", "Token token=${A}".slice(6), "${A}:${B}"]) {
    expect([value, refused({ headers: { "X-Key": value } })]).toEqual([value, null]);
  }
  for (const value of ["SECRET", "Bearer SECRET", "Bearer SECRET${A}", "${A}SECRET", ""]) {
    expect(refused({ headers: { "X-Key": value } })).toBe("source.headers.X-Key");
  }
  expect(refused({ headers: { accept: "text/csv", "User-Agent": "us", "accept-language": "de" } }))
    .toBe(null);
  const on = ["failure"] as const;
  expect(refused({}, [{ on, webhook: "https://hooks/${TOKEN}" }, { on, command: ["page"] }])).toBe(
    null,
  );
  expect(refused({}, [{ on, webhook: "${HOOK}" }, { on, webhook: "https://hooks/SECRET" }]))
    .toBe("notify.1.webhook");
});

Deno.test("a detached run whose file spells a secret out is not put into the queue", async () => {
  await using test = await testDatabase();
  await using queue = await openQueue(await resolveTarget(test.url), "1", 2);
  const spec = {
    pipeline: "things",
    source: { url: "https://h/x.csv", headers: { "x-key": "canary-header" } },
    notify: [{ on: ["failure"], webhook: "https://h/canary-hook" }],
  };
  const job = { id: crypto.randomUUID(), spec, options: {}, priority: 0 } as unknown as RunJob;
  await expect(queue.addRun(job)).rejects.toMatchObject({
    code: "cli/literal_secret",
    message: expect.stringContaining("source.headers.x-key, notify.0.webhook"),
  });
  expect(await test.db.query("select from sluice_jobs._private_jobs")).toEqual([]);
});

Deno.test("a distributed run whose file spells a secret out does not begin", async () => {
  await using test = await testDatabase();
  await using queue = await openQueue(await resolveTarget(test.url), "1", 2);
  using files = workspace();
  const sources = [
    `{ url: "https://u:canary@h/{month}.csv" }`,
    `{ url: "https://h/{month}.csv?token=canary" }`,
    `{ url: "https://h/{month}.csv", headers: { x-key: canary } }`,
  ];
  for (const source of sources) {
    const yaml = `
pipeline: things
partitions: { by: month, from: 2021-01, to: 2021-03 }
source: ${source}
target: { table: shop.things, partition_column: month }
refresh: { mode: partition }
columns: { id: integer }
`;
    const { context, events } = testContext(test.db);
    const elsewhere = loadElsewhere(queue, 0);
    await expect(runPipeline(specOf(yaml, files.folder), ALL, { ...context, elsewhere }))
      .rejects.toMatchObject({ code: "cli/literal_secret" });
    // Not even the ledger was made.
    expect(events).toEqual([]);
    expect(await test.db.query("select from pg_namespace where nspname in ('sluice', 'shop')"))
      .toEqual([]);
  }
  expect(await test.db.query("select from sluice_jobs._private_jobs")).toEqual([]);
});

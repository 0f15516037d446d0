import { expect } from "packages/expect.ts";
import { resolveTarget } from "../../src/db/connection/resolve_target.ts";
import { loadElsewhere } from "../../src/distribute/elsewhere.ts";
import { openQueue } from "../../src/distribute/queue.ts";
import { workOn } from "../../src/distribute/work.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { altering } from "../support/altering_database.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

const PARTS = ["a", "b", "c"];

const yaml = (mode: string, publish: string) => `
pipeline: things
source: { url: "things_{partition}.csv" }
target: { table: shop.things, partition_column: part }
partitions: { by: list, values: [a, b, c], publish: ${publish} }
refresh: { mode: ${mode} }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, n: integer }
`;

for (const mode of ["partition", "append", "upsert"]) {
  for (const publish of ["each", "together"]) {
    // Merges need no table that is as it was planned, to the column.
    for (const times of mode === "partition" ? [1, 9] : [1]) {
      const end = times === 1 ? "is planned anew and loaded" : "ends the run, to be tried later";
      Deno.test(`${mode}, ${publish}: a target that is altered ${times}x while workers load ${end}`, async () => {
        await using test = await ledgerDatabase();
        using files = workspace();
        for (const part of PARTS) files.write(`things_${part}.csv`, "id,n\n1,1\n");
        const spec = specOf(yaml(mode, publish), files.folder);
        await run(test.db, spec);
        for (const part of PARTS) files.write(`things_${part}.csv`, "id,n\n1,2\n2,2\n");
        await using queue = await openQueue(await resolveTarget(test.url), "test", 10);
        const stop = new AbortController();
        const sql = "alter table shop.things add column more{n} int not null default 7";
        const { context: worker } = testContext(altering(test.db, sql, times), stop.signal);
        const work = workOn(queue, {
          ...worker,
          concurrency: 2,
          followed: 1,
          ready: () => {},
          run: () => Promise.reject(new Error("There is no detached run here")),
          note: () => {},
          warn: () => {},
        });
        const { context, events } = testContext(test.db);
        const elsewhere = loadElsewhere(queue, 0);
        const result = await runPipeline(spec, ALL, { ...context, elsewhere });
        stop.abort();
        await work;
        const finished = events.flatMap((event) =>
          event.type === "partition_finished" ? [event.result.partition] : []
        );
        expect(finished.sort()).toEqual(PARTS);
        const content = await test.db.query("select part, id, n from shop.things order by 1, 2, 3");
        if (times === 1) {
          expect([result.status, result.error]).toEqual(["succeeded", null]);
          expect(content).toEqual(PARTS.flatMap((part) => [
            { part, id: 1, n: mode === "append" ? 1 : 2 },
            { part, id: 2, n: 2 },
          ]));
          expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
        } else {
          expect(result).toMatchObject({
            status: "failed",
            error: { code: "publish/target_altered", retry: "later" },
          });
        }
        expect(await test.db.query("select from sluice_jobs.jobs")).toEqual([]);
      });
    }
  }
}

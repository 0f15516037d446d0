import { expect } from "packages/expect.ts";
import { migrate, recordPlan, startRun } from "../../src/ledger/mod.ts";
import { testDatabase } from "../support/postgres.ts";

Deno.test("recordPlan() keeps the newest runs of each target, each once, in any encoding", async () => {
  for (const encoding of ["UTF8", "LATIN1"]) {
    await using database = await testDatabase(encoding);
    const { db } = database;
    await migrate(db);
    const step = { step: "stage", why: "Zürich 日本 \0", lock: null, sql: "select 1" };
    const ids: string[] = [];
    for (let n = 0; n < 24; n++) {
      const id = crypto.randomUUID();
      ids.push(id);
      const target = n === 0 ? "a.other" : "a.t";
      const run = {
        id,
        target,
        pipeline: "p",
        specHash: "",
        environment: null,
        host: "",
        version: "",
      };
      await startRun(db, { ...run, command: "run" });
      // A first attempt that had to be given up.
      await recordPlan(db, { runId: id, target }, []);
      await recordPlan(db, { runId: id, target }, [step]);
    }
    const kept = await db.query<{ run_id: string; n: number }>(
      `select run_id, jsonb_array_length(statements) as n from sluice.run_plans order by recorded_at`,
    );
    expect(kept).toEqual([ids[0], ...ids.slice(4)].map((run_id) => ({ run_id, n: 1 })));
  }
});

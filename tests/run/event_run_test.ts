import { expect } from "packages/expect.ts";
import { replayRejects, runPipeline } from "../../src/run/mod.ts";
import { ALL, specOf, testContext, workspace } from "../support/pipeline.ts";
import { it, ledgerDatabase } from "../support/every_db.ts";

const YAML = `
pipeline: trips
source: { url: "{partition}.csv" }
target: { table: shop.trips }
partitions: { by: list, values: [a, b]PUBLISH }
refresh: { mode: partition }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, seats: { type: integer, max: 4 } }
rules: { few: { check: "seats < 3", on_fail: warn } }
rejects: { limit: 10 }
`;

for (const publish of ["", ", publish: together"]) {
  it(`every event of a run names it, published ${publish === "" ? "one by one" : "together"}`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "a.csv": "id,seats\n1,3\n2,9\n", "b.csv": "id,seats\n3,1\n" });
    const spec = specOf(YAML.replace("PUBLISH", publish), files.folder);
    for (const work of ["run", "replay"]) {
      const { context, events } = testContext(test.db);
      const result = work === "run"
        ? await runPipeline(spec, ALL, context)
        : await replayRejects(spec, undefined, context);
      expect(result.run_id).not.toBe("");
      expect(events.map(({ type }) => type)).toContain("run_finished");
      if (work === "run") expect(events.map(({ type }) => type)).toContain("warning");
      expect(new Set(events.map(({ runId }) => runId))).toEqual(new Set([result.run_id]));
    }
  });
}

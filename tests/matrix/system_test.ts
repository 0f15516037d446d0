import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import type { Database } from "../../src/db/database.ts";
import { MODES } from "../../src/plan/modes/mod.ts";
import { rollbackPipeline } from "../../src/run/mod.ts";
import type { RefreshMode } from "../../src/spec/pipeline_spec.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { startBuild, systemBuilds } from "./servers.ts";

// What `deno task matrix` does at length, in short and on what is installed anyway.

const builds = systemBuilds();
if (builds.length === 0) {
  console.warn("No Postgres is installed on this machine: the tests on it are skipped");
}

for (const build of builds) {
  Deno.test(`Postgres ${build.name} takes a load in each mode, a second one and a rollback`, async () => {
    await using server = await startBuild(build);
    await using db = await connect({ url: server.url });
    for (const mode of Object.keys(MODES) as RefreshMode[]) await loadTwiceAndBack(db, mode);
  });
}

const yaml = (mode: RefreshMode) => `
pipeline: ${mode}
${mode === "partition" ? "partitions: { by: month, from: 2021-01, to: 2021-01 }" : ""}
source: { url: things.csv }
target: { table: shop.${mode}_things, indexes: [[name]] }
refresh: { mode: ${mode} }
idempotency_key: [id]
rejects: { limit: 1 }
columns: { id: { type: integer, required: true }, name: text }
`;

async function loadTwiceAndBack(db: Database, mode: RefreshMode): Promise<void> {
  using files = workspace({ "things.csv": "id,name\n1,one\n2,two\nbad,row\n" });
  const spec = specOf(yaml(mode), files.folder);
  const ids = async () =>
    (await db.query<{ ids: string }>(
      `select string_agg(id::text, ' ' order by id) as ids from shop.${mode}_things`,
    ))[0].ids;
  expect(await run(db, spec)).toMatchObject({ status: "succeeded", rows_rejected: 1 });
  const before = await ids();
  expect(await run(db, spec)).toMatchObject({ status: "unchanged" });
  files.write("things.csv", "id,name\n2,TWO\n3,three\n");
  expect(await run(db, spec)).toMatchObject({ status: "succeeded", rows_rejected: 0 });
  expect(await ids()).not.toBe(before);
  await rollbackPipeline(spec, {}, testContext(db).context);
  expect(await ids()).toBe(before);
}

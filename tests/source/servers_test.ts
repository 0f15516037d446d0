import { expect } from "packages/expect.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { specOf, testContext } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { startServers } from "./servers.ts";

Deno.test("one file in every store is the same table, by the same pipeline", async () => {
  await using servers = await startServers();
  await using test = await testDatabase();
  const { context } = testContext(test.db);
  const secrets = secretsFrom(servers.environment);
  const hashes = new Set<string>();
  for (const [name, base] of Object.entries(servers.bases)) {
    const spec = specOf(
      `
pipeline: zones_${name}
source: { url: "${base}/nyc_tlc/taxi_zone_lookup.csv" }
target: { table: shop.zones_${name} }
columns:
  location_id: { from: LocationID, type: smallint, required: true }
  borough: { from: Borough, type: text }
  zone: { from: Zone, type: text }
  service_zone: text
`,
      "/",
    );
    const options = { partitions: [], force: false, allowDestructive: false };
    const { partitions } = await runPipeline(spec, options, { ...context, secrets });
    expect([name, partitions[0].status]).toEqual([name, "published"]);
    const [{ hash }] = await test.db.query<{ hash: string }>(
      `select md5(string_agg(t::text, '' order by location_id)) as hash from shop.zones_${name} t`,
    );
    hashes.add(hash);
  }
  expect(hashes.size).toBe(1);
});

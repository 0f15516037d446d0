import { migrate } from "../../src/ledger/mod.ts";
import { workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { startServe, TOKEN } from "./serve_process.ts";
import { until } from "../support/until.ts";

/**
 * Runs a tiny pipeline a thousand times in one server, and prints how much memory it has.
 *
 *     deno run -A tests/schedule/soak.ts [RUNS]
 *
 * Each run changes its file, so that it loads and publishes, and is asked for over HTTP, so that
 * all of the server is at work.
 */
const runs = Number(Deno.args[0] ?? 1000);
const MARKS = [1, 20, 100, 200, 500, 1000, 1500, 2000, 5000];

await using database = await testDatabase();
await migrate(database.db);
using files = workspace({
  "trips.yaml": `pipeline: trips
source: { url: trips.csv, format: csv }
target: { table: ny.trips, versions: 1 }
columns: { id: integer, name: text }
`,
});
await using server = await startServe(files.folder, database.url);
const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
const began = performance.now();
for (let run = 1; run <= runs; run++) {
  files.write("trips.csv", `id,name\n${run},one\n`);
  const response = await fetch(`${server.origin}/runs`, {
    method: "POST",
    headers,
    body: '{"pipeline": "trips"}',
  });
  if (response.status !== 202) throw new Error(await response.text());
  await response.body?.cancel();
  await until("the run has ended", async () => !(await schedule()).pipelines[0].running);
  if (!MARKS.includes(run)) continue;
  const seconds = (performance.now() - began) / 1000;
  console.log(`${run} runs\t${residentMegabytes()} MB\t${seconds.toFixed(1)} s`);
}
server.kill("SIGTERM");
await server.status;
const [counts] = await database.db.query<{ runs: number; succeeded: number }>(
  `select count(*) as runs, count(*) filter (where status = 'succeeded') as succeeded
from sluice.runs`,
);
console.log(`${counts.succeeded} of ${counts.runs} runs published`);

// deno-lint-ignore no-explicit-any
async function schedule(): Promise<any> {
  return await (await fetch(`${server.origin}/schedule`)).json();
}

/** What the server's process has in memory now; Linux only. */
function residentMegabytes(): number {
  const status = Deno.readTextFileSync(`/proc/${server.pid}/status`);
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024);
}

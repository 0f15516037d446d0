import { connect } from "../src/db/connection/connect.ts";
import { fillLedger } from "../tests/page/big_ledger.ts";
import { inScratchDatabase } from "./scratch_database.ts";

/**
 * Measures the page of `serve` on a ledger of years: the first grid of a process that has just
 * started, then all views one after another, at rest and while a pipeline loads at full speed.
 */

const SIZE = { pipelines: 200, partitions: 60, runs: 100_000 };
const SECONDS = 15;
const MAIN = new URL("../src/main.ts", import.meta.url).pathname;

await inScratchDatabase("bench_page", async (url) => {
  const folder = Deno.makeTempDirSync({ prefix: "sluice-bench-" });
  for (let n = 0; n < SIZE.pipelines; n++) {
    const name = `pipeline_${String(n).padStart(3, "0")}`;
    Deno.writeTextFileSync(`${folder}/${name}.yaml`, pipeline(name, "none.csv"));
  }
  Deno.writeTextFileSync(`${folder}/load.yaml`, pipeline("load", "load.csv"));
  writeRows(`${folder}/load.csv`, 3_000_000);
  await using db = await connect({ url, maxConnections: 2 });
  await fillLedger(db, SIZE);
  const [{ run }] = await db.query<{ run: string }>(
    "select run_id as run from sluice.loads where id % 7 = 0 limit 1",
  );
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-q",
      "-A",
      "--v8-flags=--max-semi-space-size=1,--expose-gc",
      MAIN,
      "serve",
      folder,
      "--port",
      "0",
    ],
    env: { DATABASE_URL: url, SLUICE_TOKEN: "0123456789abcdef" },
    stdout: "null",
    stderr: "piped",
  });
  const server = command.spawn();
  const origin = await listening(server.stderr);
  const paths = [
    "/",
    "/?page=3",
    `/run/${run}`,
    "/pipeline/pipeline_007/versions",
    "/pipeline/pipeline_007/versions?partition=2025-06",
    "/pipeline/pipeline_007/runs",
    "/pipeline/pipeline_007/rejects",
    "/pipeline/pipeline_007/checks",
    "/pipeline/pipeline_007/file",
    "/starts",
    "/queue",
  ];
  // As a person does who opens the address that it prints.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  console.log(`first grid  ${(await time(origin, "/")).toFixed(0)} ms`);
  await measure("at rest", origin, paths, () => Promise.resolve(true));
  let ended = false;
  const loading = load(origin).finally(() => ended = true);
  await measure("while a pipeline loads", origin, paths, () => Promise.resolve(!ended));
  console.log(await loading);
  server.kill("SIGTERM");
  await server.status;
  Deno.removeSync(folder, { recursive: true });
});

/** Looks at all views in turn, and at the health of the process beside them. */
async function measure(
  name: string,
  origin: string,
  paths: readonly string[],
  goesOn: () => Promise<boolean>,
): Promise<void> {
  const looks: number[] = [];
  const health: number[] = [];
  const byPath = new Map<string, number[]>();
  const until = performance.now() + SECONDS * 1000;
  let over = false;
  const checking = (async () => {
    while (!over) {
      health.push(await time(origin, "/healthz"));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  while (performance.now() < until && await goesOn()) {
    for (const path of paths) {
      const took = await time(origin, path);
      looks.push(took);
      byPath.set(path, [...byPath.get(path) ?? [], took]);
    }
  }
  over = true;
  await checking;
  for (const [path, times] of byPath) console.log(`  ${path}  ${spread(times)}`);
  console.log(`${name}: ${looks.length} looks  ${spread(looks)}`);
  console.log(`${name}: ${health.length} times /healthz  ${spread(health)}`);
}

async function time(origin: string, path: string): Promise<number> {
  const began = performance.now();
  const response = await fetch(origin + path, { headers: { accept: "text/html" } });
  await response.text();
  if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
  return performance.now() - began;
}

/** Loads the one real pipeline, again and again for as long as is measured. */
async function load(origin: string): Promise<string> {
  let rows = 0;
  const until = performance.now() + SECONDS * 1000;
  while (performance.now() < until) {
    const started = await (await fetch(`${origin}/runs`, {
      method: "POST",
      headers: { authorization: "Bearer 0123456789abcdef", "content-type": "application/json" },
      body: JSON.stringify({ pipeline: "load", force: true }),
    })).json();
    const { run_id, error } = started;
    // The run before is in the ledger a moment before it lets go.
    if (error?.code === "http/running") continue;
    if (run_id === undefined) throw new Error(JSON.stringify(started));
    for (let status = "running"; status === "running";) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const run = await (await fetch(`${origin}/runs/${run_id}`)).json();
      ({ status } = run);
      if (status !== "running") rows += run.rows_loaded;
    }
  }
  return `loaded ${rows} rows meanwhile`;
}

function spread(values: number[]): string {
  values.sort((a, b) => a - b);
  const at = (share: number) =>
    values[Math.min(values.length - 1, Math.floor(share * values.length))];
  return `median ${at(0.5).toFixed(0)} ms, p99 ${at(0.99).toFixed(0)} ms, most ${
    at(1).toFixed(0)
  } ms`;
}

async function listening(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const [own, rest] = stderr.tee();
  void rest.pipeTo(new WritableStream());
  let text = "";
  for await (const piece of own.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const origin = /listening on (\S+)/.exec(text)?.[1];
    if (origin !== undefined) return origin;
  }
  throw new Error(text);
}

function pipeline(name: string, file: string): string {
  return `pipeline: ${name}
source: { url: ${file}, format: csv }
target: { table: data.${name} }
columns:
  id: { type: integer, required: true }
  name: { type: text }
  amount: { type: "numeric(12,2)" }
schedule: { cron: "0 6 * * *" }
`;
}

function writeRows(path: string, rows: number): void {
  using file = Deno.openSync(path, { write: true, create: true });
  const encoder = new TextEncoder();
  file.writeSync(encoder.encode("id,name,amount\n"));
  for (let at = 0; at < rows; at += 10_000) {
    const lines = Array.from({ length: 10_000 }, (_, n) => `${at + n},name ${at + n},${n}.25\n`);
    file.writeSync(encoder.encode(lines.join("")));
  }
}

import { migrate } from "../../src/ledger/mod.ts";
import { expect } from "packages/expect.ts";
import { serveHttp } from "../support/http_server.ts";
import { workspace } from "../support/pipeline.ts";
import { receiver } from "../observe/support.ts";
import { testDatabase } from "../support/postgres.ts";
import { worker } from "../distribute/support.ts";
import { breakingProxy } from "../support/breaking_proxy.ts";
import { type ServeProcess, startServe, TOKEN } from "./serve_process.ts";
import { sluice } from "../support/sluice.ts";
import { until } from "../support/until.ts";
import { timeLimit } from "../support/time_limit.ts";

const TRIPS = `pipeline: trips
source: { url: trips.csv, format: csv }
target: { table: ny.trips }
columns: { id: integer, name: text }
`;

/** A source that begins and never ends. */
const slow = (origin: string) => TRIPS.replace("trips.csv", `${origin}/trips.csv`);

Deno.test("serve runs pipelines by hand, shows them, follows its folder and stops on SIGTERM", async () => {
  await using database = await testDatabase();
  await migrate(database.db);
  using files = workspace({ "trips.yaml": TRIPS, "trips.csv": "id,name\n1,one\n2,two\n" });
  await using server = await startServe(files.folder, database.url);

  await until("it is ready", async () => (await status(server, "/readyz")) === 200);
  const started = await post(server, { pipeline: "trips" });
  expect(started.status).toBe(202);
  const { run_id } = await started.json();
  const run = await untilEnded(server, run_id);
  expect(run).toMatchObject({ pipeline: "trips", status: "succeeded", rows_loaded: 2 });
  expect((await database.db.query("select * from ny.trips")).length).toBe(2);

  files.write("zones.yaml", TRIPS.replaceAll("trips", "zones"));
  files.write("broken.yaml", "pipelin: x");
  await until(
    "both pipelines are served",
    async () => (await scheduleOf(server)).pipelines.length === 2,
  );
  expect((await scheduleOf(server)).broken[0].message).toContain('Did you mean "pipeline"?');

  const metrics = await (await fetch(`${server.origin}/metrics`)).text();
  expect(metrics).toContain('sluice_runs_total{pipeline="trips",target="ny.trips",');
  expect(metrics).toContain("sluice_serve_pipelines 2");

  server.kill("SIGTERM");
  expect((await server.status).code).toBe(143);
  expect(server.err()).toContain("stopped: 0 runs finished, 0 interrupted, 0 left behind");
  expect(server.err()).not.toContain(TOKEN);
});

Deno.test("serve --distributed has workers load what it starts", async () => {
  await using database = await testDatabase();
  using files = workspace({ "trips.yaml": TRIPS, "trips.csv": "id,name\n1,one\n2,two\n" });
  await using server = await startServe(files.folder, database.url, ["--distributed"]);
  await using _worker = worker(files.folder, database.url);
  await until("it is ready", async () => (await status(server, "/readyz")) === 200);
  const { run_id } = await (await post(server, { pipeline: "trips" })).json();
  expect(await untilEnded(server, run_id)).toMatchObject({ status: "succeeded", rows_loaded: 2 });
  const parts = await database.db.query("select attempts from sluice.run_partitions");
  expect(parts).toEqual([{ attempts: 1 }]);
});

Deno.test("serve stops a run cleanly that does not end within the grace time", async () => {
  await using database = await testDatabase();
  await migrate(database.db);
  const body = new TextEncoder().encode("id,name\n1,one\n");
  await using source = serveHttp(() => ({
    body,
    headers: { "content-length": "1000" },
    stallAfter: 14,
  }));
  using files = workspace({ "trips.yaml": slow(source.origin) });
  await using server = await startServe(files.folder, database.url, ["--grace", "2"]);
  const { run_id } = await (await post(server, { pipeline: "trips" })).json();
  expect(await (await post(server, { pipeline: "trips" })).json()).toMatchObject({
    error: { code: "http/running" },
  });
  await until("the source is asked", () => source.requests.some(({ method }) => method === "GET"));

  const began = performance.now();
  server.kill("SIGTERM");
  // Still there for whoever asks, and not ready for more.
  await until("it is not ready", async () => (await status(server, "/readyz")) === 503);
  expect(await status(server, "/healthz")).toBe(200);
  expect((await server.status).code).toBe(143);
  expect(performance.now() - began).toBeLessThan(timeLimit(6000));
  expect(server.err()).toContain("stopped: 0 runs finished, 1 interrupted, 0 left behind");
  const [run] = await database.db.query(`select status from sluice.runs where id = $1`, [run_id]);
  expect(run).toEqual({ status: "interrupted" });
  const staging = await database.db.query(
    `select relname from pg_class where relname like 'trips\\_\\_%' and relnamespace = 'ny'::regnamespace`,
  );
  expect(staging).toEqual([]);
});

Deno.test("serve starts without its database, says so, and recovers when it is back", async () => {
  await using database = await testDatabase();
  await migrate(database.db);
  await using proxy = breakingProxy(database.url);
  proxy.cut();
  using files = workspace({ "trips.yaml": TRIPS, "trips.csv": "id,name\n1,one\n" });
  await using server = await startServe(files.folder, proxy.url);
  expect(await status(server, "/healthz")).toBe(200);
  expect(await status(server, "/readyz")).toBe(503);
  expect((await scheduleOf(server)).pipelines.length).toBe(1);
  await until(
    "it says that the database is away",
    () => server.err().includes("the database does not answer"),
  );

  proxy.mend();
  await until("it is ready", async () => (await status(server, "/readyz")) === 200);
  await until(
    "it says that the database is back",
    () => server.err().includes("the database answers"),
  );

  proxy.cut();
  await until("it is not ready", async () => (await status(server, "/readyz")) === 503);
  expect(await status(server, "/healthz")).toBe(200);
  expect(await (await post(server, { pipeline: "trips" })).json()).toMatchObject({
    error: { code: "http/database_away", retry: "later" },
  });

  proxy.mend();
  await until("it is ready", async () => (await status(server, "/readyz")) === 200);
  const { run_id } = await (await post(server, { pipeline: "trips" })).json();
  expect(await untilEnded(server, run_id)).toMatchObject({ status: "succeeded" });
});

Deno.test("serve refuses what would be open to others, or cannot be", async () => {
  using files = workspace({ "trips.yaml": TRIPS });
  const { folder } = files;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String(listener.addr.port);
  const cases: readonly [string[], Record<string, string>, string][] = [
    [["serve", folder, "--host", "0.0.0.0"], {}, "cli/no_token"],
    [["serve", folder], { SLUICE_TOKEN: "short" }, "cli/weak_token"],
    [["serve", `${folder}/none`], {}, "cli/no_such_folder"],
    [["serve", folder, "--port", port], {}, "cli/cannot_listen"],
  ];
  await Promise.all(cases.map(async ([args, env, code]) => {
    const ended = await sluice(folder, { SLUICE_TOKEN: "", DATABASE_URL: "", ...env }, ...args);
    expect(ended.err).toContain(code);
    expect(ended.code).toBe(2);
  }));
  listener.close();
});

Deno.test("serve --dry-run prints what would run, without a database", async () => {
  using files = workspace({ "trips.yaml": TRIPS });
  const good = await sluice(files.folder, {}, "serve", ".", "--dry-run");
  expect(good).toMatchObject({ code: 0, err: "" });
  expect(good.out).toContain("trips     -     -          by hand only");
  files.write("broken.yaml", "pipelin: x");
  const bad = await sluice(files.folder, {}, "serve", ".", "--dry-run", "--output", "json");
  expect(bad.code).toBe(2);
  expect(JSON.parse(bad.out)).toMatchObject({
    pipelines: [{ pipeline: "trips", cron: null }],
    broken: [{ file: "./broken.yaml", kept: false }],
  });
});

Deno.test("serve --log-level writes JSON lines where nobody looks, with what each is about", async () => {
  await using database = await testDatabase();
  await migrate(database.db);
  using files = workspace({ "trips.yaml": TRIPS, "trips.csv": "id,name\n1,one\n" });
  await using server = await startServe(files.folder, database.url, ["--log-level", "info"]);
  await until("it is ready", async () => (await status(server, "/readyz")) === 200);
  const { run_id } = await (await post(server, { pipeline: "trips" })).json();
  await until("the run has ended", () => server.err().includes("sluice.attempt_ended"));
  server.kill("SIGTERM");
  await server.status;
  const lines = server.err().trim().split("\n").map((line) => JSON.parse(line));
  for (const line of lines) {
    for (const key of ["run_id", "pipeline", "partition", "stage"]) {
      expect(line).toHaveProperty(key);
    }
  }
  const loggers = lines.map(({ logger }) => logger);
  for (const type of ["listening", "attempt_started", "run_finished", "attempt_ended", "stopped"]) {
    expect(loggers).toContain(`sluice.${type}`);
  }
  expect(lines.find(({ logger }) => logger === "sluice.attempt_ended")).toMatchObject({
    level: "INFO",
    pipeline: "trips",
    run_id,
    status: "succeeded",
    attempt: 1,
  });
});

Deno.test("serve runs what a file's schedule asks for, and shows when it is next", async () => {
  await using database = await testDatabase();
  await migrate(database.db);
  const schedule = 'schedule: { cron: "30 6 * * *", timezone: Europe/Berlin }\n';
  using files = workspace({ "trips.yaml": TRIPS + schedule, "trips.csv": "id,name\n1,one\n" });
  // A server of days ago knew it: what it missed since is caught up, without a wait for the morning.
  await database.db.query(
    `insert into sluice.schedules (pipeline, cron, timezone, since)
values ('trips', '30 6 * * *', 'Europe/Berlin', now() - interval '3 days')`,
  );
  const preview = await sluice(files.folder, {}, "serve", ".", "--dry-run");
  expect(preview.out).toMatch(/trips +30 6 \* \* \* +Europe\/Berlin +\d{4}-.*:30:00/);
  await using server = await startServe(files.folder, database.url);
  expect(server.err()).toMatch(/trips {2}next \d{4}-/);
  await until("a row is loaded", () => /trips {2}succeeded: 1 row/.test(server.err()));
  // It is recorded after it is told.
  await until(
    "one pipeline has ended",
    async () =>
      (await database.db.query("select from sluice.schedules where state <> 'running'")).length ===
        1,
  );
  const [row] = await database.db.query(
    `select state, status, attempt, run_id, extract(minute from tick)::int as minute,
  tick > now() - interval '26 hours' as newest from sluice.schedules`,
  );
  const runs = await database.db.query<{ id: string }>(`select id from sluice.runs`);
  expect(runs.length).toBe(1);
  expect(row).toMatchObject({ state: "done", status: "succeeded", attempt: 1, newest: true });
  expect(row).toMatchObject({ run_id: runs[0].id, minute: 30 });
  const [{ cron, timezone, next }] = (await scheduleOf(server)).pipelines;
  expect([cron, timezone]).toEqual(["30 6 * * *", "Europe/Berlin"]);
  expect(new Date(next[0]).getTime() - Date.now()).toBeLessThan(25 * 3_600_000);

  files.write("trips.yaml", TRIPS + schedule.replace("30 6", "30 26"));
  await until("the file is broken", async () => (await scheduleOf(server)).broken.length === 1);
  const { broken, pipelines } = await scheduleOf(server);
  expect(broken[0].message).toContain("trips.yaml:5:19: error[spec/bad_schedule]");
  expect(pipelines[0].cron).toBe("30 6 * * *");
});

Deno.test("serve tells whom a file names, and warns where nobody took it", async () => {
  await using database = await testDatabase();
  await migrate(database.db);
  await using server = receiver(({ path }) =>
    new Response(null, { status: path === "/away" ? 400 : 200 })
  );
  using files = workspace({
    "trips.yaml": `${TRIPS}notify:
  - { on: [refusal], webhook: "${server.origin}/here" }
  - { on: [refusal], webhook: "${server.origin}/away", format: slack }
`,
    "trips.csv": "id,name\nx,one\n",
  });
  await using serving = await startServe(files.folder, database.url);
  const { run_id } = await (await post(serving, { pipeline: "trips" })).json();
  await until("the run is refused", () => /trips {2}refused/.test(serving.err()));
  const warning = "trips  warning: The notification by Slack webhook was not delivered: " +
    `${new URL(server.origin).host} answered 400`;
  expect(serving.err()).toContain(warning);
  const here = server.received.find(({ path }) => path === "/here");
  expect(JSON.parse(here!.body)).toMatchObject({ run_id, status: "refused" });
  expect(server.received).toHaveLength(2);
});

Deno.test("serve logs each of the runs under way with its own run", async () => {
  await using database = await testDatabase();
  await migrate(database.db);
  const both = Promise.withResolvers<void>();
  let reading = 0;
  await using source = receiver(async ({ method }) => {
    // Neither goes on before the other one has begun.
    if (method === "GET" && ++reading === 2) both.resolve();
    if (method === "GET") await both.promise;
    return new Response("id,name\n1,one\n");
  });
  const zones = TRIPS.replaceAll("trips", "zones");
  using files = workspace({
    "trips.yaml": TRIPS.replace("trips.csv", `${source.origin}/trips.csv`),
    "zones.yaml": zones.replace("zones.csv", `${source.origin}/zones.csv`),
  });
  const args = ["--log-level", "info", "--log-database"];
  await using server = await startServe(files.folder, database.url, args);
  const runs = new Map<unknown, string>();
  for (const pipeline of ["trips", "zones"]) {
    const response = await post(server, { pipeline });
    runs.set((await response.json()).run_id, pipeline);
  }
  await until(
    "both runs have ended",
    () => server.err().split("sluice.attempt_ended").length === 3,
  );
  server.kill("SIGTERM");
  await server.status;
  const lines = server.err().trim().split("\n").map((line) => JSON.parse(line));
  const ofRuns = lines.filter(({ run_id }) => run_id !== null);
  for (const [runId, pipeline] of runs) {
    const own = ofRuns.filter((line) => line.run_id === runId);
    expect(new Set(own.map((line) => line.pipeline))).toEqual(new Set([pipeline]));
    const published = own.filter(({ logger, stage }) =>
      logger === "sluice.stage_finished" && stage === "publish"
    );
    expect(published.length).toBe(1);
    const stored = await database.db.query<{ pipeline: string; level: string }>(
      `select pipeline, level from sluice.logs where run_id = $1`,
      [runId],
    );
    expect(stored.length).toBeGreaterThan(4);
    expect(new Set(stored.map(({ pipeline }) => pipeline))).toEqual(new Set([pipeline]));
  }
});

async function post(server: ServeProcess, body: unknown): Promise<Response> {
  return await fetch(`${server.origin}/runs`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function status(server: ServeProcess, path: string): Promise<number> {
  const response = await fetch(server.origin + path);
  await response.body?.cancel();
  return response.status;
}

// deno-lint-ignore no-explicit-any
async function scheduleOf(server: ServeProcess): Promise<any> {
  return await (await fetch(`${server.origin}/schedule`)).json();
}

async function untilEnded(server: ServeProcess, runId: string): Promise<unknown> {
  let run: { status?: string } = {};
  await until("the run has ended", async () => {
    run = await (await fetch(`${server.origin}/runs/${runId}`)).json();
    return run.status !== "running";
  });
  return run;
}

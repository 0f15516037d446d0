import { expect } from "packages/expect.ts";
import type { Clock } from "../../src/core/clock.ts";
import type { PartitionResult } from "../../src/core/result.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import type { Database, Queryable } from "../../src/db/database.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { resolveTarget } from "../../src/db/connection/resolve_target.ts";
import { showAlive } from "../../src/distribute/dead_workers.ts";
import { loadElsewhere } from "../../src/distribute/elsewhere.ts";
import { loadPart } from "../../src/distribute/load_part.ts";
import { type LoadJob, openQueue, type Queue } from "../../src/distribute/queue.ts";
import { workOn } from "../../src/distribute/work.ts";
import { runPipeline } from "../../src/run/mod.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { haltingDatabase } from "../support/halting_database.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import {
  ledgerDatabase,
  preparedDatabase,
  type TestDatabase,
  testDatabase,
} from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { staging } from "./support.ts";

const yaml = (mode: string) => `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: ${mode} }
rejects: { limit: 1 }
columns: { id: { type: integer, required: true }, name: text }
${mode === "upsert" ? "idempotency_key: [id]" : ""}
`;

const queueOf = async ({ url }: TestDatabase, version = "test"): Promise<Queue> =>
  await openQueue(await resolveTarget(url), version, 10);

/** A worker's context, and what it notes. */
function workContext(db: Database, signal = new AbortController().signal) {
  const notes: string[] = [];
  const { context } = testContext(db, signal);
  return {
    notes,
    context: {
      ...context,
      concurrency: 1,
      followed: 1,
      ready: () => {},
      run: () => Promise.reject(new Error("There is no detached run here")),
      note: ({ message }: { message: string }) => void notes.push(message),
      warn: (message: string) => void notes.push(message),
    },
  };
}

/** A distributed run whose one job is taken out of the queue's hands: tests play the worker. */
async function offered(
  test: TestDatabase,
  queue: Queue,
  spec: PipelineSpec,
  variables: Record<string, string> = {},
  timed: (clock: Clock) => Clock = (clock) => clock,
) {
  const jobs: LoadJob[] = [];
  const { context } = testContext(test.db);
  const added = Promise.withResolvers<void>();
  const result = runPipeline(spec, ALL, {
    ...context,
    clock: timed(context.clock),
    secrets: secretsFrom(variables),
    elsewhere: loadElsewhere({
      ...queue,
      async addLoad(job, priority) {
        await queue.addLoad(job, priority);
        jobs.push(job);
        added.resolve();
      },
    }, 0),
  });
  // A run that fails before is told by its own error.
  await Promise.race([added.promise, result]);
  return { job: jobs[0], result };
}

/** Sessions of this database that wait for another one's lock. */
const WAITING = `select from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'`;

for (const mode of ["full", "append", "upsert"]) {
  Deno.test(`${mode}: a worker whose partition was taken over writes nothing, wherever it was`, async () => {
    let points = 0;
    await using withQueue = await preparedDatabase(async (test) => {
      await using _queue = await queueOf(test);
    });
    for (let at = 1;; at++) {
      await using test = await withQueue.copy();
      await using queue = await queueOf(test);
      using files = workspace({ "things.csv": "id,name\n1,a\n2,b\nx,bad\n" });
      const { job, result } = await offered(test, queue, specOf(yaml(mode), files.folder));
      const slow = haltingDatabase(test.db, at);
      const first = workContext(slow.db);
      let ended = false;
      const firstDone = loadPart(queue, job, false, first.context).finally(() => ended = true);
      await Promise.race([slow.reached, firstDone]);
      if (ended) {
        slow.go();
        await firstDone;
        await result;
        break;
      }
      points++;
      const second = workContext(test.db);
      // Where the first one is in a transaction, the second one waits for it to end.
      let over = false;
      const other = loadPart(queue, job, false, second.context).finally(() => over = true);
      await until(
        "the second one is done, or waits",
        async () => over || (await test.db.query(WAITING)).length > 0,
      );
      if (!over) slow.go();
      await other;
      slow.go();
      await firstDone;
      expect(await result).toMatchObject({
        status: "succeeded",
        rows_read: 3,
        rows_loaded: 2,
        rows_rejected: 1,
      });
      expect(await test.db.query("select id, name from shop.things order by id")).toEqual([
        { id: 1, name: "a" },
        { id: 2, name: "b" },
      ]);
      expect(await test.db.query("select version, state from sluice.loads")).toEqual([
        { version: 1, state: "live" },
      ]);
      expect(await test.db.query("select line from sluice.rejected_rows")).toEqual([{ line: 4 }]);
      expect(await staging(test)).toEqual([]);
    }
    console.log(`  ${points} points`);
    expect(points).toBeGreaterThan(8);
  });

  Deno.test(`${mode}: a worker that dies right after its publish is not repeated`, async () => {
    await using test = await ledgerDatabase();
    await using queue = await queueOf(test);
    using files = workspace({ "things.csv": "id,name\n1,a\n2,b\nx,bad\n" });
    const { job, result } = await offered(test, queue, specOf(yaml(mode), files.folder));
    const dying: Queryable["query"] = (sql, params) => {
      if (/^update sluice\.run_partitions set (result = coalesce|events)/.test(sql)) {
        throw new Error("killed");
      }
      return test.db.query(sql, params);
    };
    const first = workContext({ ...bound(test.db), query: dying });
    await expect(loadPart(queue, job, false, first.context)).rejects.toThrow("killed");
    const second = workContext(test.db);
    await loadPart(queue, job, false, second.context);
    expect(second.notes).toEqual(["was published already"]);
    const { status, partitions } = await result;
    expect(status).toBe("succeeded");
    const [partition]: readonly PartitionResult[] = partitions;
    expect(partition).toMatchObject({
      status: "published",
      version: 1,
      rows_read: 3,
      rows_loaded: 2,
      rows_rejected: 1,
    });
    expect(await test.db.query("select count(*)::int as n from shop.things")).toEqual([{ n: 2 }]);
    const third = workContext(test.db);
    await loadPart(queue, job, false, third.context);
    expect(third.notes).toEqual(["is not asked for any more"]);
  });
}

function bound(db: Database): Database {
  return {
    describe: db.describe,
    query: (sql, params) => db.query(sql, params),
    transaction: (work) => db.transaction(work),
    copyIn: (sql, first) => db.copyIn(sql, first),
    cancelRunning: () => db.cancelRunning(),
    session: () => db.session(),
    [Symbol.asyncDispose]: async () => {},
  };
}

Deno.test("a partition that fails for a while is given back, and on the last attempt that is its result", async () => {
  await using test = await ledgerDatabase();
  await using queue = await queueOf(test);
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const { job, result } = await offered(test, queue, specOf(yaml("full"), files.folder));
  const { context } = workContext(test.db);
  const away = { ...job, partition: { ...job.partition, source: await gone(job) } };
  await expect(loadPart(queue, away, false, context)).rejects.toThrow(/refused|reach|connect/i);
  await loadPart(queue, away, true, context);
  const { status, error } = await result;
  expect(status).toBe("failed");
  expect(error?.retry).toBe("later");
});

/** A source that nobody serves any more. */
async function gone({ partition: { source } }: LoadJob): Promise<typeof source> {
  const server = serve("");
  await server[Symbol.asyncDispose]();
  const url = `http://127.0.0.1:${server.port}/things.csv` as typeof source.url;
  return { ...source, url, retries: 0 };
}

Deno.test("a partition that has ended is told, and not found by the next look", async () => {
  await using test = await ledgerDatabase();
  await using queue = await queueOf(test);
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const { job, result } = await offered(
    test,
    queue,
    specOf(yaml("full"), files.folder),
    {},
    // Looks that only time brings never come.
    (clock) => ({
      ...clock,
      sleep: (ms, signal) => clock.sleep(ms > 100 ? 86_400_000 : 0, signal),
    }),
  );
  await untilHeard(test);
  await loadPart(queue, job, false, workContext(test.db).context);
  expect((await result).status).toBe("succeeded");
});

Deno.test("a follower whose ear was cut off finds what has ended all the same", async () => {
  await using test = await ledgerDatabase();
  await using queue = await queueOf(test);
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const { job, result } = await offered(test, queue, specOf(yaml("full"), files.folder));
  await untilHeard(test);
  await test.db.query(`select pg_terminate_backend(pid, 10000) from (${LISTENING}) listening`);
  await loadPart(queue, job, false, workContext(test.db).context);
  expect((await result).status).toBe("succeeded");
});

/** Sessions that listen for the end of partitions. */
const LISTENING = `select pid from pg_stat_activity
where datname = current_database() and query like 'listen sluice_partition%'`;

async function untilHeard({ db }: TestDatabase): Promise<void> {
  await until("the follower listens", async () => (await db.query(LISTENING)).length > 0);
}

Deno.test("a job that workers died of too often fails its partition, with the last word on it", async () => {
  await using test = await ledgerDatabase();
  await using queue = await queueOf(test);
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const { result } = await offered(test, queue, specOf(yaml("full"), files.folder));
  await test.db.query(
    "update sluice_jobs._private_jobs set attempts = max_attempts, last_error = 'out of memory'",
  );
  expect(await result).toMatchObject({
    status: "failed",
    error: { code: "load/given_up", retry: "later" },
  });
  expect((await result).error?.message).toContain("out of memory");
  expect(await test.db.query("select from sluice_jobs.jobs")).toEqual([]);
});

Deno.test("a job that somebody removed fails its partition", async () => {
  await using test = await ledgerDatabase();
  await using queue = await queueOf(test);
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const { result } = await offered(test, queue, specOf(yaml("full"), files.folder));
  await test.db.query("delete from sluice_jobs._private_jobs");
  expect((await result).error?.message).toContain("its job was taken away");
});

Deno.test("a run that no worker takes says so, and workers of another version leave it alone", async () => {
  await using test = await ledgerDatabase();
  await using queue = await queueOf(test);
  await using otherQueue = await queueOf(test, "another");
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const stop = new AbortController();
  const other = workContext(test.db, stop.signal);
  const others = workOn(otherQueue, other.context);
  const { context, events } = testContext(test.db);
  // A second lasts ten.
  const clock = { ...context.clock, monotonic: () => context.clock.monotonic() * 10 };
  const spec = specOf(yaml("full"), files.folder);
  const result = runPipeline(spec, ALL, { ...context, clock, elsewhere: loadElsewhere(queue, 0) });
  const lonely = () =>
    events.some((event) => event.type === "warning" && event.message.startsWith("No worker has"));
  await until("it is told", () => Promise.resolve(lonely()));
  expect(other.notes).toEqual([]);
  const mine = workContext(test.db, stop.signal);
  const work = workOn(queue, mine.context);
  expect((await result).status).toBe("succeeded");
  expect(other.notes).toEqual([]);
  stop.abort();
  await Promise.all([others, work]);
  expect(mine.notes).toEqual(["begins", "published", "stops, and returns its jobs"]);
});

Deno.test("a worker that is at work for long is not taken for dead", async () => {
  await using test = await ledgerDatabase();
  await using queue = await queueOf(test);
  await using otherQueue = await queueOf(test);
  using files = workspace();
  // Longer than it takes to see that a worker is gone.
  await using server = serve("id,name\n1,a\n", 9_000);
  const url = `http://127.0.0.1:${server.port}/things.csv`;
  const spec = specOf(yaml("full").replace("things.csv", `"${url}"`), files.folder);
  const stop = new AbortController();
  const both = [queue, otherQueue].map((each) => {
    const { context, notes } = workContext(test.db, stop.signal);
    return { work: workOn(each, context), notes };
  });
  const { context, events } = testContext(test.db);
  const result = await runPipeline(spec, ALL, { ...context, elsewhere: loadElsewhere(queue, 0) });
  stop.abort();
  await Promise.all(both.map(({ work }) => work));
  expect(result.status).toBe("succeeded");
  expect(await test.db.query("select attempts from sluice.run_partitions"))
    .toEqual([{ attempts: 1 }]);
  expect(events.filter(({ type }) => type === "warning")).toEqual([]);
  expect(both.flatMap(({ notes }) => notes).filter((note) => note === "begins").length).toBe(1);
});

Deno.test("a job that takes hours stays its worker's", async () => {
  await using test = await ledgerDatabase();
  await using queue = await queueOf(test);
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const { job, result } = await offered(test, queue, specOf(yaml("full"), files.folder));
  const spec = specOf(yaml("full"), files.folder);
  const run = { id: crypto.randomUUID(), spec, options: ALL, priority: 0 };
  await queue.addRun(run);
  // Else the run that waits for the partition takes its worker for dead.
  await using session = await test.db.session();
  await showAlive(session, "it");
  await test.db.query(
    "update sluice_jobs._private_jobs set locked_by = 'it', locked_at = now() - interval '3 hours'",
  );
  expect(await queue.hold(job.runId, job.position)).toBe(true);
  await queue.holdRun(run);
  const held = await test.db.query(
    "select now() - locked_at < interval '1 minute' as fresh from sluice_jobs.jobs",
  );
  expect(held).toEqual([{ fresh: true }, { fresh: true }]);
  await queue.remove(job.runId, [job.position]);
  expect(await queue.hold(job.runId, job.position)).toBe(false);
  expect((await result).error?.code).toBe("load/given_up");
});

Deno.test("jobs are taken by priority", async () => {
  await using test = await ledgerDatabase();
  await using queue = await queueOf(test);
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const waiting = ["late", "soon"].map((name, at) => {
    const spec = specOf(
      yaml("full").replaceAll("things", name).replace(`${name}.csv`, "things.csv"),
      files.folder,
    );
    const { context } = testContext(test.db);
    return { name, priority: at === 0 ? 100 : 1, spec, context };
  });
  const results: Promise<unknown>[] = [];
  for (const { spec, priority, context } of waiting) {
    results.push(runPipeline(spec, ALL, { ...context, elsewhere: loadElsewhere(queue, priority) }));
    const n = results.length;
    await until("it is queued", async () => {
      const jobs = await test.db.query("select from sluice_jobs.jobs");
      return jobs.length === n;
    });
  }
  const stop = new AbortController();
  const order: string[] = [];
  const { context } = workContext(test.db, stop.signal);
  const work = workOn(queue, {
    ...context,
    note: ({ pipeline, message }) => void (message === "begins" && order.push(pipeline)),
  });
  await Promise.all(results);
  stop.abort();
  await work;
  expect(order).toEqual(["soon", "late"]);
});

Deno.test("no secret is in a job, or in what a worker tells", async () => {
  await using test = await ledgerDatabase();
  await using queue = await queueOf(test);
  const CANARY = "canary-7f3a";
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  await using server = serve("id,name\n1,a\n");
  const text = yaml("full").replace(
    "{ url: things.csv }",
    `{ url: "http://127.0.0.1:${server.port}/things.csv?key=\${KEY}", headers: { X-Key: "\${KEY}" } }`,
  );
  const variables = { KEY: CANARY };
  const spec = specOf(text, files.folder, variables);
  const secrets = secretsFrom(variables);
  const { context } = testContext(test.db);
  const stop = new AbortController();
  const worker = workContext(test.db, stop.signal);
  const result = runPipeline(spec, ALL, {
    ...context,
    secrets,
    elsewhere: loadElsewhere(queue, 0),
  });
  await until(
    "it is queued",
    async () =>
      (await test.db.query("select from pg_class where relname = '_private_jobs'")).length > 0 &&
      (await test.db.query("select from sluice_jobs._private_jobs")).length > 0,
  );
  const jobs = await test.db.query<{ payload: unknown }>(
    "select payload from sluice_jobs._private_jobs",
  );
  expect(JSON.stringify(jobs)).toContain("${KEY}");
  expect(JSON.stringify(jobs)).not.toContain(CANARY);
  const work = workOn(queue, { ...worker.context, secrets });
  expect((await result).status).toBe("succeeded");
  expect(server.keys.at(-1)).toBe(CANARY);
  const parts = await test.db.query("select * from sluice.run_partitions");
  expect(JSON.stringify(parts)).not.toContain(CANARY);
  await queue.addRun({ id: crypto.randomUUID(), spec, options: ALL, priority: 0 });
  const runs = await test.db.query("select payload from sluice_jobs._private_jobs");
  expect(JSON.stringify(runs)).not.toContain(CANARY);
  stop.abort();
  await work;
});

/** @param milliseconds before the body of a GET begins */
function serve(text: string, milliseconds = 0) {
  const keys: (string | null)[] = [];
  const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
  const server = Deno.serve(options, async (request) => {
    keys.push(request.headers.get("x-key"));
    if (request.method === "GET") {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
    }
    return new Response(text);
  });
  return { port: server.addr.port, keys, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("a worker without a variable that the source names says which", async () => {
  await using test = await ledgerDatabase();
  await using queue = await queueOf(test);
  using files = workspace();
  await using server = serve("id,name\n1,a\n");
  const text = yaml("full").replace(
    "{ url: things.csv }",
    `{ url: "http://127.0.0.1:${server.port}/\${KEY}.csv" }`,
  );
  const variables = { KEY: "secret" };
  const spec = specOf(text, files.folder, variables);
  const { job, result } = await offered(test, queue, spec, variables);
  const { context } = workContext(test.db);
  await loadPart(queue, job, false, context);
  const { error } = await result;
  expect(error?.message).toContain("KEY");
});

Deno.test("a role that may not make the queue is told what it needs, and works with that", async () => {
  await using test = await testDatabase();
  const id = crypto.randomUUID().slice(0, 8);
  const [owner, other] = [`owner_${id}`, `other_${id}`];
  const urlOf = (role: string) => {
    const url = new URL(test.url);
    url.username = role;
    url.password = "x";
    return url.href;
  };
  const open = async (role: string) => await openQueue(await resolveTarget(urlOf(role)), "test", 4);
  const [{ database }] = await test.db.query<{ database: string }>(
    "select current_database() as database",
  );
  await test.db.query(`create role ${owner} login password 'x';
create role ${other} login password 'x';
grant create on database ${database} to ${owner}`);
  try {
    await expect(open(other)).rejects.toMatchObject({
      code: "db/queue",
      message: expect.stringContaining("permission denied"),
      retry: "never",
    });
    {
      await using _queue = await open(owner);
    }
    // Rights alone are not enough: to all but the owner the tables look empty.
    await test.db.query(`grant usage on schema sluice_jobs to ${other};
grant all on all tables in schema sluice_jobs to ${other};
grant all on all sequences in schema sluice_jobs to ${other}`);
    await expect(open(other)).rejects.toMatchObject({
      code: "db/queue",
      message: expect.stringContaining(`belongs to the role "${owner}"`),
      retry: "never",
    });
    await test.db.query(`grant ${owner} to ${other}`);
    await using queue = await open(other);
    using files = workspace({ "things.csv": "id,name\n1,a\n" });
    const spec = specOf(yaml("full"), files.folder);
    await using db = await connect({ url: urlOf(other) });
    const stop = new AbortController();
    const work = workOn(queue, workContext(db, stop.signal).context);
    const { context } = testContext(db);
    const result = await runPipeline(spec, ALL, { ...context, elsewhere: loadElsewhere(queue, 0) });
    expect(result.status).toBe("succeeded");
    stop.abort();
    await work;
  } finally {
    await test.db.query(`drop owned by ${owner}, ${other} cascade`);
    await test.db.query(`drop role ${owner}, ${other}`);
  }
});

Deno.test("a pipeline that was read is the same after its way through a job", () => {
  const names = [...Deno.readDirSync("pipelines")].map(({ name }) => name)
    .filter((name) => name.endsWith(".yaml"));
  expect(names.length).toBeGreaterThan(2);
  for (const name of names) {
    const spec = specOf(Deno.readTextFileSync(`pipelines/${name}`), Deno.cwd());
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
  }
  const spec = specOf(
    `${
      yaml("full")
    }notify:\n  - { on: [failure], webhook: "https://example.com" }\nchecks:\n  - row_count: { min: 1 }\n`,
    "/",
  );
  expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
});

Deno.test("a distributed run of nothing new asks for no worker", async () => {
  await using test = await ledgerDatabase();
  await using queue = await queueOf(test);
  using files = workspace({ "things.csv": "id,name\n1,a\n" });
  const spec = specOf(yaml("full"), files.folder);
  await run(test.db, spec);
  const { context } = testContext(test.db);
  const again = await runPipeline(spec, ALL, { ...context, elsewhere: loadElsewhere(queue, 0) });
  expect(again.status).toBe("unchanged");
});

import { expect } from "packages/expect.ts";
import { workspace } from "../support/pipeline.ts";
import { it, ledgerDatabase } from "../support/every_db.ts";
import {
  command,
  content,
  expected,
  MONTHS,
  months,
  queued,
  runMonths,
  staging,
  untilCopying,
  worker,
  YAML,
} from "./support.ts";
import { until } from "../support/until.ts";
import { testSeed } from "../support/seed.ts";
import { sluice } from "../support/sluice.ts";

const ignore = Deno.build.os === "windows";
if (ignore) console.log("skipped: Windows has no such signals");

it(
  { name: "run --distributed has workers load, follows them and tells all", ignore },
  async () => {
    await using test = await ledgerDatabase();
    using files = workspace({
      ...months(200),
      "months.yaml": YAML,
      "2026-03.csv": "id,name\nx,bad\n",
    });
    await using _one = worker(files.folder, test.url);
    await using _two = worker(files.folder, test.url);
    const first = await runMonths(files.folder, test.url);
    expect(first.code).toBe(3);
    expect(first.result).toMatchObject({ status: "refused", rows_read: 1001, rows_loaded: 1000 });
    expect(first.result.partitions.map(({ status }: { status: string }) => status)).toEqual([
      "published",
      "published",
      "refused",
      "published",
      "published",
      "published",
    ]);
    expect(first.result.error).toMatchObject({ code: "rows/too_many_rejects" });
    // The stages of each, as when they are loaded here.
    for (const month of MONTHS) expect(first.stderr).toMatch(new RegExp(`${month}.*rows read`));
    files.write("2026-03.csv", months(200)["2026-03.csv"]);
    const second = await runMonths(files.folder, test.url);
    expect(second).toMatchObject({ code: 0, result: { status: "succeeded", rows_loaded: 200 } });
    expect(await content(test)).toEqual(expected(200));
    expect(await test.db.query("select count(*)::int as n from sluice.loads")).toEqual([{ n: 6 }]);
    expect(await queued(test)).toBe(0);
  },
);

Deno.test({ name: "a worker killed in the middle costs time only", ignore }, async () => {
  await using test = await ledgerDatabase();
  const rows = 60_000;
  using files = workspace({ ...months(rows), "months.yaml": YAML });
  await using victim = worker(files.folder, test.url);
  const whole = runMonths(files.folder, test.url);
  await untilCopying(test);
  victim.kill("SIGKILL");
  await victim.output;
  await using _other = worker(files.folder, test.url);
  await using _third = worker(files.folder, test.url);
  const { code, result, stderr } = await whole;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(result).toMatchObject({ status: "succeeded", rows_loaded: rows * 6 });
  expect(stderr).toContain("taken over by");
  expect(await content(test)).toEqual(expected(rows));
  expect(await test.db.query("select count(*)::int as n, max(version) as v from sluice.loads"))
    .toEqual([{ n: 6, v: 1 }]);
  expect(await test.db.query("select max(attempts) as most from sluice.run_partitions"))
    .toEqual([{ most: 2 }]);
  expect(await staging(test)).toEqual([]);
});

Deno.test(
  { name: "workers killed again and again publish each partition once", ignore },
  async () => {
    const seed = testSeed();
    const random = seeded(seed);
    await using test = await ledgerDatabase();
    const rows = 20_000;
    // Rows that nothing tells apart: loaded twice they would be there twice.
    const yaml = YAML.replace("idempotency_key: [id]", "refresh: { mode: append }");
    using files = workspace({ ...months(rows), "months.yaml": yaml });
    await using stack = new AsyncDisposableStack();
    const start = () => stack.use(worker(files.folder, test.url));
    const workers = [start(), start(), start()];
    let ended = false;
    const whole = runMonths(files.folder, test.url).finally(() => ended = true);
    let kills = 0;
    for (; kills < 5 && !ended; kills++) {
      await untilCopyingOr(test, () => ended);
      await new Promise((resolve) => setTimeout(resolve, random() * 300));
      const at = Math.floor(random() * workers.length);
      workers[at].kill("SIGKILL");
      await workers[at].output;
      workers[at] = start();
    }
    const { code, result, stderr } = await whole;
    console.log(`  ${kills} workers killed`);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(result).toMatchObject({
      status: "succeeded",
      rows_read: rows * 6,
      rows_loaded: rows * 6,
    });
    const counts = await test.db.query(
      "select left(name, 7) as month, count(*)::int as n from shop.months group by 1 order by 1",
    );
    expect(counts).toEqual(MONTHS.map((month) => ({ month, n: rows })));
    expect(await staging(test)).toEqual([]);
    expect(kills).toBeGreaterThan(1);
  },
);

async function untilCopyingOr(
  test: Parameters<typeof untilCopying>[0],
  ended: () => boolean,
): Promise<void> {
  await Promise.race([
    untilCopying(test),
    until("the run has ended", () => Promise.resolve(ended())),
  ]);
}

/** mulberry32: the same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

it({ name: "a worker that is told to stop gives its partition back", ignore }, async () => {
  await using test = await ledgerDatabase();
  const rows = 60_000;
  using files = workspace({ ...months(rows), "months.yaml": YAML });
  await using first = worker(files.folder, test.url);
  const whole = runMonths(files.folder, test.url, "--partition", "2026-01");
  await untilCopying(test);
  first.kill("SIGTERM");
  expect((await first.output).code).toBe(143);
  await using _second = worker(files.folder, test.url);
  expect(await whole).toMatchObject({ code: 0, result: { rows_loaded: rows } });
});

Deno.test(
  { name: "a distributed run that is interrupted takes its jobs back", ignore },
  async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ ...months(60_000), "months.yaml": YAML });
    const run = () =>
      command(files.folder, test.url, "run", "months.yaml", "--distributed").spawn();
    // Nobody has begun.
    const alone = run();
    const aloneOutput = alone.output();
    await until("all partitions are queued", async () => await queued(test) === 6);
    alone.kill("SIGINT");
    expect((await aloneOutput).code).toBe(130);
    expect(await queued(test)).toBe(0);
    // A worker is at it, which stops as well.
    await using _worker = worker(files.folder, test.url);
    const watched = run();
    const watchedOutput = watched.output();
    await untilCopying(test);
    watched.kill("SIGTERM");
    const { code, stderr } = await watchedOutput;
    expect({ code, stderr: new TextDecoder().decode(stderr) }).toMatchObject({ code: 143 });
    expect(await staging(test)).toEqual([]);
    const [{ status }] = await test.db.query<{ status: string }>(
      "select status from sluice.runs order by started_at desc limit 1",
    );
    expect(status).toBe("interrupted");
    const { result } = await runMonths(files.folder, test.url);
    expect(result.status).toBe("succeeded");
    expect(await content(test)).toEqual(expected(60_000));
    await until("the queue is empty", async () => await queued(test) === 0);
  },
);

Deno.test({ name: "connections that all break in the middle cost time only", ignore }, async () => {
  await using test = await ledgerDatabase();
  const rows = 60_000;
  using files = workspace({ ...months(rows), "months.yaml": YAML });
  await using first = worker(files.folder, test.url);
  await using _second = worker(files.folder, test.url);
  const whole = runMonths(files.folder, test.url);
  await untilCopying(test);
  await test.db.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()`,
  );
  const { code, result, stderr } = await whole;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(result.rows_loaded).toBe(rows * 6);
  expect(await content(test)).toEqual(expected(rows));
  // They are still there.
  expect((await runMonths(files.folder, test.url, "--force")).code).toBe(0);
  first.kill("SIGTERM");
  expect((await first.output).stderr).toContain("for the database");
});

Deno.test({
  name: "partitions that are published together wait for the last one, wherever it is staged",
  ignore,
}, async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    ...months(100),
    "months.yaml": YAML.replace("to: 2026-06", "to: 2026-06, publish: together"),
    "2026-05.csv": "id,name\nx,bad\n",
  });
  await using _one = worker(files.folder, test.url);
  await using _two = worker(files.folder, test.url);
  const first = await runMonths(files.folder, test.url);
  expect(first.code).toBe(3);
  expect(first.result).toMatchObject({ status: "refused", rows_loaded: 0 });
  expect(await test.db.query("select from sluice.loads")).toEqual([]);
  expect(await staging(test)).toEqual([]);
  files.write("2026-05.csv", months(100)["2026-05.csv"]);
  const second = await runMonths(files.folder, test.url);
  expect(second).toMatchObject({ code: 0, result: { status: "succeeded", rows_loaded: 600 } });
  expect(await content(test)).toEqual(expected(100));
  expect(await test.db.query("select count(distinct xmin::text)::int as n from sluice.loads"))
    .toEqual([{ n: 1 }]);
});

Deno.test({
  name: "a detached run is done by workers, and by another one when the first is killed",
  ignore,
}, async () => {
  await using test = await ledgerDatabase();
  const rows = 60_000;
  using files = workspace({ ...months(rows), "months.yaml": YAML });
  const args = ["run", "months.yaml", "--detach", "--output", "json"];
  const { code, out } = await sluice(files.folder, { DATABASE_URL: test.url }, ...args);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({ pipeline: "months", status: "queued" });
  await using victim = worker(files.folder, test.url);
  await untilCopying(test);
  victim.kill("SIGKILL");
  await victim.output;
  await using other = worker(files.folder, test.url, "--concurrency", "2");
  // Unchanged: the first one's partitions were all loaded before the run was begun anew.
  await until("the run has ended well", async () => {
    const runs = await test.db.query(
      "select from sluice.runs where status in ('succeeded', 'unchanged')",
    );
    return runs.length > 0;
  });
  expect(await content(test)).toEqual(expected(rows));
  expect(await test.db.query("select count(*)::int as n from sluice.loads")).toEqual([{ n: 6 }]);
  other.kill("SIGTERM");
  const { stderr } = await other.output;
  expect(stderr).toContain("months: begins");
  expect(stderr).toMatch(/months: (succeeded|unchanged)/);
});

import { expect } from "expect";
import { SluiceError } from "../../src/core/error.ts";
import { workspace } from "../support/pipeline.ts";
import { type TestDatabase, testDatabase } from "../support/postgres.ts";

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;

const YAML = `
pipeline: months
partitions: { by: month, from: 2026-01, to: 2026-06 }
source: { url: "{month}.csv" }
target: { table: shop.months, indexes: [[name]] }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, name: text }
`;

const MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06"];

function command(folder: string, url: string, ...args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-env",
      "--allow-read",
      "--allow-net",
      "--allow-sys=hostname,uid,homedir",
      MAIN,
      ...args,
    ],
    cwd: folder,
    env: { DATABASE_URL: url, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** A worker that is told to stop, and waited for, at the end. */
function worker(folder: string, url: string) {
  const process = command(folder, url, "worker").spawn();
  const output = process.output();
  return {
    kill: (signal: Deno.Signal) => process.kill(signal),
    output,
    async [Symbol.asyncDispose]() {
      try {
        process.kill("SIGTERM");
      } catch {
        // It has ended.
      }
      await output;
    },
  };
}

async function run(folder: string, url: string, ...args: string[]) {
  const { code, stdout, stderr } = await command(
    folder,
    url,
    "run",
    "months.yaml",
    "--distributed",
    "--output",
    "json",
    ...args,
  ).output();
  const text = new TextDecoder().decode(stdout);
  if (text === "") throw new Error(new TextDecoder().decode(stderr));
  return { code, result: JSON.parse(text) };
}

function months(rows: number, file = (month: string) => `id,name\n${lines(month, rows)}`) {
  return Object.fromEntries(MONTHS.map((month) => [`${month}.csv`, file(month)]));
}

function lines(month: string, rows: number): string {
  return Array.from({ length: rows }, (_, id) => `${id},${month} ${"x".repeat(40)}\n`).join("");
}

async function content(test: TestDatabase) {
  return await test.db.query(
    `select _partition, count(*)::int as rows, count(distinct id)::int as ids, min(name) = max(name) as one
from shop.months group by 1 order by 1`,
  );
}

const expected = (rows: number) =>
  MONTHS.map((month) => ({ _partition: `${month}-01`, rows, ids: rows, one: true }));

Deno.test("run --distributed has workers load the partitions, and tells of all of them", async () => {
  if (Deno.build.os === "windows") return console.log("skipped: Windows has no such signals");
  await using test = await testDatabase();
  using files = workspace({
    ...months(200),
    "months.yaml": YAML,
    "2026-03.csv": "id,name\nx,bad\n",
  });
  await using _one = worker(files.folder, test.url);
  await using _two = worker(files.folder, test.url);
  const first = await run(files.folder, test.url);
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
  files.write("2026-03.csv", `id,name\n${lines("2026-03", 200)}`);
  const second = await run(files.folder, test.url);
  expect(second).toMatchObject({ code: 0, result: { status: "succeeded", rows_loaded: 200 } });
  expect(await content(test)).toEqual(expected(200));
  const loads = await test.db.query("select count(*)::int as n from sluice.loads");
  expect(loads).toEqual([{ n: 6 }]);
});

Deno.test("a worker killed in the middle costs time only: each partition is published exactly once", async () => {
  if (Deno.build.os === "windows") return console.log("skipped: Windows has no such signals");
  await using test = await testDatabase();
  const rows = 60_000;
  using files = workspace({ ...months(rows), "months.yaml": YAML });
  await using victim = worker(files.folder, test.url);
  const whole = run(files.folder, test.url);
  // In the middle of a COPY.
  await until("a COPY is under way", async () => await copying(test) > 0);
  victim.kill("SIGKILL");
  await victim.output;
  await using _other = worker(files.folder, test.url);
  await using _third = worker(files.folder, test.url);
  const { code, result } = await whole;
  expect(code).toBe(0);
  expect(result).toMatchObject({ status: "succeeded", rows_loaded: rows * 6 });
  expect(await content(test)).toEqual(expected(rows));
  const loads = await test.db.query(
    "select count(*)::int as n, max(version) as v from sluice.loads",
  );
  expect(loads).toEqual([{ n: 6, v: 1 }]);
  const attempts = await test.db.query<{ most: number }>(
    "select max(attempts) as most from sluice.run_partitions",
  );
  expect(attempts[0].most).toBeGreaterThan(1);
  const left = await test.db.query(
    "select relname from pg_class where obj_description(oid, 'pg_class') = 'Sluice staging: not published'",
  );
  expect(left).toEqual([]);
});

Deno.test("a worker that is told to stop gives its partition back", async () => {
  if (Deno.build.os === "windows") return console.log("skipped: Windows has no such signals");
  await using test = await testDatabase();
  const rows = 60_000;
  using files = workspace({ ...months(rows), "months.yaml": YAML });
  await using first = worker(files.folder, test.url);
  const whole = run(files.folder, test.url, "--partition", "2026-01");
  await until("a COPY is under way", async () => await copying(test) > 0);
  first.kill("SIGTERM");
  expect((await first.output).code).toBe(143);
  await using _second = worker(files.folder, test.url);
  expect(await whole).toMatchObject({ code: 0, result: { rows_loaded: rows } });
});

Deno.test("a distributed run that is interrupted takes its jobs back, and the next one loads all", async () => {
  if (Deno.build.os === "windows") return console.log("skipped: Windows has no such signals");
  await using test = await testDatabase();
  using files = workspace({ ...months(10), "months.yaml": YAML });
  const process = command(files.folder, test.url, "run", "months.yaml", "--distributed").spawn();
  const output = process.output();
  await until("all partitions are queued", async () => await queued(test) === 6);
  process.kill("SIGINT");
  expect((await output).code).toBe(130);
  expect(await queued(test)).toBe(0);
  await using _worker = worker(files.folder, test.url);
  expect(await run(files.folder, test.url)).toMatchObject({ code: 0, result: { rows_loaded: 60 } });
  expect(await content(test)).toEqual(expected(10));
});

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!await condition()) {
    if (performance.now() > end) throw new Error(`Waited a minute, and not ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function copying(test: TestDatabase): Promise<number> {
  const [{ n }] = await test.db.query<{ n: number }>(
    "select count(*)::int as n from pg_stat_progress_copy where datname = current_database()",
  );
  return n;
}

async function queued(test: TestDatabase): Promise<number> {
  try {
    const [{ n }] = await test.db.query<{ n: number }>(
      "select count(*)::int as n from sluice_jobs.jobs",
    );
    return n;
  } catch (error) {
    // The queue is being made.
    if (error instanceof SluiceError && error.code === "db/unknown_table") return 0;
    throw error;
  }
}

import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { RunResult } from "../../src/core/result.ts";
import type { Database } from "../../src/db/database.ts";
import { rollbackPipeline, runPipeline } from "../../src/run/mod.ts";
import { attempt } from "../support/attempt.ts";
import { type Fault, faultyDatabase } from "../support/faulty_database.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { it, KINDS, ledgerDatabase } from "../support/every_db.ts";
import { rounds } from "../support/rounds.ts";

interface Options {
  readonly mode?: string;
  readonly column?: boolean;
  readonly schema?: string;
}

const yaml = ({ mode = "partition", column = false, schema = "shop" }: Options = {}) => `
pipeline: ${schema}
partitions: { by: month, from: 2026-01, to: 2026-03, concurrency: 2, publish: together }
source: { url: "{month}.csv" }
target: { table: ${schema}.sales, ${column ? "partition_column: month, " : ""}indexes: [[name]] }
refresh: { mode: ${mode} }
idempotency_key: [id]
on_duplicate: keep_first
rejects: { limit: 1 }
columns: { id: { type: integer, required: true }, name: text }
`;

/** Ids differ from month to month. */
const files = (word: string, february = `id,name\n2,${word}\n`) => ({
  "2026-01.csv": `id,name\n1,${word}\nx,bad\n`,
  "2026-02.csv": february,
  "2026-03.csv": `id,name\n3,${word}\n4,${word}\n`,
});

async function names(db: Database, schema = "shop"): Promise<string[]> {
  const rows = await db.query<{ id: number; name: string }>(
    `select id, name from ${schema}.sales order by id, name`,
  );
  return rows.map(({ id, name }) => `${id} ${name}`);
}

/** How many transactions the newest versions came from. */
async function transactions(db: Database): Promise<number> {
  const [{ n }] = await db.query<{ n: number }>(
    "select count(distinct xmin::text)::int as n from sluice.loads where state = 'live'",
  );
  return n;
}

async function staging(db: Database): Promise<unknown[]> {
  return await db.query(
    "select relname from pg_class where obj_description(oid, 'pg_class') like 'Sluice staging%'",
  );
}

const statuses = ({ partitions }: RunResult) => partitions.map(({ status }) => status);

for (
  const options of [
    { mode: "partition" },
    { mode: "append" },
    { mode: "upsert" },
    { mode: "upsert", column: true },
    { mode: "history" },
  ]
) {
  const { mode, column } = options;
  it(`${mode}${column ? " with a partition column" : ""}: partitions are published together, or not at all`, async () => {
    await using test = await ledgerDatabase();
    using folder = workspace(files("old"));
    const spec = specOf(yaml(options), folder.folder);
    const first = await run(test.db, spec);
    expect(first).toMatchObject({
      status: "succeeded",
      rows_read: 5,
      rows_loaded: 4,
      rows_rejected: 1,
    });
    expect(statuses(first)).toEqual(["published", "published", "published"]);
    expect(first.partitions.map(({ version }) => version)).toEqual([1, 1, 1]);
    expect(await transactions(test.db)).toBe(1);
    expect(await names(test.db)).toEqual(["1 old", "2 old", "3 old", "4 old"]);

    const bad = files("new", "id,name\nx,bad\ny,worse\n");
    for (const [name, text] of Object.entries(bad)) folder.write(name, text);
    const { context, events } = testContext(test.db);
    const refused = await runPipeline(spec, ALL, context);
    expect(statuses(refused)).toEqual(["skipped", "refused", "skipped"]);
    expect(refused.status).toBe("refused");
    expect(refused.partitions[0].reason).toBe(
      "partition 2026-02 was not staged, and all are published together",
    );
    expect(refused.partitions[0].rows_read).toBe(0);
    expect(await names(test.db)).toEqual(["1 old", "2 old", "3 old", "4 old"]);
    expect(await staging(test.db)).toEqual([]);
    const finished = events.filter((event) => event.type === "partition_finished");
    expect(finished.length).toBe(3);
    const kept = await test.db.query(
      "select distinct partition from sluice.rejected_rows where run_id = $1::uuid",
      [refused.run_id],
    );
    expect(kept).toEqual([{ partition: "2026-02" }]);

    folder.write("2026-02.csv", "id,name\n2,new\n");
    expect((await run(test.db, spec)).status).toBe("succeeded");
    expect(await transactions(test.db)).toBe(1);
    const newest = await names(test.db);
    for (const id of [1, 2, 3, 4]) {
      expect(newest).toContain(mode === "append" ? `${id} old` : `${id} new`);
    }
    expect((await run(test.db, spec)).status).toBe("unchanged");
  });
}

it("partitions that are unchanged or pending keep the others from nothing", async () => {
  await using test = await ledgerDatabase();
  using folder = workspace(files("old"));
  const text = yaml().replace("publish: together", "publish: together, missing: pending");
  const spec = specOf(text, folder.folder);
  Deno.removeSync(`${folder.folder}/2026-03.csv`);
  expect(statuses(await run(test.db, spec))).toEqual(["published", "published", "pending"]);
  folder.write("2026-03.csv", "id,name\n3,late\n");
  expect(statuses(await run(test.db, spec))).toEqual(["unchanged", "unchanged", "published"]);
});

it("a rollback takes one of the partitions that were published together back", async () => {
  await using test = await ledgerDatabase();
  using folder = workspace(files("old"));
  const spec = specOf(yaml(), folder.folder);
  await run(test.db, spec);
  for (const [name, text] of Object.entries(files("new"))) folder.write(name, text);
  await run(test.db, spec);
  await rollbackPipeline(spec, { partition: "2026-02" }, testContext(test.db).context);
  expect(await names(test.db)).toEqual(["1 new", "2 old", "3 new", "4 new"]);
});

it("a lock that cannot be had fails all of them, and the next run publishes all", async () => {
  await using test = await ledgerDatabase();
  using folder = workspace(files("old"));
  const spec = specOf(yaml(), folder.folder);
  await run(test.db, spec);
  for (const [name, text] of Object.entries(files("new"))) folder.write(name, text);
  await using reader = await test.db.session();
  await reader.query("begin");
  await reader.query("select from shop.sales");
  const { context } = testContext(test.db);
  const clock = { ...context.clock, sleep: () => Promise.resolve() };
  const result = await runPipeline(spec, ALL, { ...context, clock });
  expect(statuses(result)).toEqual(["failed", "failed", "failed"]);
  expect(result.error).toMatchObject({ code: "publish/locked" });
  await reader.query("commit");
  expect(await names(test.db)).toEqual(["1 old", "2 old", "3 old", "4 old"]);
  expect(await staging(test.db)).toEqual([]);
  expect((await run(test.db, spec)).status).toBe("succeeded");
});

it("an interrupt before the publish leaves nothing", async () => {
  await using test = await ledgerDatabase();
  using folder = workspace(files("old"));
  const spec = specOf(yaml(), folder.folder);
  const controller = new AbortController();
  const { context, events } = testContext(test.db, controller.signal);
  let staged = 0;
  const result = await runPipeline(spec, ALL, {
    ...context,
    emit(event) {
      events.push(event);
      // All are staged by then, the last one nearly.
      if (event.type === "stage_finished" && event.message.includes("staged") && ++staged === 3) {
        controller.abort(new SluiceError("cli/interrupted", "stop", { retry: "later" }));
      }
    },
  });
  expect(result.status).toBe("interrupted");
  expect(statuses(result)).toEqual(["skipped", "skipped", "skipped"]);
  expect(await names(test.db)).toEqual([]);
  expect(await staging(test.db)).toEqual([]);
  expect((await run(test.db, spec)).rows_loaded).toBe(4);
});

const FAULTS = ["before", "after", "disconnect"] as const satisfies readonly Fault[];
const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Date.now() % 1000);
const WAYS = FAULTS.length * KINDS;
/**
 * Each second call fails in one of the ways, in a database of one kind: which, the seed says. All of
 * them, with `SLUICE_FAULT_STEP=1`, take minutes.
 */
const STEP = Deno.env.get("SLUICE_FAULT_STEP") === "1"
  ? 1
  : Math.max(1, Math.floor(2 * WAYS / rounds(1)));

for (const [at, fault] of FAULTS.entries()) {
  it(`all or none of them are live, whichever call fails (${fault}, SLUICE_SEED=${SEED})`, async (kind) => {
    await using test = await ledgerDatabase();
    using folder = workspace(files("old"));
    const spec = specOf(yaml(), folder.folder);
    await run(test.db, spec);
    let points = 0;
    // What the run after one failure has reached is what the next failure finds.
    let old = "old";
    for (let failAt = 1 + (SEED + 2 * (at * KINDS + kind)) % STEP;; failAt += STEP) {
      const fresh = `new${failAt}`;
      for (const [name, text] of Object.entries(files(fresh))) folder.write(name, text);
      const faulty = faultyDatabase(test.db, failAt, fault, "never");
      const outcome = await attempt(faulty.db, spec);
      const words = wordsOf(await names(test.db));
      expect([[old], [fresh]]).toContainEqual(words);
      if (!faulty.struck()) break;
      points++;
      if (!(outcome instanceof SluiceError)) {
        const published = statuses(outcome).every((status) => status === "published");
        if (published) expect(words).toEqual([fresh]);
        else expect(statuses(outcome)).not.toContain("published");
      }
      await run(test.db, spec);
      expect(wordsOf(await names(test.db))).toEqual([fresh]);
      expect(await staging(test.db)).toEqual([]);
      old = fresh;
    }
    console.log(`  ${points} points of failure (${fault})`);
    expect(points).toBeGreaterThan(90 / STEP);
  });
}

/** The words of the four rows, each once. */
function wordsOf(rows: readonly string[]): readonly string[] {
  expect(rows.length).toBe(4);
  return [...new Set(rows.map((row) => row.slice(2)))];
}

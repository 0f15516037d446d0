import { expect } from "packages/expect.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type HookName, HOOKS } from "../../src/core/hooks.ts";
import { connect } from "../../src/db/connection/connect.ts";
import type { Database } from "../../src/db/database.ts";
import { planPipeline, replayRejects, rollbackPipeline, runPipeline } from "../../src/run/mod.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { attempt } from "../support/attempt.ts";
import { type Fault, faultyDatabase } from "../support/faulty_database.ts";
import { ALL, run, specOf, testContext, type Workspace, workspace } from "../support/pipeline.ts";
import { serverVersion, type TestDatabase, testDatabase } from "../support/postgres.ts";

/** Where hooks write down that they ran, and with what. */
const CALLS = `create table public.calls (
  n bigint generated always as identity, hook text, run_id uuid, pipeline text, target text,
  part text, version int, source text, rows_read bigint, rows_loaded bigint, rows_rejected bigint,
  rows_duplicate bigint, error text, error_code text, xid bigint default txid_current())`;

const call = (hook: HookName) =>
  `insert into public.calls (hook, run_id, pipeline, target, part, version, source, rows_read, ` +
  `rows_loaded, rows_rejected, rows_duplicate, error, error_code) values ('${hook}', :run_id, ` +
  `:pipeline, :target, :partition, :version, :source, :rows_read, :rows_loaded, :rows_rejected, ` +
  `:rows_duplicate, :error, :error_code)`;

type Statements = Readonly<Partial<Record<HookName, readonly string[]>>>;

const EACH: Required<Statements> = {
  before_load: [call("before_load")],
  after_load: [call("after_load")],
  before_publish: [call("before_publish")],
  after_publish: [call("after_publish")],
  on_failure: [call("on_failure")],
};

const KEYED = ["upsert", "history"];

interface Options {
  readonly mode?: string;
  readonly publish?: string;
  readonly values?: readonly string[];
  readonly more?: string;
}

function specFor(
  files: Workspace,
  hooks: Statements,
  { mode = "partition", publish = "each", values = ["a", "b"], more = "" }: Options = {},
): PipelineSpec {
  return specOf(
    `
pipeline: things
source: { url: "things_{partition}.csv" }
target: { table: shop.things, partition_column: part }
partitions: { by: list, values: ${JSON.stringify(values)}, publish: ${publish} }
refresh: { mode: ${mode} }
${KEYED.includes(mode) ? "idempotency_key: [id]" : ""}
columns: { id: { type: integer, required: true }, name: text }
rejects: { limit: 1 }
hooks: ${JSON.stringify(hooks)}
${more}
`,
    files.folder,
  );
}

function fill(files: Workspace, word: string, parts = ["a", "b"]): void {
  for (const [at, part] of parts.entries()) {
    files.write(
      `things_${part}.csv`,
      `id,name\n${at * 10},${word}\n${at * 10 + 1},${word}\nx,bad\n`,
    );
  }
}

interface Call {
  readonly hook: HookName;
  readonly part: string | null;
  readonly xid: number;
  readonly error: string | null;
  readonly error_code: string | null;
  readonly [column: string]: unknown;
}

async function calls(db: Database): Promise<Call[]> {
  return await db.query<Call>("select * from public.calls order by n");
}

const hooksOf = (called: readonly Call[], part: string | null) =>
  called.filter((each) => each.part === part).map(({ hook }) => hook);

async function live(db: Database): Promise<unknown[]> {
  const [{ there }] = await db.query<{ there: boolean }>(
    "select to_regclass('shop.things') is not null as there",
  );
  return there ? await db.query("select id, name from shop.things order by 1, 2") : [];
}

async function withCalls(): Promise<TestDatabase> {
  const test = await testDatabase();
  await test.db.query(CALLS);
  return test;
}

/** As a user's connection, with a setting of the URL. */
async function connectTo(address: string, setting?: string, value = ""): Promise<Database> {
  const url = new URL(address);
  if (setting !== undefined) url.searchParams.set(setting, value);
  return await connect({
    url: url.href,
    variables: {},
    applicationName: "sluice test",
    maxConnections: 8,
    wait: { clock: systemClock, random: () => 0.5 },
  });
}

const GOOD = ["before_load", "after_load", "before_publish", "after_publish"];

for (const mode of ["partition", "append", "upsert", "history"]) {
  for (const publish of ["each", "together"]) {
    Deno.test(`${mode}, published ${publish}: hooks run once, in their order, with the facts`, async () => {
      await using test = await withCalls();
      using files = workspace();
      fill(files, "one");
      const spec = specFor(files, EACH, { mode, publish });
      const result = await run(test.db, spec);
      expect([result.status, result.error]).toEqual(["succeeded", null]);
      const called = await calls(test.db);
      for (const part of ["a", "b"]) {
        expect(hooksOf(called, part)).toEqual(GOOD);
        const [before, after, first, last] = called.filter((each) => each.part === part);
        expect(before).toMatchObject({
          run_id: result.run_id,
          pipeline: "things",
          target: "shop.things",
          version: 1,
          source: `${files.folder}/things_${part}.csv`,
          rows_read: null,
          rows_loaded: null,
          error: null,
        });
        for (const each of [after, first, last]) {
          expect(each).toMatchObject({
            rows_read: 3,
            rows_loaded: 2,
            rows_rejected: 1,
            rows_duplicate: 0,
            error: null,
            error_code: null,
          });
        }
        expect(new Set([before.xid, after.xid, first.xid]).size).toBe(3);
        expect(last.xid).toBe(first.xid);
        expect(
          await test.db.query(
            "select xmin::text::bigint as xid from sluice.loads where partition = $1",
            [part],
          ),
        ).toEqual([{ xid: first.xid }]);
      }
      // Nothing is loaded, and no hook runs.
      await run(test.db, spec);
      // Nor does a hook that is another one load anything.
      const other = specFor(files, { before_load: ["select 1"] }, { mode, publish });
      expect(await run(test.db, other)).toMatchObject({ status: "unchanged" });
      await rollbackPipeline(spec, { partition: "a", to: 0 }, testContext(test.db).context);
      expect(await calls(test.db)).toHaveLength(called.length);
    });
  }
}

/** What is left of the calls of a partition whose hook fails. */
const LEFT: Readonly<Record<HookName, readonly HookName[]>> = {
  before_load: ["on_failure"],
  after_load: ["before_load", "on_failure"],
  before_publish: ["before_load", "after_load", "on_failure"],
  after_publish: ["before_load", "after_load", "on_failure"],
  on_failure: ["before_load"],
};

for (const hook of HOOKS) {
  for (const mode of ["partition", "append"]) {
    for (const publish of ["each", "together"]) {
      Deno.test(`${mode}, published ${publish}: ${hook} that fails fails what it belongs to`, async () => {
        await using test = await withCalls();
        using files = workspace();
        fill(files, "one");
        await run(test.db, specFor(files, {}, { mode, publish }));
        const before = await live(test.db);
        fill(files, "two");
        if (hook === "on_failure") files.write("things_a.csv", "id,name\nx,\ny,\n");
        // Only of the first partition; what it did before is undone.
        const failing = `select 1 / (case when :partition = 'a' then 0 else 1 end)`;
        const hooks = { ...EACH, [hook]: [...EACH[hook], failing] };
        const { context, events } = testContext(test.db);
        const result = await runPipeline(specFor(files, hooks, { mode, publish }), ALL, context);
        const [a, b] = result.partitions;
        const called = await calls(test.db);
        expect(hooksOf(called, "a")).toEqual(LEFT[hook]);
        const isPublishing = hook.endsWith("_publish");
        const code = `${isPublishing ? "publish" : "load"}/hook_failed`;
        if (hook === "on_failure") {
          expect([a.status, a.error?.code]).toEqual(["refused", "rows/too_many_rejects"]);
          const warnings = events.filter((event) =>
            event.type === "warning" && event.message.includes('hook "on_failure" failed')
          );
          expect(warnings).toHaveLength(1);
        } else {
          expect([a.status, a.error?.code]).toEqual(["failed", code]);
          expect(a.error?.message).toMatch(
            new RegExp(`^test\\.yaml:10: hook "${hook}" failed: division by zero`),
          );
          const told = called.find((each) => each.hook === "on_failure" && each.part === "a");
          expect(told).toMatchObject({ error: a.error?.message, error_code: code });
        }
        // The other partition is none of its business, where each is published on its own.
        if (publish === "each") {
          expect([b.status, hooksOf(called, "b")]).toEqual(["published", GOOD]);
        } else {
          expect(b.status).not.toBe("published");
          expect(hooksOf(called, "b")).not.toContain("before_publish");
          expect(await live(test.db)).toEqual(before);
        }
        const [{ names }] = await test.db.query<{ names: string[] }>(
          "select array_agg(distinct name)::text as names from shop.things where part = 'a'",
        );
        expect(names).toBe("{one}");
        // Once it is mended the load goes on as if nothing had been.
        fill(files, "two");
        expect(await run(test.db, specFor(files, {}, { mode, publish })))
          .toMatchObject({ status: "succeeded" });
      });
    }
  }
}

Deno.test("on_failure runs for what is refused, fails or is not there, and not for what waits", async (t) => {
  const cases: readonly (readonly [
    what: string,
    prepare: (files: Workspace) => void,
    more: string,
    code: string | null,
    left: readonly string[],
  ])[] = [
    [
      "too many rejects",
      (files) => files.write("things_a.csv", "id,name\nx,\ny,\n"),
      "",
      "rows/too_many_rejects",
      ["before_load", "on_failure"],
    ],
    ["a failed check", () => {}, "checks: [{ row_count: { min: 9 } }]", "check/failed", [
      "before_load",
      "on_failure",
    ]],
    [
      "a failed rule",
      () => {},
      "rules: { r: { check: id > 5, on_fail: fail } }",
      "rows/rule_failed",
      ["before_load", "on_failure"],
    ],
    [
      "no source",
      (files) => Deno.removeSync(`${files.folder}/things_a.csv`),
      "",
      "source/not_found",
      ["before_load", "on_failure"],
    ],
    ["a wrong file", (files) => files.write("things_a.csv", "other\n1\n"), "", null, [
      "before_load",
      "on_failure",
    ]],
  ];
  for (const [what, prepare, more, code, left] of cases) {
    await t.step(what, async () => {
      await using test = await withCalls();
      using files = workspace();
      fill(files, "one");
      prepare(files);
      const result = await run(test.db, specFor(files, EACH, { values: ["a"], more }));
      const called = await calls(test.db);
      expect(hooksOf(called, "a")).toEqual(left);
      const { error, run_id } = result.partitions[0].error === null
        ? result
        : { ...result, error: result.partitions[0].error };
      expect(error).not.toBe(null);
      if (code !== null) expect(error?.code).toBe(code);
      expect(called.at(-1)).toMatchObject({
        run_id,
        error: error?.message,
        error_code: error?.code,
      });
      expect(await live(test.db)).toEqual([]);
    });
  }
});

Deno.test("what publishing undoes it undoes with its hooks", async () => {
  await using test = await withCalls();
  using files = workspace();
  fill(files, "one");
  // Another's table, whose trigger holds rows back.
  await test.db.query(
    `create schema shop; create table shop.things (id int not null, name text, part text);
create function shop.hold() returns trigger language plpgsql as 'begin return null; end';
create trigger hold before insert on shop.things for each row execute function shop.hold()`,
  );
  const spec = specFor(files, EACH, { mode: "append", values: ["a"] });
  const result = await run(test.db, spec);
  expect(result.partitions[0].error?.code).toBe("publish/rows_missing");
  expect(hooksOf(await calls(test.db), "a")).toEqual(["before_load", "after_load", "on_failure"]);
});

for (const fault of ["before", "after", "disconnect"] as const satisfies readonly Fault[]) {
  Deno.test(`whatever call is lost (${fault}), a hook runs once in a run, and once for each publish`, async () => {
    let points = 0;
    await using test = await withCalls();
    using files = workspace();
    const spec = specFor(files, EACH, { values: ["a"] });
    fill(files, "zero", ["a"]);
    await run(test.db, spec);
    for (let failAt = 1;; failAt++) {
      await test.db.query("truncate public.calls");
      fill(files, `new ${failAt}`, ["a"]);
      const faulty = faultyDatabase(test.db, failAt, fault, "later");
      await attempt(faulty.db, spec);
      const rows = await live(test.db) as { name: string }[];
      const isPublished = rows[0].name === `new ${failAt}`;
      const called = await calls(test.db);
      const counts = Map.groupBy(called, ({ hook, run_id }) => `${hook} ${run_id}`);
      for (const [hook, group] of counts) {
        expect([failAt, hook, group.length]).toEqual([failAt, hook, 1]);
      }
      const published = called.filter(({ hook }) => hook.endsWith("_publish"));
      expect([failAt, published.map(({ hook }) => hook)]).toEqual([
        failAt,
        isPublished ? ["before_publish", "after_publish"] : [],
      ]);
      if (isPublished) {
        expect([failAt, called.map(({ hook }) => hook)]).toEqual([failAt, GOOD]);
      }
      if (!faulty.struck()) break;
      points++;
    }
    expect(points).toBeGreaterThan(30);
  });
}

Deno.test("values are parameters, whatever is in them", async () => {
  await using test = await withCalls();
  using files = workspace();
  const values = ["it's", 'a"b', "$1", "x'; drop table public.calls; --", "ünïcode 日本", "\\'"];
  for (const value of values) files.write(`things_${value}.csv`, "id,name\n1,x\n");
  const result = await run(test.db, specFor(files, EACH, { values }));
  expect([result.status, result.error]).toEqual(["succeeded", null]);
  const called = await calls(test.db);
  for (const value of values) {
    expect([value, hooksOf(called, value)]).toEqual([value, GOOD]);
    expect(called.find(({ part }) => part === value)?.source)
      .toBe(`${files.folder}/things_${value}.csv`);
  }
});

Deno.test("parameters have their types, with casts, twice, in calls and among literals", async () => {
  await using test = await withCalls();
  using files = workspace();
  fill(files, "one");
  await test.db.query(
    `create table public.seen (t text, v text);
create procedure public.note(w text, n bigint) language sql as
  $$ insert into public.seen values (w, n::text) $$`,
  );
  const statements = [
    "insert into public.seen select pg_typeof(:run_id)::text, :rows_loaded::text",
    "insert into public.seen values (pg_typeof(:rows_loaded)::text, (:rows_loaded + :rows_loaded)::text)",
    "call public.note(:pipeline, :rows_read)",
    "call public.note(w => :target, n => :version::bigint) -- :nothing",
    "insert into public.seen values (':x', 'a:pipeline' || coalesce(:error, 'none'));",
    "insert into public.seen select 'slice', (array[1,2,3])[1:2]::text /* :what */",
    "with made as (select :partition::text as p) insert into public.seen select 'with', p from made",
    "comment on table public.seen is ':::'",
  ];
  const result = await run(
    test.db,
    specFor(files, { after_publish: statements }, { values: ["a"] }),
  );
  expect([result.status, result.error]).toEqual(["succeeded", null]);
  expect(await test.db.query("select t, v from public.seen")).toEqual([
    { t: "uuid", v: "2" },
    { t: "bigint", v: "4" },
    { t: "things", v: "3" },
    { t: "shop.things", v: "1" },
    { t: ":x", v: "a:pipelinenone" },
    { t: "slice", v: "{1,2}" },
    { t: "with", v: "a" },
  ]);
});

Deno.test("the examples of the manual work: grants, a materialized view, a procedure", async () => {
  await using test = await withCalls();
  using files = workspace();
  fill(files, "one");
  await run(test.db, specFor(files, {}, { values: ["a"] }));
  await test.db.query(
    "create materialized view shop.counts as select count(*) as n from shop.things where name = 'two'",
  );
  fill(files, "two");
  const hooks = {
    after_publish: [
      "grant select on shop.things to public",
      "refresh materialized view shop.counts",
      "analyze shop.things",
      "do $$ begin perform 1; end $$",
    ],
  };
  const result = await run(test.db, specFor(files, hooks, { values: ["a"] }));
  expect([result.status, result.error]).toEqual(["succeeded", null]);
  expect(await test.db.query("select n from shop.counts")).toEqual([{ n: 2 }]);
  expect(await test.db.query("select has_table_privilege('public', 'shop.things', 'select') as ok"))
    .toEqual([{ ok: true }]);
});

Deno.test("what a hook sets ends with it, and leaves nothing in the session", async () => {
  await using test = await withCalls();
  using files = workspace();
  fill(files, "one");
  const role = `hook_${crypto.randomUUID().slice(0, 8)}`;
  try {
    await test.db.query(`create role ${role}; grant ${role} to current_user`);
    const settings = (local: boolean) =>
      [["search_path", "nowhere"], ["lock_timeout", "77min"], ["row_security", "off"], [
        "role",
        role,
      ], [
        "extra_float_digits",
        "-3",
      ], ["datestyle", "German"]].map(([name, value]) =>
        `select set_config('${name}', '${value}', ${local})`
      );
    const spoil = [...settings(true), ...settings(false), "select pg_advisory_lock(77)"];
    const hooks = Object.fromEntries(HOOKS.map((hook) => [hook, spoil]));
    const result = await run(test.db, specFor(files, hooks));
    expect([result.status, result.error]).toEqual(["succeeded", null]);
    files.write("things_a.csv", "id,name\nx,\ny,\n");
    expect(await run(test.db, specFor(files, hooks))).toMatchObject({ status: "refused" });
    // Each connection of the pool is asked.
    const sessions = await Promise.all(Array.from({ length: 6 }, () => test.db.session()));
    for (const session of sessions) {
      const [seen] = await session.query(
        `select current_setting('search_path') as path, current_setting('lock_timeout') as lock,
  current_user = session_user as own, (select count(*) from pg_locks where locktype = 'advisory'
    and pid = pg_backend_pid() and objid = 77) as locks`,
      );
      expect(seen).toMatchObject({ lock: "1min", own: true, locks: 0 });
      expect((seen as { path: string }).path).not.toContain("nowhere");
      await session[Symbol.asyncDispose]();
    }
  } finally {
    await test.db.query(`drop owned by ${role}; drop role ${role}`);
  }
});

Deno.test("names without a schema are looked up where the URL says, else nowhere but in pg_catalog", async () => {
  await using test = await withCalls();
  using files = workspace();
  fill(files, "one");
  const hooks = { before_publish: ["insert into calls (hook) values ('before_publish')"] };
  await using plain = await connectTo(test.url);
  const refused = await run(plain, specFor(files, hooks, { values: ["a"] }));
  expect(refused.partitions[0].error).toMatchObject({
    code: "publish/hook_failed",
    hint: expect.stringContaining("write schema.name"),
  });
  await using db = await connectTo(test.url, "search_path", "public");
  expect(await run(db, specFor(files, hooks, { values: ["a"] }))).toMatchObject({
    status: "succeeded",
  });
  expect(await calls(test.db)).toHaveLength(1);
});

Deno.test("a signal cancels a hook under way, and nothing is published", async (t) => {
  for (const hook of ["before_load", "after_load", "before_publish", "after_publish"] as const) {
    await t.step(hook, async () => {
      await using test = await withCalls();
      using files = workspace();
      fill(files, "one");
      const controller = new AbortController();
      const { context } = testContext(test.db, controller.signal);
      const hooks = { ...EACH, [hook]: ["select public.wait()"] };
      await test.db.query(
        `create function public.wait() returns void language plpgsql as
          'begin perform pg_notify(''waiting'', ''''); perform pg_sleep(600); end'`,
      );
      const running = runPipeline(specFor(files, hooks, { values: ["a"] }), ALL, context);
      await untilSleeping(test.db);
      controller.abort(new Error("enough"));
      const result = await running;
      expect([result.status, result.partitions[0].status]).toEqual(["interrupted", "skipped"]);
      expect(await live(test.db)).toEqual([]);
      const called = hooksOf(await calls(test.db), "a");
      expect(called).not.toContain("on_failure");
      expect(called.filter((each) => each.endsWith("_publish"))).toEqual([]);
    });
  }
});

async function untilSleeping(db: Database): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = await db.query(
      "select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()",
    );
    if (found.length > 0) return;
    if (Date.now() > deadline) throw new Error("The hook does not run");
  }
}

Deno.test("the server's limit on a statement ends a hook, and the load is worth another run", async () => {
  await using test = await withCalls();
  using files = workspace();
  fill(files, "one");
  await using db = await connectTo(test.url, "statement_timeout", "700");
  for (const hook of ["after_load", "after_publish"] as const) {
    const result = await run(
      db,
      specFor(files, { [hook]: ["select pg_sleep(60)"] }, { values: ["a"] }),
    );
    expect(result.partitions[0].error).toMatchObject({
      code: expect.stringContaining("/hook_failed"),
      retry: "later",
      message: expect.stringContaining(`hook "${hook}"`),
    });
  }
  expect(await live(test.db)).toEqual([]);
});

Deno.test("a hook waits for a lock no longer than the publish does, and names itself", async () => {
  await using test = await withCalls();
  using files = workspace();
  fill(files, "one");
  await test.db.query("create table public.busy (id int)");
  await using holder = await test.db.session();
  await holder.query("begin");
  await holder.query("lock table public.busy");
  for (const hook of ["before_load", "before_publish"] as const) {
    const { context, events } = testContext(test.db);
    const spec = specFor(files, { [hook]: ["insert into public.busy values (1)"] }, {
      values: ["a"],
    });
    const result = await runPipeline(spec, ALL, {
      ...context,
      clock: { ...systemClock, sleep: () => Promise.resolve() },
    });
    expect(result.partitions[0].error).toMatchObject({
      code: expect.stringContaining("/hook_failed"),
      retry: "later",
      message: expect.stringContaining(`hook "${hook}" failed: canceling statement due to lock`),
    });
    expect(events.filter(({ type }) => type === "retry").length).toBeGreaterThan(5);
  }
  await holder.query("rollback");
  expect(await test.db.query("select from public.busy")).toHaveLength(0);
});

Deno.test("the plan shows hooks, and tells what Postgres cannot read before anything is loaded", async (t) => {
  await using test = await withCalls();
  using files = workspace();
  fill(files, "one");
  const { context } = testContext(test.db);
  const version = await serverVersion(test.db);
  const shown = await planPipeline(specFor(files, EACH), ALL, context);
  expect(Object.keys(shown.hooks)).toEqual([...HOOKS]);
  expect(JSON.parse(JSON.stringify(shown))).toEqual(shown);
  for (
    const [sql, isRight] of [
      ["insert into public.nowhere values (:run_id)", true],
      ["select * into shop.copies from shop.things", true],
      ["(select 1)", true],
      // Which came with Postgres 15.
      ["merge into shop.x using shop.y on true when matched then delete", version >= 150000],
      ["create table shop.t (id int)", true],
      ["selekt 1", false],
      ["insert into public.calls (hook values (1)", false],
      ["insert public.calls values (1)", false],
      ["grant selekt on shop.things", false],
      ["refresh materialised view shop.v", false],
      ["select 1 +", false],
    ] as const
  ) {
    await t.step(sql, async () => {
      let spec: PipelineSpec;
      try {
        spec = specFor(files, { after_publish: ["select 1", sql] });
      } catch {
        // The file is refused already.
        return expect(isRight).toBe(false);
      }
      const planned = planPipeline(spec, ALL, context);
      if (isRight) await planned;
      else {
        await expect(planned).rejects.toMatchObject({
          code: "plan/bad_sql",
          message: expect.stringMatching(/^test\.yaml:10: hook "after_publish" is not SQL/),
        });
      }
    });
  }
});

Deno.test("rows that a replay adds are a publish like any other", async () => {
  await using test = await withCalls();
  using files = workspace();
  fill(files, "one");
  const spec = specFor(files, EACH, { values: ["a"] });
  await run(test.db, spec);
  await test.db.query("truncate public.calls");
  await test.db.query("update sluice.rejected_rows set raw = convert_to(E'9,mended', 'UTF8')");
  const result = await replayRejects(spec, undefined, testContext(test.db).context);
  expect([result.status, result.error]).toEqual(["succeeded", null]);
  const called = await calls(test.db);
  expect(hooksOf(called, "a")).toEqual(GOOD);
  expect(called.at(-1)).toMatchObject({ rows_loaded: 1 });
});

import { expect } from "packages/expect.ts";
import type { ApprovedPlan } from "../../src/plan/moved.ts";
import {
  checkApproved,
  forApproval,
  planPipeline,
  rollbackPipeline,
  type RunContext,
  runPipeline,
} from "../../src/run/mod.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { altering } from "../support/altering_database.ts";
import { ALL, run, specOf, testContext, type Workspace, workspace } from "../support/pipeline.ts";
import {
  type DatabaseTemplate,
  preparedDatabase,
  type TestDatabase,
  testDatabase,
} from "../support/postgres.ts";

function yaml(mode: string, more = ""): string {
  const keyed = mode === "upsert" || mode === "history";
  return `
pipeline: things
source: { url: "things_{partition}.csv" }
target: { table: shop.things, partition_column: part }
partitions: { by: list, values: [a, b], missing: pending }
refresh: { mode: ${mode} }
${keyed ? "idempotency_key: [id]" : ""}
checks: [{ row_count: { min: 1 } }]
hooks: { after_load: select 1 }
columns: { id: { type: integer, required: true }, name: text }
${more}
`;
}

/** Rows of both partitions; `n` makes other values of the same length. */
function fill(files: Workspace, n: number): void {
  files.write("things_a.csv", `id,name\n1,name${n}\n2,name${n}\n`);
  files.write("things_b.csv", `id,name\n3,name${n}\n4,name${n}\n`);
}

/** As it comes out of a plan file. */
async function approve(spec: PipelineSpec, context: RunContext): Promise<ApprovedPlan> {
  const plan = await planPipeline(spec, ALL, context);
  return JSON.parse(JSON.stringify(await forApproval(plan, context)));
}

interface Tried {
  readonly test: TestDatabase;
  readonly files: Workspace;
  readonly spec: PipelineSpec;
}

async function names({ db }: TestDatabase): Promise<readonly unknown[]> {
  const [{ there }] = await db.query<{ there: boolean }>(
    "select to_regclass('shop.things') is not null as there",
  );
  return there
    ? await db.query("select id, name, tableoid::int from shop.things order by 1, 2")
    : [];
}

const loaded = new Map<string, Promise<DatabaseTemplate>>();

Deno.test.afterAll(async () => {
  for (const template of loaded.values()) await (await template)[Symbol.asyncDispose]();
});

/** A database that a mode has loaded once. */
async function loadedOnce(mode: string): Promise<TestDatabase> {
  const template = loaded.get(mode) ?? preparedDatabase(async ({ db }) => {
    using files = workspace();
    fill(files, 1);
    await run(db, specOf(yaml(mode), files.folder));
  });
  loaded.set(mode, template);
  return await (await template).copy();
}

/** Approves the plan of another load. */
async function approvedSecond(test: TestDatabase, files: Workspace, mode: string) {
  const spec = specOf(yaml(mode), files.folder);
  fill(files, 2);
  const { context, events } = testContext(test.db);
  return { context, events, spec, approved: await approve(spec, context) };
}

/** A table without partitions. */
function wholeTable(url: string, { folder }: Workspace): PipelineSpec {
  return specOf(
    `
pipeline: things
source: { url: "${url}", retries: 1 }
target: { table: shop.things }
columns: { id: integer }
`,
    folder,
  );
}

const MODES = ["partition", "append", "upsert", "history"];

for (const mode of MODES) {
  Deno.test(`${mode}: a plan that was approved runs as it was, first and later`, async () => {
    await using test = await testDatabase();
    using files = workspace();
    const { context } = testContext(test.db);
    for (const n of [1, 2]) {
      fill(files, n);
      const spec = specOf(yaml(mode), files.folder);
      const approved = await approve(spec, context);
      await checkApproved(spec, { ...ALL, approved }, context);
      const result = await runPipeline(spec, { ...ALL, approved }, context);
      expect([result.status, result.error]).toEqual(["succeeded", null]);
      expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
      // It has been run: what is live is another version now.
      await expect(runPipeline(spec, { ...ALL, approved }, context)).rejects.toMatchObject({
        code: "plan/moved",
        message: expect.stringMatching(/ledger: live version of a: (nothing|1) → \d/),
      });
    }
  });
}

/** What somebody does between the plan and its run, and what the refusal names. */
const MOVES: readonly {
  readonly what: string;
  readonly modes?: readonly string[];
  readonly move: (tried: Tried, mode: string) => Promise<unknown> | PipelineSpec | void;
  /** Null: nothing has moved. */
  readonly told: RegExp | null;
}[] = [
  {
    what: "a file has other bytes of the same length and time",
    move({ files }) {
      const path = `${files.folder}/things_a.csv`;
      const { mtime } = Deno.statSync(path);
      Deno.writeTextFileSync(path, Deno.readTextFileSync(path).replaceAll("name2", "name9"));
      Deno.utimeSync(path, mtime!, mtime!);
    },
    told: /source of a: SHA-256 [0-9a-f]{64} → [0-9a-f]{64}/,
  },
  {
    what: "a file is longer",
    move: ({ files }) =>
      Deno.writeTextFileSync(`${files.folder}/things_b.csv`, "9,x\n", { append: true }),
    told: /source of b: bytes \d+ → \d+/,
  },
  {
    what: "a file is gone",
    move: ({ files }) => Deno.removeSync(`${files.folder}/things_b.csv`),
    told: /source of b: there → not there/,
  },
  {
    what: "a file was copied or touched",
    move: ({ files }) =>
      Deno.utimeSync(`${files.folder}/things_a.csv`, 1_000_000_000, 1_000_000_000),
    told: null,
  },
  {
    what: "a rule is another one",
    move: ({ files }, mode) =>
      specOf(yaml(mode, "rules: { small: { check: id < 9 } }"), files.folder),
    told: /pipeline file: rules\.0: nothing → \{"name":"small"/,
  },
  {
    what: "the limit of rejects is another one",
    move: ({ files }, mode) => specOf(yaml(mode, "rejects: { limit: 5% }"), files.folder),
    told: /pipeline file: rejects\.limit\./,
  },
  {
    what: "a hook is another one",
    move: ({ files }, mode) =>
      specOf(yaml(mode).replace("after_load: select 1", "after_load: select 2"), files.folder),
    told: /pipeline file: hooks\.after_load\.0\.sql: select 1 → select 2/,
  },
  {
    what: "a comment moves its lines",
    move: ({ files }, mode) => specOf(`# one line more\n${yaml(mode)}`, files.folder),
    told: null,
  },
  {
    what: "the file is described and scheduled otherwise",
    move: ({ files }, mode) =>
      specOf(
        yaml(mode, 'description: Things\nafter: [others]\nschedule: { cron: "0 6 * * *" }'),
        files.folder,
      ),
    told: null,
  },
  {
    what: "a column is added to the target",
    move: ({ test }) => test.db.query("alter table shop.things add column more text"),
    told: /target shop\.things: columns\.more: nothing → text/,
  },
  {
    what: "the target is another table of the same columns",
    modes: ["append", "upsert"],
    move: ({ test }) =>
      test.db.query(
        `alter table shop.things rename to gone;
create table shop.things (like shop.gone including all)`,
      ),
    told: /target shop\.things: oid: \d+ → \d+/,
  },
  {
    what: "a partition is detached",
    modes: ["partition"],
    move: async ({ test }) => {
      const [{ name }] = await test.db.query<{ name: string }>(
        `select inhrelid::regclass::text as name from pg_inherits
where inhparent = 'shop.things'::regclass order by 1 limit 1`,
      );
      await test.db.query(`alter table shop.things detach partition ${name}`);
    },
    told: /target at a: shop\.things__a__v1: OID \d+ → nothing/,
  },
  {
    what: "a trigger is put on the target",
    move: ({ test }) =>
      test.db.query(
        `create function shop.f() returns trigger language plpgsql as 'begin return new; end';
create trigger t before insert on shop.things for each row execute function shop.f()`,
      ),
    told: /target shop\.things: parts\.trigger t: nothing → CREATE TRIGGER t BEFORE INSERT/,
  },
  {
    what: "a constraint is put on the target",
    move: ({ test }) => test.db.query("alter table shop.things add constraint c check (id < 9)"),
    told: /target shop\.things: parts\.constraint c: nothing → CHECK \(\(id < 9\)\)/,
  },
  {
    what: "somebody is granted a partition",
    modes: ["partition"],
    move: ({ test }) => test.db.query("grant select on shop.things__a__v1 to public"),
    told: /plan: partitions\.0\./,
  },
  {
    what: "another run has published",
    move: ({ test, spec }) => run(test.db, spec, { partitions: ["b"] }),
    told: /ledger: live version of b: 1 → 2/,
  },
  {
    what: "a version was rolled back",
    move: ({ test, spec }) =>
      rollbackPipeline(spec, { partition: "a", to: 0 }, testContext(test.db).context),
    told: /ledger: live version of a: 1 → nothing/,
  },
  {
    what: "other tables have come and gone",
    move: ({ test }) => test.db.query("create table shop.other (id int)"),
    told: null,
  },
];

for (const { what, modes = MODES, move, told } of MOVES) {
  Deno.test(`between plan and run: ${what}`, async (t) => {
    for (const mode of modes) {
      await t.step(mode, async () => {
        await using test = await loadedOnce(mode);
        using files = workspace();
        const { context, spec, approved } = await approvedSecond(test, files, mode);
        const moved = await move({ test, files, spec }, mode);
        const now = moved !== undefined && moved !== null && "columns" in (moved as object)
          ? moved as PipelineSpec
          : spec;
        const before = await names(test);
        const runs = await runIds(test);
        if (told === null) {
          const result = await runPipeline(now, { ...ALL, approved }, context);
          return expect([result.status, result.error]).toEqual(["succeeded", null]);
        }
        for (const attempt of [checkApproved, runPipeline]) {
          await expect(attempt(now, { ...ALL, approved }, context)).rejects.toMatchObject({
            code: "plan/moved",
            message: expect.stringMatching(told),
            hint: expect.stringContaining("Nothing was published"),
          });
        }
        expect(await names(test)).toEqual(before);
        expect(await runIds(test)).toEqual(runs);
      });
    }
  });
}

async function runIds({ db }: TestDatabase): Promise<readonly unknown[]> {
  return await db.query("select id from sluice.runs order by 1");
}

Deno.test("a source that others change once the plan was compared is not published", async (t) => {
  for (const mode of MODES) {
    await t.step(mode, async () => {
      await using test = await loadedOnce(mode);
      using files = workspace();
      const { context, spec, approved } = await approvedSecond(test, files, mode);
      const before = await names(test);
      const result = await runPipeline(spec, { ...ALL, approved }, {
        ...context,
        emit(event) {
          if (event.type === "run_started") fill(files, 3);
        },
      });
      expect(result.status).toBe("failed");
      for (const { status, error } of result.partitions) {
        expect([status, error?.code]).toEqual(["failed", "plan/moved"]);
        expect(error?.message).toMatch(/source of [ab]: SHA-256 /);
      }
      expect(await names(test)).toEqual(before);
    });
  }
});

Deno.test("a target that others alter once the plan was compared is not planned anew", async (t) => {
  for (const mode of MODES) {
    await t.step(mode, async () => {
      await using test = await loadedOnce(mode);
      using files = workspace();
      const { context, events, spec, approved } = await approvedSecond(test, files, mode);
      const before = await names(test);
      const altered = altering(test.db, "alter table shop.things drop column name", 1);
      const result = await runPipeline(spec, { ...ALL, approved }, { ...context, db: altered });
      expect(result.status).toBe("failed");
      const codes = new Set(result.partitions.map(({ error }) => error?.code));
      expect([...codes]).toEqual(["publish/target_altered"]);
      expect(
        events.some((event) =>
          event.type === "warning" && event.message.includes("planning and loading again")
        ),
      ).toBe(false);
      const ids = (rows: readonly unknown[]) => rows.map((row) => (row as { id: number }).id);
      expect(ids(await test.db.query("select id from shop.things order by 1"))).toEqual(
        ids(before),
      );
    });
  }
});

Deno.test("what is made first is compared as what is changed later", async () => {
  await using test = await testDatabase();
  using files = workspace();
  fill(files, 1);
  const { context } = testContext(test.db);
  const spec = specOf(yaml("partition"), files.folder);
  const approved = await approve(spec, context);
  // The ledger and the schema may be another run's work by then.
  const other = specOf(
    yaml("partition").replace("pipeline: things", "pipeline: others")
      .replace("shop.things", "shop.others"),
    files.folder,
  );
  await run(test.db, other);
  await checkApproved(spec, { ...ALL, approved }, context);
  await test.db.query("create table shop.things (id int, name text, part text)");
  await expect(runPipeline(spec, { ...ALL, approved }, context)).rejects.toMatchObject({
    code: expect.stringMatching(/^plan\//),
  });
  await test.db.query("drop table shop.things");
  expect(await runPipeline(spec, { ...ALL, approved }, context))
    .toMatchObject({ status: "succeeded" });
});

Deno.test("partitions that are not loaded, pending or unchanged, must stay so", async () => {
  await using test = await testDatabase();
  using files = workspace();
  fill(files, 1);
  const { context } = testContext(test.db);
  const spec = specOf(yaml("partition"), files.folder);
  Deno.removeSync(`${files.folder}/things_b.csv`);
  const approved = await approve(spec, context);
  fill(files, 1);
  await expect(checkApproved(spec, { ...ALL, approved }, context)).rejects.toMatchObject({
    code: "plan/moved",
    message: expect.stringContaining("partition b: not to load → not loaded yet"),
  });
  Deno.removeSync(`${files.folder}/things_b.csv`);
  const result = await runPipeline(spec, { ...ALL, approved }, context);
  expect(result.partitions.map(({ status }) => status)).toEqual(["published", "pending"]);
});

Deno.test("several files are one source: each of them counts", async () => {
  await using test = await testDatabase();
  using files = workspace({ "t_1.csv": "id\n1\n", "t_2.csv": "id\n2\n" });
  const { context } = testContext(test.db);
  const spec = wholeTable("t_*.csv", files);
  const refused = async (change: () => void, told: RegExp) => {
    const approved = await approve(spec, context);
    change();
    await expect(runPipeline(spec, { ...ALL, approved }, context)).rejects.toMatchObject({
      code: "plan/moved",
      message: expect.stringMatching(told),
    });
  };
  await refused(() => files.write("t_2.csv", "id\n3\n"), /source of whole table: SHA-256/);
  await refused(() => files.write("t_3.csv", "id\n3\n"), /source of whole table: bytes 10 → 15/);
  await refused(() => {
    Deno.renameSync(`${files.folder}/t_3.csv`, `${files.folder}/t_4.csv`);
  }, /source of whole table: SHA-256/);
  const approved = await approve(spec, context);
  expect(await runPipeline(spec, { ...ALL, approved }, context)).toMatchObject({ rows_loaded: 3 });
});

Deno.test("a server that proves nothing is read for its digest, one that does is not", async () => {
  await using test = await testDatabase();
  const state = { body: "id\n1\n", etag: null as string | null, reads: 0 };
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => {
      if (request.method === "GET") state.reads++;
      const headers = state.etag === null ? {} : { etag: state.etag };
      // Without a length.
      const body = new Blob([state.body]).stream();
      return new Response(request.method === "HEAD" ? null : body, { headers });
    },
  );
  using files = workspace();
  const { context } = testContext(test.db);
  const spec = wholeTable(`http://127.0.0.1:${server.addr.port}/t.csv`, files);
  const unproven = await approve(spec, context);
  expect(unproven.basis.partitions["whole table"].source?.sha256).toMatch(/^[0-9a-f]{64}$/);
  state.body = "id\n2\n";
  await expect(runPipeline(spec, { ...ALL, approved: unproven }, context)).rejects.toMatchObject({
    code: "plan/moved",
    message: expect.stringContaining("source of whole table: SHA-256"),
  });
  state.etag = '"one"';
  state.reads = 0;
  const proven = await approve(spec, context);
  expect([state.reads, proven.basis.partitions["whole table"].source?.sha256]).toEqual([0, null]);
  state.etag = '"two"';
  await expect(runPipeline(spec, { ...ALL, approved: proven }, context)).rejects.toMatchObject({
    message: expect.stringContaining('source of whole table: ETag "one" → "two"'),
  });
});

Deno.test("standard input cannot be approved", async () => {
  await using test = await testDatabase();
  using files = workspace();
  const { context } = testContext(test.db);
  const spec = wholeTable("-", files);
  const plan = await planPipeline(spec, ALL, context);
  await expect(forApproval(plan, context)).rejects.toMatchObject({
    code: "plan/source_unproven",
  });
});

import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import type { Queryable } from "../../src/db/database.ts";
import { planPipeline, rollbackPipeline, runPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import {
  ledgerDatabase,
  preparedDatabase,
  serverVersion,
  testDatabase,
} from "../support/postgres.ts";

const MODES = ["full", "partition", "upsert", "append"] as const;

function yaml(mode: typeof MODES[number]): string {
  return `
pipeline: things
source: { url: "things${mode === "partition" ? "_{month}" : ""}.csv" }
target: { table: shop.things${mode === "partition" ? ", partition_column: day" : ""} }
${mode === "partition" ? "partitions: { by: month, from: 2021-01, to: 2021-01 }" : ""}
refresh: { mode: ${mode} }
idempotency_key: [${mode === "partition" ? "id, day" : "id"}]
columns:
  id: { type: integer, required: true }
  code: text
  day: { type: date, required: true }
`;
}

function csv(rows: readonly string[]): string {
  return `id,code,day\n${rows.map((row) => `${row},2021-01-05\n`).join("")}`;
}

/** What a foreign key to the table says beyond `references shop.things (…)`. */
const KEYS = {
  "no action": "",
  restrict: "on delete restrict",
  deferrable: "deferrable initially deferred",
  "not valid": "not valid",
  "on delete cascade": "on delete cascade",
  "on delete set null": "on delete set null",
  "on delete set default": "on delete set default",
  "on update cascade": "on update cascade",
  "on update set null": "on update set null",
} as const;

type Key = keyof typeof KEYS;

/** What becomes of a load whose file lacks row 1 and has another code for row 2. */
function expected(
  mode: typeof MODES[number],
  key: Key,
  by: "id" | "code",
  child: "null" | "rows",
): { plan: "refuses" | "warns" | "says nothing"; loads: boolean } {
  const replaces = mode === "full" || mode === "partition";
  const refused = replaces && key.startsWith("on delete") ||
    mode !== "append" && by === "code" && key === "on update set null";
  if (refused) return { plan: "refuses", loads: false };
  if (child === "null" || mode === "append") return { plan: "says nothing", loads: true };
  if (replaces) return { plan: "warns", loads: by === "code" && key === "on update cascade" };
  const stops = by === "code" && key !== "on update cascade";
  return stops ? { plan: "warns", loads: false } : { plan: "says nothing", loads: true };
}

/** The made and the foreign tables of each mode that others can refer to. */
const TABLES = [
  ["full", true],
  ["full", false],
  ["partition", false],
  ["upsert", true],
  ["upsert", false],
  ["append", false],
] as const;

for (const [mode, made] of TABLES) {
  Deno.test(`${mode}: what a foreign key of another table stops is told by the plan (${made ? "Sluice's" : "another's"} table)`, async (t) => {
    const month = mode === "partition" ? "_2021-01" : "";
    using files = workspace();
    const spec = specOf(yaml(mode), files.folder);
    await using loaded = await preparedDatabase(async ({ db }) => {
      files.write(`things${month}.csv`, csv(["1,a", "2,b"]));
      if (!made) await db.query(FOREIGN);
      expect(await run(db, spec)).toMatchObject({ status: "succeeded" });
    });
    for (const [key, clause] of Object.entries(KEYS) as [Key, string][]) {
      // Sluice's own table of `full` is partitioned by id, which every key of it must hold.
      for (const by of made && mode === "full" ? ["id"] as const : ["id", "code"] as const) {
        for (const child of key === "no action" ? ["null", "rows"] as const : ["rows"] as const) {
          const { plan, loads } = expected(mode, key, by, child);
          await t.step(
            `${key}, by ${by}, ${child}: ${plan}, ${loads ? "loads" : "does not"}`,
            async () => {
              await using test = await loaded.copy();
              const value = child === "null" ? "null" : by === "id" ? "1" : "'b'";
              await test.db.query(`${made ? `alter table shop.things add unique (${by});` : ""}
              create table shop.things__parts (ref ${by === "id" ? "int" : "text"});
              insert into shop.things__parts values (${value});
              alter table shop.things__parts add constraint of_thing foreign key (ref)
                references shop.things (${by}) ${clause}`);
              files.write(`things${month}.csv`, csv(["2,B", "3,c"]));
              const { context, events } = testContext(test.db);
              const before = await contents(test.db);
              if (plan === "refuses") {
                for (const work of [planPipeline, runPipeline]) {
                  await expect(work(spec, ALL, context)).rejects.toMatchObject({
                    code: "plan/referenced",
                    message: expect.stringContaining('"of_thing" of shop.things__parts'),
                  });
                }
              } else {
                const { cautions } = await planPipeline(spec, ALL, context);
                const caution = expect.stringContaining(
                  'Rows of "shop.things__parts" refer to "shop.things" (foreign key "of_thing")',
                );
                expect(cautions).toEqual(plan === "warns" ? [caution] : []);
                const result = await runPipeline(spec, ALL, context);
                if (loads) {
                  expect([result.status, result.error]).toEqual(["succeeded", null]);
                  return;
                }
                expect(result).toMatchObject({
                  status: "failed",
                  rows_rejected: 0,
                  error: {
                    code: "publish/referenced",
                    message: expect.stringContaining(
                      '"shop.things__parts" refers to them by its foreign key "of_thing" (Key ',
                    ),
                  },
                });
                // No row of the file is looked for: it is not the file's fault.
                expect(events.filter(({ type }) => type === "warning")).toEqual([]);
              }
              expect(await contents(test.db)).toEqual(before);
            },
          );
        }
      }
    }
  });
}

const FOREIGN = `create schema shop;
create table shop.things (
  id int not null unique, code text unique, day date not null, unique (id, day))`;

async function contents(db: Queryable): Promise<unknown> {
  return [
    await db.query("select id, code from shop.things order by id"),
    await db.query("select * from shop.things__parts"),
  ];
}

/** What refers to row 1 by a key named "of", among others. */
const REFERRING = {
  "one of two keys": `create table shop.parts (
    first int constraint of_1 references shop.things (id),
    ref int constraint "of" references shop.things (id));
  insert into shop.parts values (2, 1)`,
  "the other of two keys": `create table shop.parts (
    ref int constraint "of" references shop.things (id),
    last int constraint of_ref_fkey references shop.things (id));
  insert into shop.parts values (1, 2)`,
  "a key of a partitioned table": `create table shop.parts (
    ref int constraint "of" references shop.things (id), other int
  ) partition by list (ref);
  create table shop.parts_1 partition of shop.parts for values in (1);
  create table shop.parts_rest partition of shop.parts default;
  insert into shop.parts values (1, 1), (2, 2)`,
  "one of two keys of a partitioned table": `create table shop.parts (
    ref int constraint "of" references shop.things (id),
    other int constraint other references shop.things (id)
  ) partition by list (ref);
  create table shop.parts_rest partition of shop.parts default;
  insert into shop.parts values (1, 2)`,
} as const;

for (const [what, sql] of Object.entries(REFERRING)) {
  for (const made of [true, false]) {
    Deno.test(`${what} that stops a load is told by its own name (${made ? "Sluice's" : "another's"} table)`, async () => {
      await using test = await ledgerDatabase();
      using files = workspace({ "things.csv": csv(["1,a", "2,b"]) });
      const spec = specOf(yaml("full"), files.folder);
      if (!made) await test.db.query(FOREIGN);
      expect(await run(test.db, spec)).toMatchObject({ status: "succeeded" });
      if (made) await test.db.query("alter table shop.things add unique (id)");
      await test.db.query(sql);
      files.write("things.csv", csv(["2,b", "3,c"]));
      expect(await run(test.db, spec)).toMatchObject({
        status: "failed",
        error: {
          code: "publish/referenced",
          message: expect.stringContaining(
            '"shop.parts" refers to them by its foreign key "of" (Key (id)=(1) ',
          ),
          hint: expect.stringContaining('Delete the rows of "shop.parts" first'),
        },
      });
    });
  }
}

Deno.test("an empty table that could refer, or one whose rows cannot be seen", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.csv": csv(["1,a", "2,b"]) });
  const spec = specOf(yaml("full"), files.folder);
  const role = `ldr_${crypto.randomUUID().slice(0, 8)}`;
  await test.db.query(`${FOREIGN};
    create table shop.parts (ref int constraint of_thing references shop.things (id));
    create role ${role} login password 'x'; grant all on schema shop to ${role};
    grant all on shop.things to ${role}`);
  try {
    const [{ database }] = await test.db.query<{ database: string }>(
      "select current_database() as database",
    );
    await test.db.query(`grant create on database ${database} to ${role}`);
    const url = new URL(test.url);
    url.username = role;
    url.password = "x";
    expect((await planPipeline(spec, ALL, testContext(test.db).context)).cautions).toEqual([]);
    await using db = await connect({ url: url.href });
    expect((await planPipeline(spec, ALL, testContext(db).context)).cautions.length).toBe(1);
  } finally {
    await test.db.query(
      `drop schema shop cascade; drop owned by ${role} cascade; drop role ${role}`,
    );
  }
});

Deno.test("rows that refer to rows of the same table are not taken along in silence", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": csv(["1,a", "2,b"]) });
  const spec = specOf(yaml("full"), files.folder);
  await test.db.query(
    `${FOREIGN}; alter table shop.things add column parent int constraint up references shop.things (id) on delete cascade`,
  );
  const { context } = testContext(test.db);
  await expect(planPipeline(spec, ALL, context)).rejects.toMatchObject({
    code: "plan/referenced",
    message: expect.stringContaining('"up" of shop.things on delete cascade'),
  });
  await test.db.query(
    "alter table shop.things drop constraint up, add constraint up foreign key (parent) references shop.things (id)",
  );
  expect((await run(test.db, spec)).status).toBe("succeeded");
});

Deno.test("a rollback takes no later row of the same table along", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": csv(["1,a", "2,b"]) });
  const spec = specOf(yaml("upsert"), files.folder);
  await test.db.query(
    `${FOREIGN}; alter table shop.things add column parent int references shop.things (id) on delete cascade`,
  );
  await run(test.db, spec);
  await test.db.query("update shop.things set parent = 1 where id = 2");
  await test.db.query("insert into shop.things values (7, 'mine', '2021-01-05', 2)");
  const { context } = testContext(test.db);
  await expect(rollbackPipeline(spec, {}, context)).rejects.toMatchObject({
    code: "publish/later_changes",
  });
  await test.db.query("update shop.things set parent = null where id = 7");
  await rollbackPipeline(spec, {}, context);
  expect(await test.db.query("select id from shop.things")).toEqual([{ id: 7 }]);
});

Deno.test("a foreign key to a partition holds like one to the table", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": csv(["1,a", "2,b"]) });
  const spec = specOf(yaml("full"), files.folder);
  await test.db.query(`create schema shop;
    create table shop.things (id int not null unique, code text, day date not null)
      partition by range (id);
    create table shop.low partition of shop.things for values from (0) to (100);
    create table shop.parts (ref int constraint of_low references shop.low (id) on delete cascade)`);
  await expect(run(test.db, spec)).rejects.toMatchObject({
    code: "plan/referenced",
    message: expect.stringContaining('"of_low" of shop.parts on delete cascade'),
  });
});

Deno.test("a foreign key that is not enforced stops nothing", async () => {
  await using test = await ledgerDatabase();
  if (await serverVersion(test.db) < 180000) {
    return console.log("skipped: keys are enforced before Postgres 18");
  }
  using files = workspace({ "things.csv": csv(["1,a", "2,b"]) });
  const spec = specOf(yaml("full"), files.folder);
  await run(test.db, spec);
  await test.db.query(`alter table shop.things add unique (id);
    create table shop.parts (ref int references shop.things (id) on delete cascade not enforced);
    insert into shop.parts values (1)`);
  files.write("things.csv", csv(["2,B", "3,c"]));
  const { context } = testContext(test.db);
  expect((await planPipeline(spec, ALL, context)).cautions).toEqual([]);
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", error: null });
  expect(await test.db.query("select * from shop.parts")).toEqual([{ ref: 1 }]);
});

import { expect } from "packages/expect.ts";
import { planPipeline, runPipeline } from "../../src/run/mod.ts";
import { catalogSnapshot } from "../support/catalog_snapshot.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import {
  ledgerDatabase,
  preparedDatabase,
  serverVersion,
  type TestDatabase,
} from "../support/postgres.ts";

const yaml = (mode: string, id: string, n: string) => `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: ${mode} }
idempotency_key: [id]
columns: { id: ${id}, name: text, n: ${n} }
`;

const TRIGGER =
  `create function shop.f() returns trigger language plpgsql as 'begin return new; end';
  create trigger tr`;

/** What uses the column `n` (or `id`), and what the plan says where it cannot be made again. */
const USERS: Readonly<
  Record<string, { sql: string; refused?: string; only?: string; since?: number }>
> = {
  "a policy": {
    sql: `create policy po on shop.things as restrictive for select to public using ({n} < 1000);
      comment on policy po on shop.things is 'few'; alter table shop.things enable row level security`,
  },
  "a policy that checks": {
    sql: "create policy po on shop.things for insert with check ({n} > 0)",
  },
  "a policy of another table": {
    sql: `create table shop.other (x int);
      create policy po on shop.other using (exists (select from shop.things where {n} = x))`,
    refused: "policy po on table shop.other",
  },
  "a trigger of the column": {
    sql: `${TRIGGER} after update of {n} on shop.things for each row execute function shop.f();
      alter table shop.things disable trigger tr; comment on trigger tr on shop.things is 'off'`,
  },
  "a trigger with a condition": {
    sql:
      `${TRIGGER} before insert on shop.things for each row when (new.{n} > 3) execute function shop.f()`,
  },
  "a rule of the table": {
    sql: `create table shop.log (x bigint);
      create rule ru as on delete to shop.things do also insert into shop.log values (old.{n});
      alter table shop.things disable rule ru; comment on rule ru on shop.things is 'off'`,
  },
  "a rule of another table": {
    sql: `create table shop.other (x int); create rule ru as on insert to shop.other
      do also update shop.things set name = 'x' where {n} = new.x`,
    refused: "shop.other",
  },
  "a computed column": {
    sql: "alter table shop.things add column g bigint generated always as ({n} * 2) stored",
    refused: 'computed column "g" of shop.things',
  },
  "a publication with a filter": {
    sql: `alter table shop.things alter id set not null;
      create publication pu for table shop.things where ({n} > 3) with (publish = 'insert')`,
    only: "upsert",
    since: 15,
  },
  "a publication of columns": {
    sql: "create publication pu for table shop.things ({n}, name) with (publish = 'insert')",
    only: "upsert",
    since: 15,
  },
  "a view": { sql: "create view shop.v as select {n} + 1 as m from shop.things" },
  "a view with a rule and a trigger": {
    sql: `create view shop.v as select {n} as m from shop.things;
      create rule ru as on insert to shop.v do instead nothing`,
  },
  "a materialized view": { sql: "create materialized view shop.v as select {n} from shop.things" },
  "an index": { sql: "create index by_n on shop.things (({n} + 1)) where {n} > 0" },
  "a check": { sql: "alter table shop.things add constraint ch check ({n} > 0)" },
  "statistics": { sql: "create statistics shop.st on {n}, name from shop.things" },
  "a default": { sql: "alter table shop.things alter {n} set default 3" },
  "a function of it": {
    sql:
      "create function shop.g() returns numeric begin atomic select sum({n}) from shop.things; end",
    refused: "function shop.g()",
  },
  "a column of its row type": {
    sql: "create table shop.other (r shop.things)",
    refused: "column r of table shop.other",
  },
};

for (const [mode, column] of [["full", "n"], ["full", "id"], ["upsert", "n"]] as const) {
  Deno.test(`${mode}: column "${column}" is widened whatever uses it, or the plan says what to drop`, async (t) => {
    const [id, n] = column === "n" ? ["integer", "bigint"] : ["bigint", "integer"];
    const wide = yaml(mode, id, n);
    let major = 0;
    using files = workspace();
    const loadedBy = (text: string) =>
      preparedDatabase(async ({ db }) => {
        major = await serverVersion(db) / 10_000;
        for (const name of ["a", "b"]) {
          files.write("things.csv", `id,name,n\n1,${name},1\n`);
          await run(db, specOf(text, files.folder));
        }
      });
    await using narrow = await loadedBy(yaml(mode, "integer", "integer"));
    // Where the column is as wide from the start, and is used in the same way.
    await using broad = await loadedBy(wide);
    for (const [what, { sql, refused, only, since = 0 }] of Object.entries(USERS)) {
      if (only !== undefined && only !== mode || major < since) continue;
      await t.step(`${what}${refused === undefined ? "" : ": refused"}`, async () => {
        await using test = await narrow.copy();
        await using twin = await broad.copy();
        for (const { db } of [test, twin]) await db.query(sql.replaceAll("{n}", column));
        const large = column === "n" ? "1,a,3000000000" : "3000000000,a,1";
        files.write("things.csv", `id,name,n\n${large}\n`);
        const spec = specOf(wide, files.folder);
        const { context } = testContext(test.db);
        if (refused !== undefined) {
          const before = await things(test);
          for (const work of [planPipeline, runPipeline]) {
            await expect(work(spec, ALL, context)).rejects.toMatchObject({
              code: "plan/target_differs",
              message: expect.stringContaining(refused),
              hint: expect.stringContaining("Drop them, run, and create them again"),
            });
          }
          expect(await things(test)).toEqual(before);
          return;
        }
        for (const { db } of [test, twin]) {
          const result = await run(db, spec);
          expect([result.status, result.error]).toEqual(["succeeded", null]);
          const [row] = await db.query<Record<string, number>>(
            `select ${column} from shop.things order by 1 desc limit 1`,
          );
          expect(row[column]).toBe(3000000000);
        }
        expect((await planPipeline(spec, ALL, context)).setup).toEqual([]);
        expect(await things(test)).toEqual(await things(twin));
      });
    }
  });
}

async function things({ db }: TestDatabase): Promise<readonly string[]> {
  return (await catalogSnapshot(db, "shop", "things"))
    .map((line) => line.replace(/"relnamespace": "\d+"/, ""));
}

Deno.test("what somebody put on a partition or switched off there is named, not lost", async () => {
  for (
    const [sql, named] of [
      [
        "create policy po on shop.things__all__v1 using (n > 0)",
        'policy "po" of shop.things__all__v1',
      ],
      [
        `${TRIGGER} after update of n on shop.things for each row execute function shop.f();
         alter table shop.things__all__v1 disable trigger tr`,
        'trigger "tr" of shop.things__all__v1',
      ],
    ]
  ) {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
    await run(test.db, specOf(yaml("full", "integer", "integer"), files.folder));
    await test.db.query(sql);
    await expect(
      planPipeline(
        specOf(yaml("full", "integer", "bigint"), files.folder),
        { ...ALL, force: true },
        testContext(test.db).context,
      ),
    ).rejects.toMatchObject({
      code: "plan/target_differs",
      message: expect.stringContaining(named),
    });
  }
});

Deno.test("a rebuild goes around tables that have its names", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,n\n1,a,1\n" });
  await run(test.db, specOf(yaml("full", "integer", "integer"), files.folder));
  files.write("things.csv", "id,name,n\n3000000000,a,1\n");
  const spec = specOf(yaml("full", "bigint", "integer"), files.folder);
  const { context } = testContext(test.db);
  const { setup } = await planPipeline(spec, ALL, context);
  const names = new Set(
    setup.flatMap(({ sql }) => sql.match(/sluice_(?:old|shape)_\w+/g) ?? []),
  );
  expect(names.size).toBe(2);
  const [first, second] = names;
  await test.db.query(
    `create table shop.${first} as select 1 as mine; create type shop.${second} as enum ('mine')`,
  );
  expect(await runPipeline(spec, ALL, context)).toMatchObject({ status: "succeeded", error: null });
  expect(await test.db.query(`select mine, 'mine'::shop.${second} as also from shop.${first}`))
    .toEqual([{ mine: 1, also: "mine" }]);
  expect(
    await test.db.query(
      "select relname from pg_class where relname ~ '^sluice_(old|shape)_' and relkind in ('r', 'p')",
    ),
  ).toEqual([{ relname: first }]);
});

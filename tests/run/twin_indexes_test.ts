import { expect } from "packages/expect.ts";
import type { Queryable } from "../../src/db/database.ts";
import { planPipeline, rollbackPipeline } from "../../src/run/mod.ts";
import { between, pick, randomFrom } from "../rows/random.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { preparedDatabase } from "../support/postgres.ts";
import { rounds } from "../support/rounds.ts";

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = rounds(4);

const yaml = (id: string, key: boolean) => `
pipeline: things
source: { url: things.csv }
target: { table: shop.things, versions: 3 }
columns: { id: { type: ${id}, required: true }, name: text }
${key ? "idempotency_key: [id]\n" : ""}`;

/** Indexes of the same column, which ATTACH tells apart by nothing but whether a constraint is behind. */
const INDEXES = {
  plain: (name: string) => `create unique index ${name} on shop.things (id)`,
  unique: (name: string) => `alter table shop.things add constraint ${name} unique (id)`,
  primary: (name: string) => `alter table shop.things add constraint ${name} primary key (id)`,
} as const;

Deno.test(`indexes that are alike stay through loads, a rebuild and a rollback (SLUICE_SEED=${SEED})`, async (t) => {
  const random = randomFrom(SEED);
  await using template = await preparedDatabase(async () => {});
  for (let round = 0; round < ROUNDS; round++) {
    const kinds = [
      "primary",
      ...Array.from(
        { length: between(random, 1, 3) },
        () => pick(random, ["plain", "unique"] as const),
      ),
    ] as (keyof typeof INDEXES)[];
    // Neither the order in which they were made nor that of their names says which is which.
    const made = kinds.map((kind, at) => ({ kind, name: `${pick(random, "abcxyz")}${at}` }))
      .sort(() => random() - 0.5);
    const key = random() < 0.5;
    const recreated = random() < 0.5 ? pick(random, made) : null;
    const story = `${made.map(({ kind, name }) => `${kind} ${name}`).join(", ")}; ${
      key ? "a key; " : ""
    }${recreated === null ? "" : `${recreated.name} made again`}`;
    await t.step(story, async () => {
      await using test = await template.copy();
      using files = workspace({ "things.csv": "id,name\n1,a\n2,b\n" });
      const narrow = specOf(yaml("integer", key), files.folder);
      await load(test.db, narrow);
      for (const { kind, name } of made) await test.db.query(INDEXES[kind](name));
      const before = await indexesOf(test.db, "things");
      const check = async (loaded = true) => {
        expect(await indexesOf(test.db, "things")).toEqual(before);
        const [{ live }] = await test.db.query<{ live: string }>(
          `select c.relname as live from pg_inherits i join pg_class c on c.oid = i.inhrelid
           where i.inhparent = 'shop.things'::regclass`,
        );
        // Each belongs to one of the table's: none was built beside it.
        const parts = await indexesOf(test.db, live);
        expect(parts.map(({ parent }) => parent).sort())
          .toEqual(before.map(({ name }) => name).sort());
        const primary = parts.filter(({ kind }) => kind === "p");
        expect(primary.length).toBe(1);
        // A version that was kept may be older than the key: then a unique constraint stands for it.
        if (loaded) {
          expect(before).toContainEqual({ name: primary[0].parent, parent: null, kind: "p" });
        }
      };
      for (const letter of ["c", "d"]) {
        files.write("things.csv", `id,name\n1,${letter}\n`);
        await load(test.db, narrow);
        await check();
      }
      if (recreated !== null) {
        const { kind, name } = recreated;
        await test.db.query(
          kind === "plain"
            ? `drop index shop.${name}`
            : `alter table shop.things drop constraint ${name}`,
        );
        await test.db.query(INDEXES[kind](name));
        files.write("things.csv", "id,name\n1,e\n");
        await load(test.db, narrow);
        await check();
      }
      files.write("things.csv", "id,name\n3000000000,f\n");
      const wide = specOf(yaml("bigint", key), files.folder);
      await load(test.db, wide);
      await check();
      const { context } = testContext(test.db);
      await rollbackPipeline(wide, {}, context);
      await check(false);
      await rollbackPipeline(wide, {}, context);
      await check(false);
      files.write("things.csv", "id,name\n3000000001,g\n");
      await load(test.db, wide);
      await check();
      expect((await planPipeline(wide, ALL, context)).setup).toEqual([]);
    });
  }
});

async function load(db: Parameters<typeof run>[0], spec: Parameters<typeof run>[1]) {
  const { status, error } = await run(db, spec);
  expect([status, error]).toEqual(["succeeded", null]);
}

async function indexesOf(
  db: Queryable,
  table: string,
): Promise<readonly { name: string; parent: string | null; kind: string | null }[]> {
  return await db.query(
    `select c.relname as name, k.contype as kind, (
  select p.relname from pg_inherits h join pg_class p on p.oid = h.inhparent where h.inhrelid = c.oid
) as parent
from pg_index i join pg_class c on c.oid = i.indexrelid
left join pg_constraint k on k.conindid = c.oid and k.conrelid = i.indrelid and k.contype in ('p', 'u')
where i.indrelid = ('shop.' || $1)::regclass order by c.relname collate "C"`,
    [table],
  );
}

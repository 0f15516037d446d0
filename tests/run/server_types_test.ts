import { expect } from "packages/expect.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import { randomFrom } from "../source/support.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { createTypes, csv, readByCopy, SERVER_TYPES } from "./server_types.ts";
import { testSeed } from "../support/seed.ts";

// Columns that Postgres reads are what COPY makes of the same text, or rejects.

const ROWS = 300;

Deno.test("every kind of column is what COPY reads, and else a reject with its place", async (t) => {
  await using test = await testDatabase();
  const { db } = test;
  await createTypes(db);
  const seed = testSeed();
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
  for (const [at, { type, printed = type, good, bad }] of SERVER_TYPES.entries()) {
    await t.step(type, async () => {
      const copied = await readByCopy(db, type, [...good, ...bad]);
      // What the cases claim is what COPY does.
      expect(good.filter((text) => !("value" in copied.get(text)!))).toEqual([]);
      expect(bad.filter((text) => "value" in copied.get(text)!)).toEqual([]);
      const texts = Array.from(
        { length: ROWS },
        (_, row) =>
          row < good.length ? good[row] : bad.length > 0 && random() < 0.2 ? pick(bad) : pick(good),
      );
      using files = workspace({
        "things.csv": `id,v\n${texts.map((text, row) => `${row},${csv(text)}`).join("\n")}\n`,
      });
      const spec = specOf(
        `
pipeline: things
source: { url: things.csv }
target: { table: shop.things${at} }
refresh: { mode: ${pick(["full", "append"])} }
columns:
  id: integer
  v: ${JSON.stringify(type)}
rejects: { limit: 90% }
verify: full
`,
        files.folder,
      );
      const result = await run(db, spec);
      expect([result.status, result.error]).toEqual(["succeeded", null]);
      const [{ is }] = await db.query<{ is: string }>(
        `select format_type(atttypid, atttypmod) as is from pg_attribute
where attrelid = 'shop.things${at}'::regclass and attname = 'v'`,
      );
      expect(is).toBe(printed);
      const loaded = await db.query<{ id: number; v: string }>(
        `select id, v::text as v from shop.things${at} order by id`,
      );
      const wanted = texts.flatMap((text, id) => {
        const read = copied.get(text)!;
        return "value" in read ? [{ id, v: read.value }] : [];
      });
      expect(loaded).toEqual(wanted);
      const { rows } = await readRejects(db, spec, { limit: ROWS });
      expect(rows.map(({ line, column, code, message, raw }) => [line, column, code, message, raw]))
        .toEqual(texts.flatMap((text, id) => {
          const read = copied.get(text)!;
          return "value" in read
            ? []
            : [[id + 2, "v", `sqlstate:${read.code}`, read.message, `${id},${csv(text)}`]];
        }));
      const left = await db.query(
        `select relname from pg_class where relname like 'things${at}\\_\\_%\\_x'`,
      );
      expect(left).toEqual([]);
    });
  }
});

import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { Database } from "../../src/db/database.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import { randomFrom } from "../source/support.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { createTypes, SERVER_TYPES } from "./server_types.ts";
import { testSeed } from "../support/seed.ts";

// Columns that Postgres reads are what COPY makes of the same text, or rejects.

const ROWS = 300;

/** What COPY itself makes of each text in a column of that type: its text, or why it refuses it. */
async function readByCopy(
  db: Database,
  type: string,
  texts: readonly string[],
): Promise<ReadonlyMap<string, { value: string } | { message: string; code: string }>> {
  await db.query(`create table public.copied (n integer, v ${type})`);
  const read = new Map<string, { value: string } | { message: string; code: string }>();
  for (const [n, text] of texts.entries()) {
    const copy = await db.copyIn("copy public.copied from stdin (format csv)");
    try {
      await copy.write(new TextEncoder().encode(`${n},${csv(text)}\n`));
      await copy.finish();
      const [{ value }] = await db.query<{ value: string }>(
        "select v::text as value from public.copied where n = $1",
        [n],
      );
      read.set(text, { value });
    } catch (error) {
      await copy.abort("");
      if (!(error instanceof SluiceError)) throw error;
      read.set(text, { message: error.message, code: error.postgres?.code ?? "" });
    }
  }
  await db.query("drop table public.copied");
  return read;
}

/** In quotes, so that an empty text is one. */
function csv(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

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

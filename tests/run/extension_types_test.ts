import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import { rollbackPipeline, runPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import {
  createExtension,
  type ExtensionCase,
  EXTENSIONS,
  type ExtensionTypeCase,
  hasExtension,
} from "./extension_types.ts";
import { csv, readByCopy } from "./server_types.ts";

// Columns of the types that extensions bring, where the server has them; elsewhere it is said which
// are missing. `SLUICE_TEST_DATABASE_URL` names a server with more of them than the embedded one.

/** The second is not on the search path, and has to be quoted. */
const SCHEMAS = ["public", '"Geo 1"'];

/** `type` with its schema, as a pipeline file may have it. */
function inSchema(schema: string, type: string): string {
  return `${schema}.${type}`;
}

async function rig(extension: ExtensionCase, schema: string) {
  const test = await testDatabase();
  if (!await hasExtension(test.db, extension)) {
    await test[Symbol.asyncDispose]();
    return null;
  }
  if (schema !== "public") await test.db.query(`create schema ${schema}`);
  await createExtension(test.db, extension, schema);
  await test.db.query("create schema shop");
  return test;
}

function yaml(mode: string, type: string, more = ""): string {
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: ${mode} }
idempotency_key: [id]
columns:
  id: { type: integer, required: true }
  v: ${JSON.stringify(type)}
rejects: { limit: 99% }
${more}
`;
}

const file = (rows: readonly (readonly [number, string | null])[]) =>
  `id,v\n${rows.map(([id, text]) => `${id},${text === null ? "" : csv(text)}\n`).join("")}`;

const valuesOf = (db: Database, where = "") =>
  db.query<{ id: number; v: string | null }>(
    `select id, v::text as v from shop.things${where} order by id`,
  );

async function indexesOf(db: Database): Promise<string[]> {
  const found = await db.query<{ method: string }>(
    `select distinct m.amname::text as method from pg_index i join pg_class c on c.oid = i.indexrelid
join pg_am m on m.oid = c.relam join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = t.relnamespace
where n.nspname = 'shop' and t.relname like 'things%' and i.indisvalid order by 1`,
  );
  return found.map(({ method }) => method);
}

for (const each of EXTENSIONS) {
  for (const schema of SCHEMAS) {
    Deno.test(`${each.extension} in ${schema}: its values are what COPY reads, and else rejects`, async (t) => {
      await using test = await rig(each, schema);
      if (test === null) return;
      const { db } = test;
      for (const { type, good, bad } of each.types) {
        await t.step(type, async () => {
          const full = inSchema(schema, type);
          const copied = await readByCopy(db, full, [...good, ...bad]);
          expect(good.filter((text) => !("value" in copied.get(text)!))).toEqual([]);
          expect(bad.filter((text) => "value" in copied.get(text)!)).toEqual([]);
          // A type of one name alone needs no schema.
          for (const written of [full, type]) {
            if (written === type && schema === "public") continue;
            if (written === type && type.endsWith("]")) continue;
            const texts = [...good, ...bad, null, good[0]];
            using files = workspace({ "things.csv": file(texts.map((text, id) => [id, text])) });
            const spec = specOf(yaml("full", written, "verify: full"), files.folder);
            const result = await run(db, spec);
            expect([result.status, result.error]).toEqual(["succeeded", null]);
            expect(await valuesOf(db)).toEqual(
              texts.flatMap<{ id: number; v: string | null }>((text, id) => {
                if (text === null) return [{ id, v: null }];
                const read = copied.get(text)!;
                return "value" in read ? [{ id, v: read.value }] : [];
              }),
            );
            const { rows } = await readRejects(db, spec, { limit: 100 });
            expect(rows.map(({ line, column, code, message }) => [line, column, code, message]))
              .toEqual(texts.flatMap((text, id) => {
                const read = text === null ? null : copied.get(text)!;
                return read === null || "value" in read
                  ? []
                  : [[id + 2, "v", `sqlstate:${read.code}`, read.message]];
              }));
            await db.query("drop table shop.things cascade; drop schema sluice cascade");
          }
        });
      }
    });
  }

  for (const mode of ["full", "append", "upsert", "history"]) {
    Deno.test(`${each.extension}, ${mode}: into a table that stands, whose indexes stay`, async (t) => {
      const schema = SCHEMAS[1];
      await using test = await rig(each, schema);
      if (test === null) return;
      for (const type of each.types) {
        await t.step(type.type, () => intoTable(test.db, schema, type, mode));
      }
    });
  }

  Deno.test(`${each.extension}: a column that is added, and one that evolves`, async (t) => {
    await using test = await rig(each, SCHEMAS[1]);
    if (test === null) return;
    const { db } = test;
    for (const { type, good } of each.types) {
      await t.step(type, async () => {
        using files = workspace({ "things.csv": "id,w\n1,a\n" });
        const of = (columns: string) =>
          specOf(
            `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
schema_contract: { new_columns: evolve }
columns:
  id: { type: integer, required: true }
${columns}
`,
            files.folder,
          );
        expect(await run(db, of(""))).toMatchObject({ status: "succeeded", error: null });
        files.write("things.csv", `id,w,v,x\n1,a,${csv(good[0])},${csv(good[0])}\n`);
        const full = inSchema(SCHEMAS[1], type);
        const result = await run(db, of(`  v: ${JSON.stringify(full)}`));
        expect([result.status, result.error]).toEqual(["succeeded", null]);
        const [row] = await db.query<{ same: boolean }>(
          `select v::text = (${literal(good[0])}::${full})::text as same from shop.things`,
        );
        expect(row).toEqual({ same: true });
        await db.query("drop table shop.things cascade; drop schema sluice cascade");
      });
    }
  });
}

Deno.test("postgis: a list of JSON is an array of geometries", async () => {
  const postgis = EXTENSIONS.find(({ extension }) => extension === "postgis")!;
  await using test = await rig(postgis, SCHEMAS[1]);
  if (test === null) return;
  const records = [
    '{"id": 1, "v": ["POINT(1 2)", null, {"type": "Point", "coordinates": [3, 4]}]}',
    '{"id": 2, "v": ["POINT(1 2)", "nowhere"]}',
  ];
  using files = workspace({ "things.ndjson": `${records.join("\n")}\n` });
  const geometry = inSchema(SCHEMAS[1], "geometry");
  const text = yaml("full", `${geometry}[]`)
    .replace("{ url: things.csv }", "{ url: things.ndjson, format: ndjson }");
  expect(await run(test.db, specOf(text, files.folder)))
    .toMatchObject({ status: "succeeded", rows_loaded: 1, rows_rejected: 1 });
  const [{ same }] = await test.db.query<{ same: boolean }>(
    `select v::text = array['POINT(1 2)'::${geometry}, null,
  '{"type": "Point", "coordinates": [3, 4]}'::${geometry}]::text as same from shop.things`,
  );
  expect(same).toBe(true);
});

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Loads twice into a table of others, with its index, and goes back. */
async function intoTable(
  db: Database,
  schema: string,
  { type, good, bad, index }: ExtensionTypeCase,
  mode: string,
): Promise<void> {
  const full = inSchema(schema, type);
  const history = mode === "history"
    ? ", _valid_from timestamptz not null, _valid_to timestamptz, _current boolean not null"
    : "";
  await db.query(`create table shop.things (id integer not null, v ${full}${history})`);
  await db.query(
    `create unique index on shop.things (id${history === "" ? "" : ", _valid_from"})`,
  );
  if (index !== undefined) {
    await db.query(`create index on shop.things using ${index.replaceAll("@schema@", schema)}`);
  }
  const indexes = await indexesOf(db);
  const current = mode === "history" ? " where _current" : "";
  using files = workspace({
    "things.csv": file([
      [1, good[0]],
      [2, null],
      [3, good.at(-1)!],
      ...bad.map((text, n): [number, string] => [10 + n, text]),
    ]),
  });
  const spec = specOf(yaml(mode, full, "verify: full"), files.folder);
  const first = await run(db, spec);
  expect([first.status, first.error]).toEqual(["succeeded", null]);
  expect(first).toMatchObject({ rows_loaded: 3, rows_rejected: bad.length });
  const { rows } = await readRejects(db, spec, { limit: 100 });
  expect(rows.map(({ line, column }) => [line, column])).toEqual(bad.map((_, n) => [n + 5, "v"]));
  expect(await indexesOf(db)).toEqual(indexes);
  const before = await valuesOf(db, current);
  expect(before.length).toBe(3);
  files.write("things.csv", file([[1, good[0]], [2, good[0]], [4, good.at(-1)!]]));
  const { context } = testContext(db);
  const second = await runPipeline(spec, ALL, context);
  expect([second.status, second.error]).toEqual(["succeeded", null]);
  if (mode === "upsert" || mode === "history") {
    // Equal values are known to be equal.
    expect(second.partitions[0].changes).toMatchObject({ unchanged: 1 });
  }
  expect(await indexesOf(db)).toEqual(indexes);
  await rollbackPipeline(spec, {}, context);
  expect(await valuesOf(db, current)).toEqual(before);
  await db.query("drop table shop.things cascade; drop schema sluice cascade");
}

import { expect } from "packages/expect.ts";
import { readRejects } from "../../src/ledger/mod.ts";
import { replayRejects, rollbackPipeline, runPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { createTypes, SERVER_TYPES } from "./server_types.ts";

// Columns that Postgres reads, in every mode and into tables that stand.

const MODES = ["full", "append", "upsert", "history"];

/** A column for each kind, `c0` … */
const KINDS = SERVER_TYPES.filter(({ type }) => type !== "name");

function csv(text: string | null): string {
  return text === null ? "" : `"${text.replaceAll('"', '""')}"`;
}

function yaml(mode: string, columns: string, more = ""): string {
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: ${mode} }
idempotency_key: [id]
columns:
  id: { type: integer, required: true }
${columns}
rejects: { limit: 99% }
${more}
`;
}

/** Those domains that refuse NULL. */
const NOT_NULL = ["shop.code", "shop.even"];

/** Of each kind the good value with that number, or NULL; of the one that is `bad` its first bad one. */
function record(id: number, which: number | null, bad: number | null = null): string {
  const values = KINDS.map(({ type, good, ...kind }, at) => {
    if (at === bad) return csv(kind.bad[0]);
    if (which === null && !NOT_NULL.includes(type)) return csv(null);
    return csv(good[which ?? 0] ?? good[0]);
  });
  return [id, ...values].join(",");
}

const DECLARED = KINDS.map(({ type }, at) => `  c${at}: ${JSON.stringify(type)}`).join("\n");
const TEXTS = KINDS.map((_kind, at) => `  c${at}: text`).join("\n");
const HEADER = ["id", ...KINDS.map((_kind, at) => `c${at}`)].join(",");

for (const mode of MODES) {
  for (const [who, columns] of [["Sluice's", DECLARED], ["another's, as text", TEXTS]]) {
    Deno.test(`${mode}: a table of ${who} has columns of every kind`, async () => {
      await using test = await testDatabase();
      const { db } = test;
      await createTypes(db);
      const isOurs = columns === DECLARED;
      // It is loaded as text, and what Postgres refuses then it tells without the column.
      const isTextDomain = (at: number) => !isOurs && KINDS[at].type === "shop.email";
      if (!isOurs) {
        const history = mode === "history"
          ? ", _valid_from timestamptz not null, _valid_to timestamptz, _current boolean not null"
          : "";
        await db.query(
          `create table shop.things (id integer not null, ${
            KINDS.map(({ type }, at) => `c${at} ${type}`).join(", ")
          }${history});
create unique index on shop.things (id${history === "" ? "" : ", _valid_from"})`,
        );
      }
      const bad = KINDS.flatMap((kind, at) => kind.bad.length === 0 ? [] : [at]);
      using files = workspace({
        "things.csv": [
          HEADER,
          record(1, 0),
          record(2, null),
          ...bad.map((at, n) => record(10 + n, 0, at)),
          record(3, 1),
        ].join("\n") + "\n",
      });
      const spec = specOf(yaml(mode, columns, "verify: full"), files.folder);
      const first = await run(db, spec);
      expect([first.status, first.error]).toEqual(["succeeded", null]);
      expect(first).toMatchObject({ rows_loaded: 3, rows_rejected: bad.length });
      const { rows } = await readRejects(db, spec, { limit: 1000 });
      expect(rows.map(({ line, column }) => [line, column]))
        .toEqual(bad.map((at, n) => [n + 4, isTextDomain(at) ? null : `c${at}`]));
      const read = () =>
        db.query(
          `select t::text as row from (select id, ${
            KINDS.map((_kind, at) => `c${at}`).join(", ")
          } from shop.things${mode === "history" ? " where _current" : ""}) t order by 1`,
        );
      const before = await read();
      const { context } = testContext(db);
      files.write(
        "things.csv",
        [HEADER, record(1, 0), record(2, 1), record(4, 0)].join("\n") + "\n",
      );
      const second = await runPipeline(spec, ALL, context);
      expect([second.status, second.error]).toEqual(["succeeded", null]);
      if (mode === "upsert" || mode === "history") {
        // Equal values of every kind are known to be equal.
        expect(second.partitions[0].changes).toMatchObject({
          unchanged: 1,
          inserted: 1 + Number(mode === "history"),
        });
      }
      await rollbackPipeline(spec, {}, context);
      expect(await read()).toEqual(before);
    });
  }

  Deno.test(`${mode}: a replay reads the texts by the types as they are now`, async () => {
    await using test = await testDatabase();
    const { db } = test;
    await createTypes(db);
    using files = workspace({ "things.csv": "id,m,t\n1,sad,{a}\n2,glad,{b}\n3,ok,b}\n" });
    const spec = specOf(yaml(mode, "  m: shop.mood\n  t: text[]"), files.folder);
    expect(await run(db, spec)).toMatchObject({ rows_loaded: 1, rows_rejected: 2 });
    await db.query("alter type shop.mood add value 'glad'");
    const { context } = testContext(db);
    expect(await replayRejects(spec, undefined, context))
      .toMatchObject({ status: "succeeded", rows_loaded: 1, rows_rejected: 1 });
    expect(await db.query("select id, m::text, t::text from shop.things order by id")).toEqual([
      { id: 1, m: "sad", t: "{a}" },
      { id: 2, m: "glad", t: "{b}" },
    ]);
  });
}

for (const mode of ["append", "upsert", "history"]) {
  Deno.test(`${mode}: keys are equal where their type says so`, async () => {
    await using test = await testDatabase();
    const { db } = test;
    await createTypes(db);
    using files = workspace({ "things.csv": 'id,h,m,n\nAbc,"a=>1,b=>2",sad,1\nx,,ok,2\n' });
    const text = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: ${mode} }
idempotency_key: [id, h, m]
columns:
  id: { type: shop.citext, required: true }
  h: { type: shop.hstore, required: true, empty_as_null: false, null_values: [] }
  m: { type: shop.mood, required: true }
  n: integer
verify: full
`;
    const spec = specOf(text, files.folder);
    expect(await run(db, spec)).toMatchObject({ status: "succeeded", rows_loaded: 2 });
    files.write("things.csv", 'id,h,m,n\naBC,"b=>2, a=>1",sad,7\nX,,sad,8\n');
    const { context } = testContext(db);
    const result = await runPipeline(spec, ALL, context);
    expect([result.status, result.error]).toEqual(["succeeded", null]);
    const current = mode === "history" ? " where _current" : "";
    expect(await db.query(`select n from shop.things${current} order by n`))
      .toEqual((mode === "append" ? [1, 2, 8] : [2, 7, 8]).map((n) => ({ n })));
    await rollbackPipeline(spec, {}, context);
    expect(await db.query(`select n from shop.things${current} order by n`))
      .toEqual([{ n: 1 }, { n: 2 }]);
  });
}

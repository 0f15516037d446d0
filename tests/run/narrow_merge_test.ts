import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { quoteLiteral } from "../../src/core/quote.ts";
import type { Database } from "../../src/db/database.ts";
import { between, pick, randomFrom } from "../rows/random.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { it, ledgerDatabase } from "../support/every_db.ts";
import { rounds } from "../support/rounds.ts";

// A merge writes the rows that differ to the byte and no others, and keeps no others for rollback:
// held against what plain statements do, with values that are equal and not the same.

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Math.floor(Math.random() * 2 ** 31));

/** Types, and texts of which each type takes some for equal. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  "integer": ["0", "1"],
  "boolean": ["true", "false"],
  "double precision": ["0", "-0", "1.5", "1e300"],
  "real": ["0", "-0", "1.5"],
  "numeric": ["1", "1.0", "1.00", "0", "0.0"],
  "numeric(10,2)": ["1", "1.00", "0.5"],
  "text": ["a", "A", "ü", "u"],
  "varchar(5)": ["a", "A", "a a"],
  "char(3)": ["a", "ab"],
  "json": ["{}", "{ }"],
  "jsonb": ['{"a":1.0}', '{"a":1.00}'],
  "interval": ["1 day", "24:00:00"],
  "timestamptz": ["2021-01-01T00:00:00Z", "2021-01-01T01:00:00+01:00", "2021-01-01T00:00:01Z"],
  "date": ["2021-01-01", "2021-01-02"],
  "uuid": ["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"],
  "bytea": ["\\x00", "\\x0000"],
};
const TYPES = Object.keys(VALUES);
const NAMES = TYPES.map((_type, at) => `c${at}`);

type Row = readonly [id: number, ...values: (string | null)[]];

function randomRow(random: () => number, id: number): Row {
  return [
    id,
    ...TYPES.map((type) => between(random, 0, 7) === 0 ? null : pick(random, VALUES[type])),
  ];
}

/** Another value in one place, or the same row. */
function perhapsChanged(random: () => number, row: Row): Row {
  const at = between(random, 0, TYPES.length - 1);
  return row.with(at + 1, pick(random, [null, ...VALUES[TYPES[at]]])) as unknown as Row;
}

function csv(rows: readonly Row[]): string {
  const field = (value: string | number | null) =>
    value === null ? "" : `"${String(value).replaceAll('"', '""')}"`;
  return ["id", ...NAMES].join(",") + "\n" +
    rows.map((row) => row.map(field).join(",") + "\n").join("");
}

function yaml(mode: string): string {
  const columns = TYPES.map((type, at) => `c${at}: { type: "${type}" }`).join(", ");
  return `
pipeline: things
source: { url: things.csv }
target: { table: shop.things, versions: 2 }
refresh: { mode: ${mode} }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, ${columns} }
`;
}

/** Two tables alike: ours, and the one that plain statements fill; a collation takes a for A. */
async function makeTables(db: Database): Promise<void> {
  const columns = TYPES.map((type, at) =>
    `c${at} ${type}${/^text|^varchar/.test(type) ? " collate shop.loose" : ""}`
  );
  await db.query(`create schema shop`);
  await db.query(`create collation shop.loose
    (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`);
  await db.query(`create table shop.things (id integer primary key, ${columns.join(", ")})`);
  await db.query(`create table shop.plain (like shop.things including all)`);
  await db.query(`create table shop.incoming (like shop.things)`);
}

const SETTING = ["id", ...NAMES].map((name) => `${name} = excluded.${name}`).join(", ");
const PLAIN: Readonly<Record<string, readonly string[]>> = {
  upsert: [`insert into shop.plain select * from shop.incoming
    on conflict (id) do update set ${SETTING}`],
  append: ["insert into shop.plain select * from shop.incoming on conflict (id) do nothing"],
  full: ["delete from shop.plain", "insert into shop.plain select * from shop.incoming"],
};

async function idsAndImages(db: Database, table: string): Promise<string> {
  const [{ rows }] = await db.query<{ rows: string }>(
    `select coalesce(string_agg(t::text, E'\\n' order by t.id), '') as rows from ${table} t`,
  );
  return rows;
}

for (const mode of Object.keys(PLAIN)) {
  it(`${mode}: random loads do what plain statements do, and write what differs to the byte`, async () => {
    console.log(`    SLUICE_SEED=${SEED}`);
    const random = randomFrom(SEED);
    for (let left = rounds(1); left > 0; left--) {
      await using test = await ledgerDatabase();
      using files = workspace({ "things.csv": "" });
      const { db } = test;
      await makeTables(db);
      await db.query("alter table shop.things replica identity full");
      await db.query("alter table shop.plain replica identity full");
      await db.query("alter table shop.incoming replica identity full");
      const spec = specOf(yaml(mode), files.folder);
      let known = new Map<number, Row>();
      for (let version = 1; version <= 6; version++) {
        const often = pick(random, [0, 0.02, 0.5, 1]);
        const rows = Array.from({ length: between(random, 1, 300) }, (_, at) => {
          const row = known.get(at);
          if (row === undefined) return randomRow(random, at);
          return random() < often ? perhapsChanged(random, row) : row;
        }).filter(() => random() < 0.95);
        if (rows.length === 0) continue;
        files.write("things.csv", csv(rows));
        await db.query("delete from shop.incoming");
        await db.query(
          `insert into shop.incoming values ${
            rows.map((row) =>
              `(${
                row.map((value) => value === null ? "null" : quoteLiteral(String(value))).join(", ")
              })`
            ).join(", ")
          }`,
        );
        const same = mode === "append" ? "true" : "i *= p";
        const [{ unchanged }] = await db.query<{ unchanged: number }>(
          `select count(*)::integer as unchanged from shop.incoming i
           join shop.plain p on p.id = i.id where ${same}`,
        );
        const [{ written }] = await db.query<{ written: string }>(
          `select coalesce(string_agg(i.id::text, ' ' order by i.id), '') as written
           from shop.incoming i
           where not exists (select from shop.plain p where p.id = i.id and ${same})`,
        );
        for (const statement of PLAIN[mode]) await db.query(statement);
        const result = await run(db, spec, { force: true });
        expect(result).toMatchObject({ status: "succeeded" });
        expect(await idsAndImages(db, "shop.things")).toBe(await idsAndImages(db, "shop.plain"));
        expect(result.partitions[0].changes?.unchanged).toBe(unchanged);
        const [{ kept }] = await db.query<{ kept: string }>(
          `select coalesce(string_agg(id::text, ' ' order by id), '') as kept
           from shop.things__all__v${result.partitions[0].version}`,
        );
        expect(kept).toBe(written);
        known = mode === "full" ? new Map() : known;
        for (const row of rows) if (mode !== "append" || !known.has(row[0])) known.set(row[0], row);
      }
    }
  });
}

const MANY = `
pipeline: things
source: { url: SOURCE }
target: { table: shop.things, versions: 2 }
refresh: { mode: MODE }
idempotency_key: [id]
on_duplicate: fail
columns: { id: { type: integer, required: true }, name: text }
HOOKS`;

function many(changed: readonly number[]): string {
  return "id,name\n" + Array.from(
    { length: 5_000 },
    (_, at) => `${at},${changed.includes(at) ? "changed" : "as it was"}\n`,
  ).join("");
}

function manySpec(mode: string, folder: string, source = "things.csv", hooks = "") {
  return specOf(
    MANY.replace("MODE", mode).replace("SOURCE", source).replace("HOOKS", hooks),
    folder,
  );
}

for (const mode of ["upsert", "history", "append"]) {
  it(`${mode}: rows that are there already are neither rewritten nor deleted one by one`, async () => {
    await using test = await ledgerDatabase();
    const { db } = test;
    using files = workspace({ "things.csv": many([]) });
    const spec = manySpec(mode, files.folder);
    expect(await run(db, spec)).toMatchObject({ status: "succeeded" });
    await db.query("create table public.before as select id, xmin::text as x from shop.things");
    files.write("things.csv", many([7, 4_000]) + "5000,new\n");
    const result = await run(db, spec);
    const updated = mode === "append" ? 0 : 2;
    expect(result).toMatchObject({
      status: "succeeded",
      partitions: [{
        changes: { unchanged: 5_000 - updated, inserted: mode === "history" ? 3 : 1 },
      }],
    });
    // Deleted rows would still take their place in the file of the table.
    const [{ pages, kept }] = await db.query<{ pages: number; kept: number }>(
      `select (pg_relation_size('shop.things__all__v2') / 8192)::integer as pages,
         (select count(*)::integer from shop.things__all__v2) as kept`,
    );
    expect([pages, kept]).toEqual([1, 1 + updated]);
    const [{ rewritten }] = await db.query<{ rewritten: number }>(
      `select count(*)::integer as rewritten from public.before b
       where not exists (select from shop.things t where t.id = b.id and t.xmin::text = b.x)`,
    );
    expect(rewritten).toBe(updated);
    const tables = await db.query<{ relname: string }>(
      "select relname from pg_class where relname like 'things\\_\\_all\\_\\_v2\\_%' and relkind = 'r'",
    );
    expect(tables.map(({ relname }) => relname).filter((name) => !name.endsWith("_b"))).toEqual([]);
  });
}

Deno.test("somebody who reads staging, such as a dump, holds no merge up", async () => {
  await using test = await ledgerDatabase();
  const { db } = test;
  using files = workspace({ "things.csv": many([]) });
  expect(await run(db, manySpec("upsert", files.folder))).toMatchObject({ status: "succeeded" });
  await using dump = await connect({ url: test.url, maxConnections: 1 });
  await using reader = await dump.session();
  let reads = 0;
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      if (request.method === "HEAD") return new Response(null);
      reads++;
      await reader.query("begin");
      await reader.query("lock table shop.things__all__v2 in access share mode");
      return new Response(many([7]));
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}/things.csv`;
  expect(await run(db, manySpec("upsert", files.folder, url))).toMatchObject({
    status: "succeeded",
    partitions: [{ changes: { unchanged: 4_999, updated: 1, inserted: 0 } }],
  });
  expect(await db.query("select id, name from shop.things__all__v2"))
    .toEqual([{ id: 7, name: "changed" }]);
  expect(reads).toBe(1);
  await reader.query("rollback");
});

Deno.test("hooks after a merge find the settings that the session has", async () => {
  await using test = await ledgerDatabase();
  const { db } = test;
  using files = workspace({ "things.csv": many([]) });
  const hook = `hooks:
  after_publish: |
    insert into public.seen select name, setting from pg_settings where name in
      ('enable_hashjoin', 'parallel_tuple_cost', 'random_page_cost', 'default_statistics_target')`;
  await db.query("create table public.seen (name text, setting text)");
  const spec = manySpec("upsert", files.folder, "things.csv", hook);
  expect(await run(db, spec)).toMatchObject({ status: "succeeded" });
  files.write("things.csv", many([7]));
  await db.query("analyze shop.things");
  expect(await run(db, spec)).toMatchObject({ status: "succeeded" });
  const other = await db.query(
    `select s.name from public.seen s join pg_settings p on p.name = s.name
     where s.setting is distinct from p.setting`,
  );
  expect(other).toEqual([]);
  expect(await db.query("select count(*)::integer as n from public.seen")).toEqual([{ n: 8 }]);
});

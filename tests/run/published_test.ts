import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { rollbackPipeline } from "../../src/run/mod.ts";
import { resolveTarget } from "../../src/db/connection/resolve_target.ts";
import { openQueue } from "../../src/distribute/queue.ts";
import type { RefreshMode } from "../../src/spec/pipeline_spec.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, serverVersion, testDatabase } from "../support/postgres.ts";

// Postgres refuses to update and to delete in a table whose changes are published and whose rows
// nothing tells apart. The tests of modes, duplicates, rules and rejects run in a database that
// publishes all tables as well, see `it`; here is what those do not show.

const THINGS = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: MODE }
idempotency_key: [id]
on_duplicate: keep_last
columns: { id: integer, name: text }
rules: { known: name <> 'unknown' }
rejects: { limit: 5 }
`;
const FIRST = "id,name\n1,a\n1,b\n2,c\n9,unknown\n";
const SECOND = "id,name\n1,x\n3,d\n3,e\n9,unknown\n";

async function names(db: Database): Promise<string> {
  const [{ text }] = await db.query<{ text: string }>(
    `select string_agg(id || ':' || name, ' ' order by id, name) as text from shop.things t
where coalesce(to_jsonb(t) ->> '_current', 'true') = 'true'`,
  );
  return text;
}

async function identity(db: Database, table = "shop.things"): Promise<string> {
  const [{ identity }] = await db.query<{ identity: string }>(
    `select relreplident::text as identity from pg_class where oid = $1::text::regclass`,
    [table],
  );
  return identity;
}

const AFTER: Readonly<Partial<Record<RefreshMode, string>>> = {
  full: "1:x 3:e",
  append: "1:b 2:c 3:e",
  upsert: "1:x 2:c 3:e",
  history: "1:x 2:c 3:e",
};

const PUBLICATIONS = {
  "all tables": "create publication p for all tables",
  "the tables of its schema": "create publication p for tables in schema shop",
  "the target alone": "create publication p for table shop.things",
};

for (const [mode, after] of Object.entries(AFTER)) {
  for (const [what, publication] of Object.entries(PUBLICATIONS)) {
    Deno.test(`${mode}: a publication of ${what} that somebody makes between two runs changes nothing`, async () => {
      await using test = await ledgerDatabase();
      const version = await serverVersion(test.db);
      if (version < 150000 && publication.includes("in schema")) return;
      using files = workspace({ "things.csv": FIRST });
      const spec = specOf(THINGS.replace("MODE", mode), files.folder);
      expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_rejected: 1 });
      const before = await names(test.db);
      expect(before).toBe("1:b 2:c");
      await test.db.query(publication);
      files.write("things.csv", SECOND);
      const { partitions: [second] } = await run(test.db, spec);
      expect([second.status, second.error]).toEqual(["published", null]);
      expect(await names(test.db)).toBe(after);
      await rollbackPipeline(spec, {}, testContext(test.db).context);
      expect(await names(test.db)).toBe(before);
      await rollbackPipeline(spec, { to: 2 }, testContext(test.db).context);
      expect(await names(test.db)).toBe(after);
    });
  }
}

Deno.test("upsert: a merge can be taken back although it was published only since", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": FIRST });
  const spec = specOf(THINGS.replace("MODE", "upsert"), files.folder);
  await run(test.db, spec);
  files.write("things.csv", SECOND);
  await run(test.db, spec);
  expect(await identity(test.db)).toBe("d");
  await test.db.query("create publication p for all tables");
  await rollbackPipeline(spec, {}, testContext(test.db).context);
  expect(await names(test.db)).toBe("1:b 2:c");
  expect(await identity(test.db)).toBe("f");
});

Deno.test("a replica identity that somebody chose stays, on the target and on a version", async () => {
  await using test = await ledgerDatabase();
  await test.db.query("create publication p for all tables");
  using files = workspace({ "things.csv": FIRST });
  const yaml = THINGS.replace("id: integer", "id: { type: integer, required: true }");
  const upsert = specOf(yaml.replace("MODE", "upsert"), files.folder);
  await run(test.db, upsert);
  await test.db.query("alter table shop.things replica identity using index things_key");
  files.write("things.csv", SECOND);
  expect(await run(test.db, upsert)).toMatchObject({ status: "succeeded" });
  expect(await identity(test.db)).toBe("i");

  const others = yaml.replaceAll("things", "others").replace("others.csv", "things.csv");
  const full = specOf(others.replace("MODE", "full"), files.folder);
  await run(test.db, full);
  for (const choice of ["default", "nothing", "full"]) {
    const [{ leaf }] = await test.db.query<{ leaf: string }>(
      "select inhrelid::regclass::text as leaf from pg_inherits where inhparent = 'shop.others'::regclass",
    );
    await test.db.query(`alter table ${leaf} replica identity ${choice}`);
    expect(await run(test.db, full, { force: true })).toMatchObject({ status: "succeeded" });
    const [{ next }] = await test.db.query<{ next: string }>(
      "select inhrelid::regclass::text as next from pg_inherits where inhparent = 'shop.others'::regclass",
    );
    expect(next).not.toBe(leaf);
    expect(await identity(test.db, next)).toBe(choice[0]);
  }
});

Deno.test("full: duplicates and rules work beside a computed column, which is no identity on 18", async () => {
  await using test = await ledgerDatabase();
  await test.db.query("create publication p for all tables");
  using files = workspace({ "things.csv": FIRST });
  const spec = specOf(THINGS.replace("MODE", "full"), files.folder);
  await run(test.db, spec);
  await test.db.query(
    "alter table shop.things add column twice int generated always as (id * 2) stored",
  );
  files.write("things.csv", SECOND);
  const { partitions: [second] } = await run(test.db, spec);
  expect([second.status, second.error]).toEqual(["published", null]);
  expect(await names(test.db)).toBe("1:x 3:e");
  const left = await test.db.query(
    `select indexrelid::regclass::text as index from pg_index
where indrelid = 'shop.things__all__v2'::regclass and indexrelid::regclass::text like '%\\_o'`,
  );
  expect(left).toEqual([]);
});

Deno.test("a table of others without an identity is refused before anything is loaded", async () => {
  await using test = await ledgerDatabase();
  await test.db.query(`create schema shop;
create table shop.things (id int, name text);
create unique index on shop.things (id);
insert into shop.things values (7, 'theirs')`);
  using files = workspace({ "things.csv": FIRST });
  const of = (mode: string) => specOf(THINGS.replace("MODE", mode), files.folder);
  await test.db.query("create publication p for table shop.things with (publish = 'insert')");
  expect(await run(test.db, of("upsert"))).toMatchObject({ status: "succeeded" });
  await test.db.query("alter publication p set (publish = 'insert, delete')");
  files.write("things.csv", SECOND);
  for (const mode of ["full", "upsert"]) {
    await expect(run(test.db, of(mode))).rejects.toMatchObject({
      code: "plan/no_replica_identity",
      message: expect.stringContaining('"shop.things" has no replica identity'),
      hint: expect.stringContaining("alter table shop.things replica identity full"),
    });
  }
  expect(await names(test.db)).toBe("1:b 2:c 7:theirs");
  expect(await identity(test.db)).toBe("d");
  expect(await run(test.db, of("append"))).toMatchObject({ status: "succeeded" });
  await test.db.query("alter table shop.things replica identity full");
  expect(await run(test.db, of("upsert"), { force: true })).toMatchObject({ status: "succeeded" });
  expect(await names(test.db)).toBe("1:x 2:c 3:e 7:theirs");
});

Deno.test("every table of the ledger and of the queue can be deleted from where all are published", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.csv": FIRST });
  await run(test.db, specOf(THINGS.replace("MODE", "full"), files.folder));
  await using _queue = await openQueue(await resolveTarget(test.url), "test", 1);
  const tables = await test.db.query<{ name: string; keyed: boolean }>(
    `select c.oid::regclass::text as name,
  exists (select from pg_index where indrelid = c.oid and indisprimary) as keyed
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('sluice', 'sluice_jobs') and c.relkind = 'r'`,
  );
  expect(tables.length).toBeGreaterThan(10);
  expect(tables.filter(({ keyed }) => !keyed)).toEqual([]);
});

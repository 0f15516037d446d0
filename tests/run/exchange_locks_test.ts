import { expect } from "packages/expect.ts";
import { quoteTable } from "../../src/core/quote.ts";
import type { Queryable } from "../../src/db/database.ts";
import type { Facts } from "../../src/plan/load_plan.ts";
import { executeStatements } from "../../src/publish/execute.ts";
import { planPipeline } from "../../src/run/mod.ts";
import { LEAF, loaded, THREE } from "../support/loaded.ts";
import { ALL, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

Deno.test("what ATTACH would build is there before it: no index gets a name from Postgres", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const { again } = await loaded(
    test.db,
    files.folder,
    files.write,
    `create index on shop.things (name); create index on shop.things (name);
     create index "a WHERE b" on shop.things ((name || ' WITH (x) WHERE y')) with (fillfactor = 60)
       where name <> ' WHERE z WITH (q)';
     create index on only shop.things (zone desc)`,
  );
  expect(await again(`${THREE}4,four,4\n`)).toMatchObject({ status: "succeeded" });
  const names = await test.db.query<{ name: string }>(
    `select i.relname as name from pg_index x join pg_class i on i.oid = x.indexrelid
join pg_inherits h on h.inhrelid = i.oid
where x.indrelid = 'shop.things__all__v2'::regclass order by 1`,
  );
  expect(names.map(({ name }) => name)).toEqual(
    [1, 2, 3, 4].map((n) => `things__all__v2_p${n}`),
  );
});

Deno.test("an exchange reads no row, and locks the target and what its foreign keys point to", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const { spec } = await loaded(
    test.db,
    files.folder,
    files.write,
    `create table shop.zones (zone int primary key); insert into shop.zones select generate_series(1, 9);
     alter table shop.things add constraint in_zone foreign key (zone) references shop.zones;
     alter table shop.things add constraint small check (zone < 50);
     alter table shop.things alter name set not null;
     alter table shop.things add unique (id, name);
     create index on shop.things (lower(name)) where zone > 0;
     create index on ${LEAF} (zone);
     alter table ${LEAF} add check (length(name) < 50);
     alter table ${LEAF} enable row level security;
     create policy p on ${LEAF} using (zone > 0);
     comment on table ${LEAF} is 'mine'; grant select on ${LEAF} to public`,
  );
  const plan = await planPipeline(spec, { ...ALL, force: true }, testContext(test.db).context);
  const [partition] = plan.partitions;
  // The plan tells of both tables.
  const planned = partition.publish.flatMap(({ lock }) => lock ?? []);
  expect(planned).toContain("ACCESS EXCLUSIVE on shop.things, shop.zones, for milliseconds");
  await executeStatements(test.db, partition.stage);
  await test.db.query(`insert into ${quoteTable(partition.staging)} (id, name, zone)
    select n, 'name ' || n, n % 9 + 1 from generate_series(1, 1000) n`);
  await executeStatements(test.db, partition.finish);
  const [{ id }] = await test.db.query<{ id: string }>("select id from sluice.runs");
  const facts: Facts = {
    run_id: id,
    loaded_at: null,
    replayed: null,
    rows: 1000,
    bytes: 0,
    sha256: null,
    etag: null,
    last_modified: null,
    files: null,
    source_url: "",
  };
  const { locks, scans } = await test.db.transaction(async (tx) => {
    const scansBefore = await scansOf(tx);
    await executeStatements(tx, partition.publish, facts);
    return {
      locks: await tx.query<{ name: string; mode: string }>(
        `select c.relname as name, replace(l.mode, 'Lock', '') as mode
from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
where l.pid = pg_backend_pid() and n.nspname = 'shop' and c.relkind in ('r', 'p')
  and l.mode in ('ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
order by c.relname, l.mode`,
      ),
      scans: [scansBefore, await scansOf(tx)],
    };
  });
  expect(scans[1]).toEqual(scans[0]);
  const strongest = Object.fromEntries(
    locks.map(({ name, mode }) => [name.replace(/__.*/, "__"), mode] as const)
      .sort(([, a], [, b]) =>
        (a === "AccessExclusive" ? 1 : 0) - (b === "AccessExclusive" ? 1 : 0)
      ),
  );
  expect(strongest).toEqual({
    things: "AccessExclusive",
    things__: "AccessExclusive",
    zones: "AccessExclusive",
  });
});

/** How often each table was read; the server counts some of it late, so only differences count. */
async function scansOf(db: Queryable): Promise<unknown[]> {
  return await db.query(`select relname, seq_scan, seq_tup_read, idx_scan
from pg_stat_xact_user_tables where schemaname = 'shop' order by 1`);
}

Deno.test("a foreign key does not hold up who writes into the table it points to", async () => {
  await using test = await ledgerDatabase();
  using files = workspace();
  const { again } = await loaded(
    test.db,
    files.folder,
    files.write,
    `create table shop.zones (zone int primary key); insert into shop.zones select generate_series(1, 9);
     alter table shop.things add constraint in_zone foreign key (zone) references shop.zones`,
  );
  await using writer = await test.db.session();
  await using other = await test.db.session();
  await writer.query("begin");
  await writer.query("insert into shop.zones values (10)");
  const loading = again(`${THREE}4,four,4\n`);
  const longest = await (async () => {
    let longest = 0;
    const end = performance.now() + 2500;
    for (let zone = 100; performance.now() < end; zone++) {
      const started = performance.now();
      await other.query("insert into shop.zones values ($1)", [zone]);
      longest = Math.max(longest, performance.now() - started);
    }
    return longest;
  })();
  await writer.query("commit");
  expect((await loading).partitions[0].error).toBe(null);
  // It waits behind the load for half a second at most, where the load waits for the first one.
  expect(longest).toBeGreaterThan(100);
  expect(longest).toBeLessThan(2000);
});

import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { planPipeline } from "../../src/run/mod.ts";
import { countingDatabase } from "../support/counting_database.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase, type TestDatabase } from "../support/postgres.ts";
import { until } from "../support/until.ts";

const DAY = 86_400_000;

function days(count: number): string[] {
  const first = Date.parse("2024-01-01");
  return Array.from(
    { length: count },
    (_, at) => new Date(first + at * DAY).toISOString().slice(0, 10),
  );
}

const MODES: Record<string, string> = {
  exchange: "",
  together: "publish: together, ",
  append: "refresh: { mode: append }",
};

function yaml(mode: string, last: string): string {
  const extra = MODES[mode];
  return `
pipeline: days
partitions: { by: day, ${extra.startsWith("publish") ? extra : ""}from: 2024-01-01, to: ${last} }
source: { url: "{day}.csv" }
target: { table: shop.days }
${extra.startsWith("refresh") ? extra : ""}
columns: { id: { type: integer, required: true }, name: text }
`;
}

/** What a plan and an unchanged run send to the database, of so many days that are loaded. */
async function sentFor(test: TestDatabase, mode: string, count: number): Promise<number[]> {
  const names = days(count);
  using files = workspace(Object.fromEntries(names.map((day) => [`${day}.csv`, "id,name\n1,a\n"])));
  const spec = specOf(yaml(mode, names.at(-1)!), files.folder);
  expect((await run(test.db, spec)).status).toBe("succeeded");
  const planning = countingDatabase(test.db);
  const plan = await planPipeline(spec, ALL, testContext(planning.db).context);
  expect(plan.partitions.map(({ action }) => action)).toEqual(names.map(() => "skip"));
  const running = countingDatabase(test.db);
  expect((await run(running.db, spec)).status).toBe("unchanged");
  return [planning.sent(), running.sent()];
}

for (const mode of Object.keys(MODES)) {
  Deno.test(`${mode}: twice as many partitions need no more statements to be left alone`, async () => {
    await using few = await ledgerDatabase();
    await using many = await ledgerDatabase();
    // More than are looked at in one statement would add one to both for each hundred.
    expect(await sentFor(many, mode, 24)).toEqual(await sentFor(few, mode, 12));
  });
}

Deno.test("a partition is emptied when it has no rows, not when this role cannot see them in it", async () => {
  await using test = await ledgerDatabase();
  const names = days(4);
  using files = workspace(Object.fromEntries(names.map((day) => [`${day}.csv`, "id,name\n1,a\n"])));
  const spec = specOf(yaml("exchange", names.at(-1)!), files.folder);
  await run(test.db, spec);
  const role = `reader_${crypto.randomUUID().slice(0, 8)}`;
  await test.db.query(
    `create role ${role} login password 'reader' nosuperuser;
grant usage on schema shop, sluice to ${role};
grant select on all tables in schema sluice to ${role};
grant select on shop.days to ${role}`,
  );
  const url = new URL(test.url);
  url.username = role;
  url.password = "reader";
  const planned = async () => {
    await using db = await connect({ url: url.href, maxConnections: 3 });
    const { partitions } = await planPipeline(spec, ALL, testContext(db).context);
    return partitions.map(({ action }) => action);
  };
  try {
    const untouched = names.map(() => "skip");
    // It may read the table, and none of its partitions by name.
    expect(await planned()).toEqual(untouched);
    // It may read them, and a policy hides the rows of one from whoever reads that by name.
    await test.db.query(
      `grant select on all tables in schema shop to ${role};
alter table shop."days__2024_01_02__v1" enable row level security`,
    );
    expect(await planned()).toEqual(untouched);
    await test.db.query("delete from shop.days where _partition = '2024-01-03'");
    // That partition is to be loaded again, which this role may not.
    await expect(planned()).rejects.toMatchObject({
      message: expect.stringContaining('(partition "2024-01-03")'),
    });
  } finally {
    await test.db.query(`drop owned by ${role} cascade; drop role ${role}`);
  }
});

/** Rows of the ledger's versions that one load of one day reads, among so many days of other loads. */
async function readBy(test: TestDatabase, others: number): Promise<number> {
  using files = workspace({
    "2024-01-01.csv": "id,name\n1,a\n",
    "2024-01-02.csv": "id,name\n1,a\n",
  });
  const spec = specOf(yaml("exchange", "2024-01-02"), files.folder);
  await run(test.db, spec, { partitions: ["2024-01-01"] });
  await test.db.query(
    `insert into sluice.loads (pipeline, target, partition, version, run_id, table_schema, table_name,
  source_url, rows, spec_hash, state)
select pipeline, target, 'day ' || n, 1, run_id, table_schema, 'gone_' || n, '', 1, '', 'dropped'
from sluice.loads, generate_series(1, $1::int) n`,
    [others],
  );
  await test.db.query("analyze sluice.loads");
  const read = async () => {
    const [{ rows }] = await test.db.query<{ rows: number }>(
      `select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as rows from pg_stat_user_tables
where relid = 'sluice.loads'::regclass`,
    );
    return rows;
  };
  await test.db.query("select pg_stat_reset()");
  {
    // What it has read is told when it ends.
    await using db = await connect({ url: test.url, maxConnections: 4 });
    await run(db, spec, { partitions: ["2024-01-02"] });
  }
  await until("it is told", async () => await read() > others / 2);
  return await read();
}

Deno.test("a load reads what the ledger has of its own partition once, and of the others when it plans", async () => {
  await using few = await ledgerDatabase();
  await using many = await ledgerDatabase();
  const [less, more] = [await readBy(few, 2000), await readBy(many, 4000)];
  // The plan looks at the newest version of each partition: some reads for each that is more, not
  // one for each statement of a load.
  expect([(more - less) / 2000 < 4, less, more]).toEqual([true, less, more]);
});

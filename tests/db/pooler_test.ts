import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { findPgbouncer, startPgbouncer } from "./pgbouncer.ts";

const program = findPgbouncer();
if (program === null) {
  console.warn("pgbouncer is not on this machine: the tests of poolers are skipped");
}
const ignore = program === null;

for (
  const settings of [
    { pool_mode: "transaction" },
    { pool_mode: "transaction", server_round_robin: 1 },
    { pool_mode: "statement" },
  ]
) {
  Deno.test({
    name: `connect refuses a pooler that lends by the transaction (${JSON.stringify(settings)})`,
    ignore,
    async fn() {
      await using test = await testDatabase();
      await using pooler = await startPgbouncer(program!, test.url, settings);
      await expect(connect({ url: pooler.url })).rejects.toMatchObject({
        code: "db/pooler",
        retry: "never",
        message: expect.stringContaining("is in transaction mode"),
        hint: expect.stringContaining("pool_mode = session"),
      });
      // Nothing of ours is left behind in the sessions that others get.
      const [{ left }] = await test.db.query<{ left: number }>(
        `select count(*)::int as left from pg_locks where locktype = 'advisory' and database =
          (select oid from pg_database where datname = current_database())`,
      );
      expect(left).toBe(0);
    },
  });
}

Deno.test({
  name: "a pooler in session mode works: a run, a second one, a cancel",
  ignore,
  async fn() {
    await using test = await testDatabase();
    await using pooler = await startPgbouncer(program!, test.url, { pool_mode: "session" });
    using files = workspace({
      "things_2021-01.csv": "id,name\n1,a\n",
      "things_2021-02.csv": "id,name\n2,b\n",
    });
    const spec = specOf(
      `
pipeline: things
partitions: { by: month, from: 2021-01, to: 2021-02, concurrency: 2 }
source: { url: "things_{month}.csv" }
target: { table: shop.things, partition_column: month }
columns: { id: integer, name: text }
`,
      files.folder,
    );
    for (let version = 1; version <= 2; version++) {
      await using db = await connect({ url: pooler.url });
      const result = await run(db, spec, { force: true });
      expect(result).toMatchObject({ status: "succeeded", rows_loaded: 2 });
    }
    await using db = await connect({ url: pooler.url });
    const sleeping = db.query("select pg_sleep(60)").catch((error) => error);
    while (await db.cancelRunning() === 0);
    expect((await sleeping).code).toBe("db/canceled");
    expect(await db.query("select current_setting('lock_timeout') as value"))
      .toEqual([{ value: "1min" }]);
  },
});

Deno.test({
  name: "connect names what a pooler does not pass on, and the room it lacks",
  ignore,
  async fn() {
    await using test = await testDatabase();
    {
      await using pooler = await startPgbouncer(program!, test.url, { max_client_conn: 1 });
      await expect(connect({ url: `${pooler.url}?search_path=x` })).rejects.toMatchObject({
        code: "db/pooler",
        message: expect.stringContaining('does not pass on the setting "search_path"'),
      });
      await expect(connect({ url: pooler.url })).rejects.toMatchObject({
        code: "db/pooler",
        message: expect.stringContaining("gives only one connection"),
      });
    }
    const narrow = { default_pool_size: 1, query_wait_timeout: 1 };
    await using pooler = await startPgbouncer(program!, test.url, narrow);
    await expect(connect({ url: pooler.url })).rejects.toMatchObject({
      code: "db/pooler",
      message: expect.stringContaining("gives only one connection"),
    });
  },
});

import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { Database, Queryable } from "../../src/db/database.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

const YAML = (mode: string) => `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: ${mode} }
idempotency_key: [id]
rejects: { limit: 5 }
columns: { id: { type: integer, required: true }, name: text }
`;

/** The answer to the publish's commit is lost while Postgres is still at work on it. */
function losingTheCommit(real: Database): { db: Database; lost(): boolean } {
  let lost = false;
  const transaction: Database["transaction"] = async (work) => {
    let publishes = false;
    const whole = real.transaction((tx) => {
      const watched: Queryable = {
        query(sql, params) {
          publishes ||= sql.startsWith("insert into sluice.loads");
          return tx.query(sql, params);
        },
      };
      return work(watched);
    });
    const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), 600));
    const first = await Promise.race([whole.then((value) => ({ value })), late]);
    if (first !== null) return first.value;
    if (!publishes || lost) return await whole;
    lost = true;
    whole.catch(() => {});
    throw new SluiceError("db/commit_unknown", "The connection was lost", { retry: "later" });
  };
  const db: Database = {
    describe: real.describe,
    query: (sql, params) => real.query(sql, params),
    transaction,
    copyIn: (sql, first) => real.copyIn(sql, first),
    session: () => real.session(),
    cancelRunning: () => real.cancelRunning(),
    [Symbol.asyncDispose]: async () => {},
  };
  return { db, lost: () => lost };
}

for (const mode of ["full", "upsert"]) {
  Deno.test(`${mode}: a commit still under way when its connection broke is waited for, and kept`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": "id,name\n1,old\n" });
    const spec = specOf(YAML(mode), files.folder);
    await run(test.db, spec);
    await test.db.query(`create function sluice.linger() returns trigger language plpgsql as
'begin perform pg_sleep(1.5); return null; end'`);
    await test.db.query(`create constraint trigger linger after insert on sluice.loads
deferrable initially deferred for each row execute function sluice.linger()`);
    files.write("things.csv", "id,name\n1,new\n2,new\nx,bad\n");
    const { db, lost } = losingTheCommit(test.db);
    const result = await runPipeline(spec, ALL, testContext(db).context);
    expect(lost()).toBe(true);
    expect(result).toMatchObject({
      status: "succeeded",
      rows_read: 3,
      rows_loaded: 2,
      rows_rejected: 1,
    });
    expect(await test.db.query("select id, name from shop.things order by id")).toEqual([
      { id: 1, name: "new" },
      { id: 2, name: "new" },
    ]);
    expect(await test.db.query("select version from sluice.loads where state = 'live'"))
      .toEqual([{ version: 2 }]);
    expect(await test.db.query("select line from sluice.rejected_rows")).toEqual([{ line: 4 }]);
    expect((await run(test.db, spec)).status).toBe("unchanged");
  });
}

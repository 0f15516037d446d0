import { expect } from "expect";
import { SluiceError } from "../../src/core/error.ts";
import type { Database } from "../../src/db/database.ts";
import { attempt } from "../support/attempt.ts";
import { type Fault, faultyDatabase } from "../support/faulty_database.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";

/** Every point of failure has a target of its own, in one database: a new one each would cost more. */
const yaml = (schema: string) => `
pipeline: ${schema}
partitions: { by: month, from: 2021-01, to: 2021-01 }
source: { url: "trips_{month}.csv" }
target: { table: ${schema}.trips, partition_column: file_month, indexes: [[name]], versions: 1 }
idempotency_key: [id]
on_duplicate: keep_last
rejects: { limit: 1 }
columns: { id: { type: integer, required: true }, name: text }
`;

const FILE = {
  name: "trips_2021-01.csv",
  old: "id,name\n1,old\n",
  new: "id,name\n1,x\n1,new\nbad,row\n",
};

/** The live rows, and what the ledger says is live: they must always agree. */
async function state(
  db: Database,
  schema: string,
): Promise<{ names: string[]; version: number; rows: number }> {
  const names = await db.query<{ name: string }>(`select name from ${schema}.trips order by 1`);
  const live = await db.query<{ version: number; rows: number; table_name: string }>(
    "select version, rows, table_name from sluice.loads where state = 'live' and target = $1",
    [`${schema}.trips`],
  );
  const attached = await db.query<{ relname: string }>(
    `select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = $1::text::regclass`,
    [`${schema}.trips`],
  );
  expect(live.length).toBe(1);
  expect(attached.map(({ relname }) => relname)).toEqual([live[0].table_name]);
  expect(names.length).toBe(live[0].rows);
  return { names: names.map(({ name }) => name), ...live[0] };
}

for (const fault of ["before", "after", "disconnect"] as const satisfies readonly Fault[]) {
  for (const retry of ["never", "later"] as const) {
    Deno.test(`runPipeline survives the failure of any call (${fault}, retry ${retry})`, async () => {
      let points = 0;
      await using test = await testDatabase();
      for (let failAt = 1;; failAt++) {
        const schema = `s${failAt}`;
        using files = workspace({ [FILE.name]: FILE.old });
        const spec = specOf(yaml(schema), files.folder);
        await run(test.db, spec);
        files.write(FILE.name, "id,name\n1,older\n");
        await run(test.db, spec);
        files.write(FILE.name, FILE.new);
        const faulty = faultyDatabase(test.db, failAt, fault, retry);
        const outcome = await attempt(faulty.db, spec);
        const after = await state(test.db, schema);
        if (!faulty.struck()) {
          expect(outcome).toMatchObject({ status: "succeeded" });
          break;
        }
        points++;
        // The old version or the new one, never between.
        expect([["older"], ["new"]]).toContainEqual(after.names);
        if (!(outcome instanceof SluiceError) && outcome.status === "succeeded") {
          expect(after.names).toEqual(["new"]);
        }
        // The next run finds whatever was left and reaches what an undisturbed run reaches.
        const next = await run(test.db, spec);
        expect(["succeeded", "unchanged"]).toContain(next.status);
        expect((await state(test.db, schema)).names).toEqual(["new"]);
        const leftovers = await test.db.query<{ relname: string }>(
          `select relname from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where relkind = 'r' and nspname = $1 and relname like 'trips\\_\\_%'
  and not exists (select from sluice.loads l
    where l.table_schema = $1 and l.table_name = c.relname and l.state <> 'dropped')`,
          [schema],
        );
        expect(leftovers).toEqual([]);
        const running = await test.db.query("select from sluice.runs where status = 'running'");
        expect(running.length).toBe(0);
      }
      console.log(`  ${points} points of failure (${fault}, retry ${retry})`);
      expect(points).toBeGreaterThan(20);
    });
  }
}

import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import type { Database } from "../../src/db/database.ts";
import { attempt } from "../support/attempt.ts";
import { type Fault, faultyDatabase } from "../support/faulty_database.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { rounds } from "../support/rounds.ts";

const YAML = `
pipeline: trips
partitions: { by: month, from: 2021-01, to: 2021-01 }
source: { url: "trips_{month}.csv" }
target: { table: ny.trips, partition_column: file_month, indexes: [[name]], versions: 1 }
idempotency_key: [id]
on_duplicate: keep_last
rejects: { limit: 1 }
columns: { id: { type: integer, required: true }, name: text }
`;

const FILE = "trips_2021-01.csv";
const csv = (name: string) => `id,name\n1,x\n1,${name}\nbad,row\n`;

/** The live rows, and what the ledger says is live: they must always agree. */
async function state(
  db: Database,
): Promise<{ names: string[]; version: number; rows: number }> {
  const names = await db.query<{ name: string }>(`select name from ny.trips order by 1`);
  const live = await db.query<{ version: number; rows: number; table_name: string }>(
    "select version, rows, table_name from sluice.loads where state = 'live'",
  );
  const attached = await db.query<{ relname: string }>(
    `select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'ny.trips'::regclass`,
  );
  expect(live.length).toBe(1);
  expect(attached.map(({ relname }) => relname)).toEqual([live[0].table_name]);
  expect(names.length).toBe(live[0].rows);
  return { names: names.map(({ name }) => name), ...live[0] };
}

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Date.now() % 1000);
/**
 * Each call fails in half of the ways, with one of the two words about a retry: which, the seed
 * says. 1 has all of them, as four rounds have.
 */
const STEP = Number(Deno.env.get("SLUICE_FAULT_STEP") ?? Math.max(1, Math.floor(4 / rounds(1))));

for (
  const [way, fault] of (["before", "after", "disconnect"] as const satisfies readonly Fault[])
    .entries()
) {
  for (const [word, retry] of (["never", "later"] as const).entries()) {
    Deno.test(`runPipeline survives the failure of any call (${fault}, retry ${retry}, SLUICE_SEED=${SEED})`, async () => {
      let points = 0;
      await using test = await ledgerDatabase();
      using files = workspace();
      const spec = specOf(YAML, files.folder);
      // Two versions: each load from here on drops one.
      for (const name of ["0", "old"]) {
        files.write(FILE, csv(name));
        await run(test.db, spec);
      }
      // What the run after one failure has reached is what the next failure finds.
      let old = "old";
      for (let failAt = 1 + (SEED + way + 2 * word) % STEP;; failAt += STEP) {
        const fresh = `new ${failAt}`;
        files.write(FILE, csv(fresh));
        const faulty = faultyDatabase(test.db, failAt, fault, retry);
        const outcome = await attempt(faulty.db, spec);
        const after = await state(test.db);
        if (!faulty.struck()) {
          expect(outcome).toMatchObject({ status: "succeeded" });
          break;
        }
        points++;
        // The old version or the new one, never between.
        expect([[old], [fresh]]).toContainEqual(after.names);
        if (!(outcome instanceof SluiceError) && outcome.status === "succeeded") {
          expect(after.names).toEqual([fresh]);
        }
        // The next run finds whatever was left and reaches what an undisturbed run reaches.
        const next = await run(test.db, spec);
        expect(["succeeded", "unchanged"]).toContain(next.status);
        expect((await state(test.db)).names).toEqual([fresh]);
        const leftovers = await test.db.query<{ relname: string }>(
          `select relname from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where relkind = 'r' and nspname = 'ny' and relname like 'trips\\_\\_%'
  and not exists (select from sluice.loads l
    where l.table_schema = 'ny' and l.table_name = c.relname and l.state <> 'dropped')`,
        );
        expect(leftovers).toEqual([]);
        const running = await test.db.query("select from sluice.runs where status = 'running'");
        expect(running.length).toBe(0);
        old = fresh;
      }
      console.log(`  ${points} points of failure (${fault}, retry ${retry})`);
      expect(points).toBeGreaterThan(20 / STEP);
    });
  }
}

import { resolveTarget } from "../../src/db/connection/resolve_target.ts";
import { openQueue } from "../../src/distribute/queue.ts";
import { migrate } from "../../src/ledger/mod.ts";
import type { ServedFile } from "../../src/schedule/pipeline_files.ts";
import { served } from "../schedule/scheduler_harness.ts";
import { schedule } from "../schedule/support.ts";
import { testDatabase } from "../support/postgres.ts";
import { fillLedger } from "./big_ledger.ts";
import { expectIn, get, plain, testPage, textOf } from "./support.ts";

/** Now is 2026-01-01 12:00 UTC; each is due at 6 o'clock. */
const CASES: readonly {
  readonly name: string;
  readonly row: string;
  readonly says: RegExp;
}[] = [
  {
    name: "new",
    row: `null, 0, 'waiting', null, '2026-01-01T11:00Z', null, null`,
    says: /new waiting in 18 h/,
  },
  {
    name: "well",
    row: `'2026-01-01T06:00Z', 1, 'done', '2026-01-01T06:00:01Z', '2025-12-01Z', 'succeeded', null`,
    says: /well on time .* 2026-01-01 06:00:00 UTC succeeded 1/,
  },
  {
    name: "late",
    row: `'2026-01-01T06:00Z', 1, 'done', '2026-01-01T09:00:00Z', '2025-12-01Z', 'failed', null`,
    says: /late late by 3 h .* failed/,
  },
  {
    name: "gone",
    row: `'2025-12-30T06:00Z', 1, 'done', '2025-12-30T06:00:01Z', '2025-12-01Z', 'succeeded', null`,
    says: /gone missed the start of 2026-01-01 06:00:00 UTC/,
  },
  {
    name: "again",
    row:
      `'2026-01-01T06:00Z', 2, 'retrying', '2026-01-01T07:00Z', '2025-12-01Z', 'failed', '2026-01-01T12:05Z'`,
    says: /again retrying .* failed again at 2026-01-01 12:05:00 UTC 2/,
  },
  {
    name: "busy",
    row: `'2026-01-01T06:00Z', 1, 'running', '2026-01-01T06:00:01Z', '2025-12-01Z', null, null`,
    says: /busy running/,
  },
];

Deno.test("the schedule tells what is next, was missed, was late and is tried again", async () => {
  await using database = await testDatabase();
  const { db } = database;
  await migrate(db);
  const files = new Map<string, ServedFile>();
  for (const { name, row } of CASES) {
    files.set(`${name}.yaml`, { served: served(name, schedule("0 6 * * *")), fault: null });
    await db.query(
      `insert into sluice.schedules (pipeline, cron, timezone, tick, attempt, state, started_at, since,
  status, retry_at) values ('${name}', '0 6 * * *', 'UTC', ${row})`,
    );
  }
  await db.query(
    `insert into sluice.schedules (pipeline, cron, timezone, since, tick, state, owner)
values ('elsewhere', '5 5 * * *', 'UTC', now(), '2026-01-01T05:05Z', 'done', 'other/1')`,
  );
  const text = plain(await textOf(testPage(db, { files: () => files }), get("/starts")));
  for (const { says } of CASES) expectIn(text, says);
  expectIn(text, /of other servers, or of before .* elsewhere done .* other\/1 5 5 \* \* \*/);
  const none = testPage(db, { keepsSchedules: false });
  expectIn(plain(await textOf(none, get("/starts"))), "Nothing starts by itself here");
});

Deno.test("the queue shows jobs, partitions and who is connected", async () => {
  await using database = await testDatabase();
  const { db, url } = database;
  await fillLedger(db, { pipelines: 1, partitions: 1, runs: 3 });
  const [{ id }] = await db.query<{ id: string }>(
    `update sluice.runs set status = 'running', ended_at = null
where id = (select id from sluice.runs order by started_at desc limit 1) returning id`,
  );
  await db.query(
    `insert into sluice.run_partitions (run_id, position, partition, worker, attempts, claimed_at)
values ($1, 0, '2025-12', 'machine-7', 2, now()), ($1, 1, '2025-11', null, 0, null)`,
    [id],
  );
  await using queue = await openQueue(await resolveTarget(url), "1.2.3", 4);
  const { spec } = served("pipeline_000", null);
  const options = { partitions: [], force: false, allowDestructive: false };
  await queue.addRun({ id, spec, options, priority: 5 });
  const text = plain(await textOf(testPage(db), get("/queue")));
  expectIn(text, "pipeline_000 running", "2025-12 running machine-7 2", "2025-11 waiting – 0");
  expectIn(text, new RegExp(`run_pipeline 1.2.3 ${id.slice(0, 8)} waiting 5 0 of 8`));
});

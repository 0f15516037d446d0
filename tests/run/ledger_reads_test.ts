import { expect } from "packages/expect.ts";
import { forgetRejects, readHistory } from "../../src/ledger/mod.ts";
import { planPipeline, replayRejects, rollbackPipeline } from "../../src/run/mod.ts";
import { findPublished } from "../../src/publish/publish.ts";
import { ranHook } from "../../src/publish/hook_runs.ts";
import type { Database } from "../../src/db/database.ts";
import type { PartitionPlan } from "../../src/plan/load_plan.ts";
import { explainingDatabase, type LedgerRead } from "../support/explaining_database.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

/** Rows of the ledger that nothing below is about. */
const OTHERS = 6_000;

/** Rows that a statement may look at. */
const FEW = 200;

const MODES = {
  exchange: {
    keys: `hooks: { after_publish: "select 1" }
checks:
  - { row_count: { change: 500% } }
  - { row_count: { change: 500%, window: 3 } }
`,
    rollsBack: true,
  },
  append: { keys: "refresh: { mode: append }\n", rollsBack: true },
  upsert: { keys: "refresh: { mode: upsert }\nidempotency_key: [id]\n", rollsBack: true },
  history: { keys: "refresh: { mode: history }\nidempotency_key: [id]\n", rollsBack: true },
};

const yaml = (keys: string) => `
pipeline: days
partitions: { by: day, from: 2024-01-01, to: 2024-01-02 }
source: { url: "{day}.csv" }
target: { table: shop.days, versions: 2 }
rejects: { limit: 5 }
${keys}columns: { id: { type: integer, required: true }, name: text }
`;

/** Many versions of each partition before, dropped and exchanged, and as many runs and rejects. */
async function makeOthers(db: Database): Promise<void> {
  await db.query(
    `insert into sluice.runs (id, pipeline, target, spec_hash, status, started_at)
select gen_random_uuid(), 'days', 'shop.days', '', 'succeeded', now() - make_interval(mins => n)
from generate_series(1, ${OTHERS}) n`,
  );
  await db.query(
    `insert into sluice.loads (pipeline, target, partition, version, run_id, table_schema, table_name,
  source_url, rows, spec_hash, state, published_at)
select l.pipeline, l.target, l.partition, -n, l.run_id, l.table_schema, 'gone_' || n, '', 1, '',
  'dropped', l.published_at - make_interval(mins => n)
from (select distinct on (partition) * from sluice.loads order by partition, version) l,
  generate_series(1, ${OTHERS}) n`,
  );
  // Of other partitions, and live: a plan reads them, once.
  await db.query(
    `insert into sluice.loads (pipeline, target, partition, version, run_id, table_schema, table_name,
  source_url, rows, spec_hash, state, ledger_oid, target_oid)
select l.pipeline, l.target, (date '1990-01-01' + n)::text, 1, l.run_id, l.table_schema, 'other_' || n,
  '', 1, '', 'live', l.ledger_oid, l.target_oid
from (select * from sluice.loads limit 1) l, generate_series(1, ${OTHERS}) n`,
  );
  await db.query(
    `insert into sluice.rejected_rows
  (run_id, pipeline, partition, source_url, line, byte_offset, code, message, raw)
select r.id, 'days', 'day ' || n, '', n, n, '', '', ''
from (select id from sluice.runs order by started_at desc limit 1) r,
  generate_series(1, ${OTHERS}) n`,
  );
  await db.query(
    `insert into sluice.reject_headers (run_id, partition, source_url)
select distinct run_id, partition, source_url from sluice.rejected_rows`,
  );
  await db.query(
    `insert into sluice.hook_runs (run_id, partition, hook)
select r.id, 'day ' || n, 'after_load'
from (select id from sluice.runs order by started_at desc limit 1) r,
  generate_series(1, ${OTHERS}) n`,
  );
  await db.query(
    `insert into sluice.tables (table_oid, ledger_oid, target, kind, table_schema, table_name)
select 4000000000 + n, 'sluice.loads'::regclass, 'shop.days', 'staging', 'shop', 'gone_' || n
from generate_series(1, ${OTHERS}) n`,
  );
  await db.query("analyze");
}

/** What a command reads as a whole, once: the tables and the versions of its target. */
const ONCE = new RegExp(
  "^(?:with known as|with recursive newest as|select distinct l.partition|" +
    "select exists \\(\\s+select from sluice.loads l)",
);

function tooMany(reads: readonly LedgerRead[]): readonly string[] {
  return reads.filter(({ rows, sql }) => rows > FEW && !ONCE.test(sql))
    .map(({ table, how, rows, sql }) => `${how} of ${table}: ${rows} rows, by ${sql}`);
}

for (const [mode, { keys }] of Object.entries(MODES)) {
  Deno.test(`${mode}: plan, load, failure, replay and rollback find their rows of a large ledger by an index`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({
      "2024-01-01.csv": "id,name\n1,a\n2,b\nx,c\n",
      "2024-01-02.csv": "id,name\n11,a\nx,b\n",
    });
    const spec = specOf(yaml(keys), files.folder);
    expect((await run(test.db, spec)).status).toBe("succeeded");
    files.write("2024-01-01.csv", "id,name\n1,a\n2,b\n3,c\nx,d\n");
    expect((await run(test.db, spec)).status).toBe("succeeded");
    await makeOthers(test.db);
    const { db, reads } = explainingDatabase(test.db);
    const { context } = testContext(db);

    const { partitions } = await planPipeline(spec, ALL, context);
    expect(partitions.map(({ action }) => action)).toEqual(["skip", "skip"]);
    expect((await run(db, spec)).status).toBe("unchanged");
    files.write("2024-01-01.csv", "id,name\n1,b\n2,b\n3,c\nx,e\n");
    const loaded = await run(db, spec);
    expect(loaded.status).toBe("succeeded");
    const { partition, version } = loaded.partitions[0];
    expect(
      await findPublished(
        { partition, version } as PartitionPlan,
        "shop.days",
        { run_id: loaded.run_id, rows: 3 } as never,
        { db },
      ),
    ).not.toBeNull();
    files.write("2024-01-01.csv", "id,name\nx,b\nx,b\nx,c\nx,e\nx,f\nx,g\n");
    expect((await run(db, spec)).status).toBe("refused");
    const mended = specOf(
      yaml(keys).replace(
        "id: { type: integer, required: true }",
        "id: { type: integer, null_values: [x] }",
      ),
      files.folder,
    );
    await replayRejects(mode === "exchange" ? mended : spec, undefined, context);
    await rollbackPipeline(spec, { partition: "2024-01-01" }, context);

    expect(tooMany(reads)).toEqual([]);
    // Otherwise it would not have been looked for.
    expect(new Set(reads.map(({ table }) => table)).size).toBeGreaterThan(3);
  });
}

Deno.test("rejects, hooks and the history of one partition are found by an index among those of all", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "2024-01-01.csv": "id,name\n1,a\n",
    "2024-01-02.csv": "id,name\n1,a\n",
  });
  const spec = specOf(yaml(""), files.folder);
  await run(test.db, spec);
  await makeOthers(test.db);
  const [{ id }] = await test.db.query<{ id: string }>(
    "select id from sluice.runs order by started_at desc limit 1",
  );
  const { db, reads } = explainingDatabase(test.db);
  for (const partition of ["day 7", null]) {
    await ranHook(db, { runId: id, partition, hook: "after_load" });
  }
  await forgetRejects(db, id, "day 7");
  // Of the newest versions no more are read than are shown.
  await readHistory(db, spec, { partition: "day 7" });
  expect(tooMany(reads)).toEqual([]);
  expect(reads.length).toBeGreaterThan(4);
});

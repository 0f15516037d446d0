import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { analyzeStatement } from "../../src/plan/statistics.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

const ROWS = 4_000;

function yaml(columns: number, mode = "full", key = ""): string {
  return `
pipeline: wide
source: { url: wide.csv }
target: { table: shop.wide }
refresh: { mode: ${mode} }
${key === "" ? "" : `idempotency_key: [${key}]`}
columns:
${names(columns).map((name) => `  ${name}: integer`).join("\n")}
`;
}

function names(columns: number): string[] {
  return Array.from({ length: columns }, (_, c) => `c${c}`);
}

function csv(columns: number, change = 0): string {
  const rows = Array.from(
    { length: ROWS },
    (_, r) => names(columns).map((_, c) => c === 0 ? r : r * (c + 1) + change).join(","),
  );
  return [names(columns).join(","), ...rows].join("\n") + "\n";
}

/** Bounds of the histogram of each column, as the planner sees it. */
async function bounds(db: Database, table: string): Promise<Record<string, number>> {
  const rows = await db.query<{ column: string; bounds: number }>(
    `select attname as column, cardinality(histogram_bounds::text::text[]) as bounds from pg_stats
     where schemaname = 'shop' and tablename = $1`,
    [table],
  );
  return Object.fromEntries(rows.map(({ column, bounds }) => [column, bounds]));
}

async function liveTable(db: Database): Promise<string> {
  const [{ name }] = await db.query<{ name: string }>(
    `select relname as name from pg_inherits join pg_class c on c.oid = inhrelid
     where inhparent = 'shop.wide'::regclass`,
  );
  return name;
}

for (const [columns, expected] of [[3, 101], [20, 101], [40, 51], [250, 11]]) {
  Deno.test(`${columns} columns have statistics of ${expected - 1} steps when a run ends`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "wide.csv": csv(columns) });
    const spec = specOf(yaml(columns), files.folder);
    expect(await run(test.db, spec)).toMatchObject({ status: "succeeded" });
    const all = await bounds(test.db, await liveTable(test.db));
    expect(all).toEqual(Object.fromEntries(names(columns).map((name) => [name, expected])));
    const [{ target }] = await test.db.query<{ target: string }>(
      "select current_setting('default_statistics_target') as target",
    );
    expect(target).toBe("100");
  });
}

Deno.test("a column's own statistics target, and a server's smaller one, count in wide tables too", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "wide.csv": csv(40) });
  const spec = specOf(yaml(40), files.folder);
  await run(test.db, spec);
  await test.db.query("alter table shop.wide alter column c7 set statistics 90");
  files.write("wide.csv", csv(40, 1));
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded" });
  const all = await bounds(test.db, await liveTable(test.db));
  expect([all["c7"], all["c8"]]).toEqual([91, 51]);
  const name = await liveTable(test.db);
  await test.db.transaction(async (tx) => {
    await tx.query("set local default_statistics_target to 30");
    await tx.query(analyzeStatement({ schema: "shop", table: name }, 40).sql);
  });
  expect(await bounds(test.db, name)).toMatchObject({ c7: 91, c8: 31 });
});

Deno.test("a merge takes statistics of its key alone", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "wide.csv": csv(30) });
  const spec = specOf(yaml(30, "upsert", "c0"), files.folder);
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded" });
  files.write("wide.csv", csv(30, 1));
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded" });
  const rows = await test.db.query<{ tablename: string; columns: string }>(
    `select tablename, string_agg(attname, ',') as columns from pg_stats
     where schemaname = 'shop' and tablename <> 'wide' group by tablename`,
  );
  expect(rows.length).toBeGreaterThan(1);
  for (const { columns } of rows) expect(columns).toBe("c0");
});

import { expect } from "packages/expect.ts";
import { served } from "../schedule/scheduler_harness.ts";
import { schedule } from "../schedule/support.ts";
import { Starts } from "../../src/page/starts.ts";
import { testDatabase } from "../support/postgres.ts";
import { fillLedger } from "./big_ledger.ts";
import { expectIn, get, testPage, textOf } from "./support.ts";

Deno.test("without a ledger the grid says what to do next", async () => {
  await using database = await testDatabase();
  const text = await textOf(testPage(database.db), get("/"));
  expectIn(text, "Nothing has been loaded yet");
  expectIn(text, "deno task run pipelines/yellow_taxi.yaml");
  // What is served shows up before its first run.
  const state = { ...served("trips", schedule("0 6 * * *")), running: false, record: null };
  const waiting = await textOf(testPage(database.db, { pipelines: () => [state] }), get("/"));
  expectIn(waiting, 'href="/pipeline/trips/versions"');
  expectIn(waiting, "never run");
  expectIn(waiting, /in \d+ (min|h)/);
});

Deno.test("the grid shows each month's live version, and keeps what its address asks for", async () => {
  await using database = await testDatabase();
  await fillLedger(database.db, { pipelines: 60, partitions: 30, runs: 600 });
  const page = testPage(database.db);
  const first = await textOf(page, get("/"));
  expect(rowsOf(first)).toHaveLength(50);
  expect(monthsOf(first)).toHaveLength(24);
  expect(monthsOf(first)[0]).toBe("2025-12");
  expectIn(first, "Page 1 of 2");
  // 902,000 rows and so on of version 2; 25 rejects in each seventh.
  expectIn(first, "<b>900k</b>");
  expectIn(first, /old, 25 rejects"/);
  const second = await textOf(page, get("/?page=2"));
  expect(rowsOf(second)).toEqual(
    Array.from({ length: 10 }, (_, at) => `pipeline_0${50 + at}`),
  );
  const older = await textOf(page, get("/?to=2023-12"));
  expect(monthsOf(older)).toEqual([
    "2023-12",
    "2023-11",
    "2023-10",
    "2023-09",
    "2023-08",
    "2023-07",
  ]);
  expectIn(older, 'href="/?to=2025-12&amp;page=1"');
  const found = await textOf(page, get("/?q=PIPELINE_01&state=failed"));
  for (const name of rowsOf(found)) expect(name).toMatch(/^pipeline_01\d$/);
  expectIn(found, 'name="q" value="PIPELINE_01"');
  expectIn(found, /<option value="failed" selected/);
  // Nonsense in the address is as good as nothing.
  for (const odd of ["?page=-1", "?page=1e9", "?to=2023-13", "?to='", "?page=99999999999999"]) {
    const text = await textOf(page, get(`/${odd}`));
    expect([odd, rowsOf(text).length > 0]).toEqual([odd, true]);
  }
  const nobody = await textOf(page, get("/?q=%00nobody%F0%9F"));
  expectIn(nobody, "No pipeline is like that");
});

Deno.test("partitions of every period stand in their month, lists and whole tables apart", async () => {
  await using database = await testDatabase();
  await fillLedger(database.db, { pipelines: 1, partitions: 1, runs: 1 });
  const partitions = [
    "2024",
    "2024-Q3",
    "2024-W01",
    "2024-W06",
    "2024-07-31",
    "2024-07-01T05",
    "east",
  ];
  await database.db.query(
    `insert into sluice.loads (pipeline, target, partition, version, run_id, table_schema,
  table_name, source_url, rows, spec_hash, state)
select pipeline, target, p, 1, run_id, 'data', 't', '', 1, '', 'live'
from (select * from sluice.loads limit 1) l, unnest($1::text[] || array[null]) p`,
    [partitions],
  );
  const text = await textOf(testPage(database.db), get("/"));
  expect(monthsOf(text)[0]).toBe("2025-12");
  expect(monthsOf(text)).toContain("2024-01");
  // 2024-07: the quarter, a day and an hour; without a month: the list's value and the table.
  expectIn(text, /3 partitions/);
  expectIn(text, /2 partitions/);
  expectIn(text, '<th scope="col" class="cell">Table</th>');
});

Deno.test("a database that is away, and an older ledger, are said", async () => {
  expectIn(await textOf(testPage(null), get("/"), 503), "The database does not answer");
  await using database = await testDatabase();
  await fillLedger(database.db, { pipelines: 1, partitions: 1, runs: 1 });
  await database.db.query("delete from sluice.migrations where number > 11");
  expectIn(await textOf(testPage(database.db), get("/"), 503), "earlier version of Sluice");
});

function rowsOf(text: string): string[] {
  return [...text.matchAll(/<th scope="row"[^>]*><a [^>]*>([^<]+)</g)].map((match) => match[1]);
}

function monthsOf(text: string): string[] {
  return [...text.matchAll(/<th scope="col" class="cell">(\d{4}-\d\d)</g)].map((match) => match[1]);
}

Deno.test("starts are remembered until they change, and are those of the schedule", () => {
  const starts = new Starts();
  const hourly = schedule("0 * * * *");
  const at = (text: string) => new Date(`2026-01-01T${text}Z`);
  const next = (spec: typeof hourly, now: string) =>
    starts.around("a", spec, at(now)).next[0].at.toISOString().slice(11, 16);
  expect(next(hourly, "10:00:01")).toBe("11:00");
  expect(starts.around("a", hourly, at("10:30:00"))).toBe(
    starts.around("a", hourly, at("10:59:59")),
  );
  // The start itself has passed, the file has changed, a clock went back.
  expect(next(hourly, "11:00:00")).toBe("12:00");
  expect(starts.around("a", hourly, at("11:00:00")).last?.at).toEqual(at("11:00:00"));
  expect(next(schedule("30 * * * *"), "11:00:00")).toBe("11:30");
  expect(next(hourly, "08:59:00")).toBe("09:00");
});

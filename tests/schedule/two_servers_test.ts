import { migrate } from "../../src/ledger/mod.ts";
import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { testDatabase } from "../support/postgres.ts";
import { fastClock } from "./fast_clock.ts";
import { at } from "./support.ts";
import { until } from "../support/until.ts";
import { DENO_RUN } from "../support/deno_run.ts";

/** A minute in 200 ms. */
const SPEED = 300;

const DEMO = new URL("./server_demo.ts", import.meta.url).pathname;

Deno.test("two servers run each tick of each pipeline once at the most, and both work", async () => {
  await using database = await testDatabase();
  const { db, url } = database;
  await prepare(db);
  const began = Date.now();
  const servers = ["one", "two"].map((owner) => startServer(url, owner, began));
  await ticks(db, 25);
  for (const server of servers) server.kill("SIGTERM");
  for (const server of servers) expect((await server.status).code).toBe(0);

  const taken = await db.query<Taken>(
    `select * from public.taken order by pipeline, tick, attempt`,
  );
  for (const pipeline of ["a", "b", "c"]) {
    const mine = taken.filter((each) => each.pipeline === pipeline && each.state === "running");
    expect(mine.every(({ attempt }) => attempt === 1)).toBe(true);
    const minutes = mine.map(({ tick }) => new Date(tick).getTime() / 60_000);
    expect(new Set(minutes).size).toBe(minutes.length);
    expect(minutes.length).toBeGreaterThanOrEqual(25);
    // A tick is left out only where the run before took until the one after: then both are due.
    expect(minutes.length).toBeGreaterThan((minutes.at(-1)! - minutes[0]) * 0.5);
  }
  const [{ runs, servers: both, open }] = await db.query<Record<string, number>>(
    `select count(*) as runs, count(distinct owner) as servers,
  count(*) filter (where ended_at is null) as open from public.ran`,
  );
  expect(both).toBe(2);
  expect(open).toBe(0);
  // One run for each tick taken, and never two of one pipeline at once.
  expect(runs).toBe(taken.filter(({ state }) => state === "running").length);
  expect(await overlaps(db)).toEqual([]);
});

Deno.test("a tick whose server is killed is taken up by another, as the next attempt", async () => {
  await using database = await testDatabase();
  const { db, url } = database;
  await prepare(db);
  const began = Date.now();
  const victim = startServer(url, "victim", began);
  await ticks(db, 3);
  // In the middle of a run, unless all three have just ended.
  await untilFound(db, `select 1 from public.ran where owner = 'victim' and ended_at is null`);
  victim.kill("SIGKILL");
  await victim.status;
  const [{ orphans }] = await db.query<{ orphans: number }>(
    `select count(*) as orphans from sluice.schedules where state = 'running'`,
  );
  const heir = startServer(url, "heir", began);
  await untilFound(db, `select 1 from public.ran where owner = 'heir' having count(*) >= 9`);
  heir.kill("SIGTERM");
  expect((await heir.status).code).toBe(0);
  const taken = await db.query<Taken>(`select * from public.taken where state = 'running'`);
  const again = taken.filter(({ attempt }) => attempt === 2);
  // Where the next tick was due already, that one takes the place of the orphan.
  expect(again.length).toBeLessThanOrEqual(orphans);
  const keys = taken.map(({ pipeline, tick, attempt }) => `${pipeline} ${tick} ${attempt}`);
  expect(new Set(keys).size).toBe(keys.length);
  expect(await overlaps(db)).toEqual([]);
});

interface Taken {
  readonly pipeline: string;
  readonly tick: string;
  readonly attempt: number;
  readonly state: string;
}

/** The ledger, a table of the runs, and one that remembers every change of a schedule. */
async function prepare(db: Database): Promise<void> {
  await migrate(db);
  await db.query(`create table public.ran (
  id uuid primary key, pipeline text not null, owner text not null,
  began_at timestamptz not null default clock_timestamp(), ended_at timestamptz
);
create table public.taken (pipeline text, tick timestamptz, attempt int, state text);
create function note() returns trigger language plpgsql as $$ begin
  insert into public.taken values (new.pipeline, new.tick, new.attempt, new.state); return new;
end $$;
create trigger note after update on sluice.schedules for each row execute function note();`);
}

/** Runs of one pipeline that were under way at the same time. */
async function overlaps(db: Database): Promise<unknown[]> {
  return await db.query(
    `select a.pipeline, a.owner, b.owner from public.ran a
join public.ran b on a.pipeline = b.pipeline and a.id < b.id
where a.ended_at is not null and b.ended_at is not null
  and (a.began_at, a.ended_at) overlaps (b.began_at, b.ended_at)`,
  );
}

/** Waits until each pipeline has had so many ticks. */
async function ticks(db: Database, count: number): Promise<void> {
  await untilFound(
    db,
    `select 1 from (
  select pipeline, count(distinct tick) as ticks from public.taken where tick is not null group by pipeline
) p having count(*) = 3 and min(ticks) > ${count}`,
  );
}

async function untilFound(db: Database, sql: string): Promise<void> {
  await until(sql, async () => (await db.query(sql)).length > 0);
}

function startServer(url: string, owner: string, began: number): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...DENO_RUN, "-A", "--no-lock", DEMO, url, owner, String(began), String(SPEED)],
    stdout: "null",
    stderr: "inherit",
  }).spawn();
}

Deno.test("fastClock() reads the same in two processes", () => {
  const began = Date.now() - 1000;
  const clock = fastClock(at("2026-03-07T12:00"), began, 60);
  const minutes = (clock.now().getTime() - at("2026-03-07T12:00").getTime()) / 60_000;
  expect(minutes).toBeGreaterThanOrEqual(1);
  expect(minutes).toBeLessThan(2);
});

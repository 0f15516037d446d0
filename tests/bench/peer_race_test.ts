import { expect } from "packages/expect.ts";
import { fileURLToPath } from "node:url";
import { connect } from "../../src/db/connection/connect.ts";
import { parseConnectionUrl } from "../../src/db/connection/connection_url.ts";
import type { Peer, PeerColumn, PeerWay } from "../../bench/peer.ts";
import { race, type RaceResults } from "../../bench/peer_race.ts";
import { sumOf } from "../../bench/same_values.ts";
import { testDatabase } from "../support/postgres.ts";

const PROGRAM = fileURLToPath(new URL("./fake_peer.ts", import.meta.url));
const COLUMNS: readonly PeerColumn[] = [
  { header: "ID", name: "id", type: "smallint" },
  { header: "pickedUp", name: "picked_up", type: "timestamp" },
  { header: "flag", name: "flag", type: "boolean" },
];
const ROWS = "(1, '2021-01-01 00:00:01', true), (2, '2021-01-02 00:00:02', null), (3, null, false)";
/** Lasts for some of the looks at a program's memory, ten a second. */
const WORK = "select count(*) from generate_series(1, 5000000)";
const READY = `insert into peers.trips values ${ROWS}`;

/** One that runs a statement, and, where `last` is given, says so and fails. */
function fake(name: string, way: Partial<PeerWay>, sql: string, last?: string): Peer {
  return {
    name,
    note: "",
    install: null,
    version: () => ({ program: Deno.execPath(), args: ["--version"] }),
    ways: [{
      setting: "default",
      how: "",
      target: "ready",
      ...way,
      command: ({ url, password }) => ({
        program: Deno.execPath(),
        args: [
          ...["run", "-q", "--no-check", "-A", PROGRAM, url, sql],
          ...(last === undefined ? [] : [last.replace("PASSWORD", password)]),
        ],
      }),
    }],
  };
}

async function raceOf(
  peers: readonly Peer[],
  limits: { rounds?: number; slow?: number; limit?: number; signal?: AbortSignal } = {},
): Promise<RaceResults> {
  await using test = await testDatabase();
  const folder = await Deno.makeTempDir({ prefix: "sluice-peers-" });
  try {
    await test.db.query(
      `create table public.reference (id smallint, picked_up timestamp, flag boolean);
       insert into public.reference values ${ROWS}`,
    );
    const [{ data_directory }] = await test.db.query<{ data_directory: string }>(
      "show data_directory",
    );
    await using db = await connect({ url: test.url, maxConnections: 1 });
    await test.db[Symbol.asyncDispose]();
    return await race(peers.map((peer, at) => ({ id: `peer_${at}`, peer })), {
      db,
      url: test.url,
      target: parseConnectionUrl(test.url),
      dataFolder: data_directory,
      csv: "/nowhere/trips.csv",
      gzip: "/nowhere/trips.csv.gz",
      columns: COLUMNS,
      scratch: `${folder}/scratch`,
      folder,
      rounds: 1,
      slow: 60,
      limit: 120,
      signal: new AbortController().signal,
      ...limits,
      expected: await sumOf(db, "public.reference", COLUMNS),
      note: () => {},
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a race tells what each peer took, on both sides, and the types that it made", async () => {
  const own = `create table peers.trips as select flag::text, loaded, id, "pickedUp"
    from (values ${ROWS}) as v (id, "pickedUp", flag), now() as loaded`;
  const { results, failed, missing } = await raceOf([
    fake("into the ready table", {}, `${WORK}; ${READY}`),
    fake(
      "into its own",
      { target: "own", setting: "best", how: "in its own way" },
      `${WORK}; ${own}`,
    ),
  ], { rounds: 2 });
  expect(failed).toEqual([]);
  expect(missing).toEqual([]);
  expect(results.map(({ peer, setting, how, types }) => [peer, setting, how, types])).toEqual([
    ["into the ready table", "default", "", null],
    ["into its own", "best", "in its own way", "integer ×1, text ×2"],
  ]);
  for (const { version, loads } of results) {
    expect(version).toBe(Deno.version.deno);
    expect(loads).toHaveLength(2);
    for (const load of loads) {
      expect(load.seconds).toBeGreaterThan(0);
      if (Deno.build.os !== "linux") continue;
      expect(load.clientCpuSeconds).toBeGreaterThan(0);
      expect(load.serverCpuSeconds).toBeGreaterThanOrEqual(0);
      expect(load.peakBytes).toBeGreaterThan(1_000_000);
    }
  }
});

Deno.test("a peer that does less, or fails, is named with the reason, and is no result", async () => {
  const value = READY.replace("00:00:02", "00:00:03");
  const { results, failed } = await raceOf([
    fake("another value", {}, value),
    fake("no NULL", {}, READY.replace("null, false", "'2021-01-01', false")),
    fake("a row twice", {}, `${READY}, (3, null, false)`),
    fake("a row less", {}, READY.replace("(1, '2021-01-01 00:00:01', true), ", "")),
    fake("no table", { target: "own" }, "select 1"),
    fake(
      "no column",
      { target: "own" },
      "create table peers.trips as select 1 as id, true as flag",
    ),
    fake(
      "no such type",
      { target: "own" },
      "create table peers.trips as select 1 as id, '' as picked_up, true as flag",
    ),
    fake(
      "fails",
      {},
      READY,
      "error: /opt/a.b/tool.py: cannot connect as PASSWORD\n\u001b[0mgoodbye",
    ),
  ]);
  expect(results).toEqual([]);
  expect(failed.map(({ peer, why }) => [peer, why])).toEqual([
    ["another value", "its table holds other values: the hashes differ"],
    ["no NULL", "its table holds other values: the hashes differ"],
    ["a row twice", "its table has 4 rows in place of 3"],
    ["a row less", "its table has 2 rows in place of 3"],
    ["no table", "its table cannot be compared: there is no table peers.trips"],
    ["no column", "its table cannot be compared: peers.trips has no column for pickedUp"],
    [
      "no such type",
      'its table cannot be compared: invalid input syntax for type timestamp: ""',
    ],
    ["fails", "ended with 3: error: tool.py: cannot connect as ***"],
  ]);
});

Deno.test("a peer that fails once is not asked again, and keeps nobody from the next round", async () => {
  const { results, failed } = await raceOf([
    fake("fails", {}, READY, "no"),
    fake("loads", {}, READY),
  ], { rounds: 2 });
  expect(failed.map(({ peer }) => peer)).toEqual(["fails"]);
  expect(results.map(({ peer, loads }) => [peer, loads.length])).toEqual([["loads", 2]]);
});

Deno.test("a slow peer is measured once, and one that does not end is stopped", async () => {
  const slow = await raceOf([fake("slow", {}, READY)], { rounds: 2, slow: 0 });
  expect(slow.results.map(({ loads }) => loads.length)).toEqual([1]);
  const stuck = await raceOf([fake("stuck", {}, "select pg_sleep(600)")], { limit: 1 });
  expect(stuck.failed.map(({ peer, why }) => [peer, why])).toEqual([[
    "stuck",
    "stopped after 1 s",
  ]]);
});

Deno.test("an interrupt ends the peer that is at work, and the race", async () => {
  const signal = AbortSignal.timeout(3000);
  const stuck = fake("stuck", {}, "select pg_sleep(600)");
  await expect(raceOf([stuck], { signal })).rejects.toThrow("aborted due to timeout");
});

Deno.test("what is left of a load before does not stand for the next", async () => {
  const once = fake(
    "into the same table",
    { target: "own", table: "public.kept" },
    `do $$ begin
       if to_regclass('public.kept') is null then
         create table public.kept as select * from public.reference;
       end if;
     end $$`,
  );
  const { failed } = await raceOf([once], { rounds: 2 });
  expect(failed.map(({ why }) => why)).toEqual(["its table has 0 rows in place of 3"]);
});

Deno.test("a peer that is not installed is named, with how to install it", async () => {
  const missing = (name: string, install: Peer["install"], program: string): Peer => ({
    ...fake(name, {}, READY),
    install,
    version: ({ bin }) => ({ program: bin(program), args: ["--version"] }),
  });
  const broken = { ...fake("broken", {}, READY), install: { pip: ["broken==1.0"] } };
  const told = await raceOf([
    missing("by pip", { pip: ["tool[extra]==1.2", "other==3"] }, "python3"),
    missing("by npm", { npm: ["tool@1"] }, "tool"),
    missing("by go", { go: "example.com/tool@v1" }, "tool"),
    missing("by apt", { apt: "tool" }, "tool"),
    { ...broken, version: () => ({ program: Deno.execPath(), args: ["eval", "Deno.exit(1)"] }) },
  ]);
  expect(told.results).toEqual([]);
  expect(told.missing).toEqual([
    { peer: "by pip", install: "pip install 'tool[extra]==1.2' other==3" },
    { peer: "by npm", install: "npm install tool@1" },
    { peer: "by go", install: "go install example.com/tool@v1" },
    { peer: "by apt", install: "apt-get install tool" },
    { peer: "broken", install: "pip install broken==1.0" },
  ]);
});

import { expect } from "packages/expect.ts";
import type { PeerJob } from "../../bench/peer.ts";
import { readPeers, toolsOf } from "../../bench/peer_folder.ts";
import { yellowColumns } from "../../bench/yellow_columns.ts";

const JOB: PeerJob = {
  csv: "/data/it's/yellow_tripdata_2021-01.csv",
  gzip: "/data/it's/yellow_tripdata_2021-01.csv.gz",
  columns: yellowColumns(),
  scratch: "/scratch",
  url: "postgres://somebody:secret@127.0.0.1:5432/bench",
  host: "127.0.0.1",
  port: 5432,
  user: "somebody",
  password: "secret",
  database: "bench",
  schema: "peers",
  table: "trips",
};

Deno.test("each peer has a name of its own, and loads at its default and at its best", async () => {
  const peers = await readPeers();
  expect(new Set(peers.map(({ peer }) => peer.name)).size).toBe(peers.length);
  for (const known of peers) {
    const { name, ways } = known.peer;
    expect([name, ways.map(({ setting }) => setting)]).toEqual([name, ["default", "best"]]);
    for (const way of ways) {
      const { program, args, files = {} } = way.command(JOB, toolsOf(known, "/peers"));
      expect(program).not.toBe("");
      // A table has bars between its cells.
      expect(`${way.how}${known.peer.note}`).not.toMatch(/[|\n]/);
      const told = [...args, ...Object.values(files)].join("\n");
      expect([name, told.includes("2021-01.csv") || told.includes("{month}.csv")])
        .toEqual([name, true]);
    }
  }
});

Deno.test("no program of a peer is looked for inside of the project", async () => {
  for (const known of await readPeers()) {
    const { bin } = toolsOf(known, "/peers");
    const { install } = known.peer;
    const isOwn = install !== null && !("apt" in install);
    expect(bin("tool").startsWith("/peers/")).toBe(isOwn);
  }
});

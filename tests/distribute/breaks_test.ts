import { expect } from "packages/expect.ts";
import { migrate } from "../../src/ledger/mod.ts";
import { randomFrom, testSeed } from "../source/support.ts";
import { workspace } from "../support/pipeline.ts";
import { ledgerDatabase, testDatabase } from "../support/postgres.ts";
import { breakingProxy } from "../support/breaking_proxy.ts";
import { rounds } from "../support/rounds.ts";
import { sluice } from "../support/sluice.ts";
import { months, worker, YAML } from "./support.ts";

/** Milliseconds: a worker ends by itself within 45 s. */
const LIMIT = 50_000;

const WAYS = ["before", "after", "hold", null] as const;

Deno.test("a worker survives what breaks its connections while it begins to listen", async () => {
  const random = randomFrom(testSeed("breaks_test listen"));
  await using database = await testDatabase();
  await migrate(database.db);
  using files = workspace({});
  await Promise.all([1, 2, 3].map(async () => {
    let left = 2 + Math.floor(random() * 5);
    const listens = Promise.withResolvers<void>();
    await using proxy = breakingProxy(database.url, (sent) => {
      if (!sent.includes('LISTEN "jobs:insert"')) return null;
      if (left-- > 0) {
        // All others of the worker too, as when the server restarts.
        void endSessions(random() * 20);
        return WAYS[Math.floor(random() * WAYS.length)];
      }
      listens.resolve();
      return null;
    });
    await using process = worker(files.folder, proxy.url);
    await Promise.race([listens.promise, process.output]);
    await endsOnSigterm(process);
  }));

  async function endSessions(after: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, after));
    await database.db.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
where application_name ~ '^sluice (queue|worker)' and datname = current_database()`,
    ).catch(() => {});
  }
});

Deno.test("a worker outlives a server that comes and goes, and ends on SIGTERM whatever the moment", async () => {
  const random = randomFrom(testSeed("breaks_test restarts"));
  await using database = await testDatabase();
  await migrate(database.db);
  using files = workspace({});
  await Promise.all([1, 2, 3].map(async () => {
    // Before it has been reached, a server that is away for 3 s may be a mistake in the address.
    const reached = Promise.withResolvers<void>();
    await using proxy = breakingProxy(database.url, (sent) => {
      if (sent.includes("sluice_jobs")) reached.resolve();
      return null;
    });
    await using process = worker(files.folder, proxy.url);
    await Promise.race([reached.promise, process.output]);
    const moment = (milliseconds: number) =>
      new Promise((resolve) => setTimeout(resolve, random() * milliseconds));
    await moment(2_000);
    for (let cut = 0; cut < 8; cut++) {
      proxy.cut();
      await moment(300);
      proxy.mend();
      await moment(1_500);
    }
    if (random() < 0.5) proxy.cut();
    await endsOnSigterm(process);
  }));
});

Deno.test("a distributed run bears with a break at any of its statements about parts and jobs", async () => {
  const random = randomFrom(testSeed("breaks_test statements"));
  await using database = await ledgerDatabase();
  using files = workspace({
    ...months(10),
    "months.yaml": YAML.replace("to: 2026-06", "to: 2026-02"),
  });
  await using _worker = worker(files.folder, database.url);
  /** Runs once; the connection breaks at the n-th piece, counted from the first that offers a part. */
  async function breakAt(point: number, way: "before" | "after", ...args: string[]) {
    let pieces = 0;
    await using proxy = breakingProxy(database.url, (sent) => {
      const counts = pieces > 0 || /sluice\.run_partitions|add_job/.test(sent);
      return counts && pieces++ === point ? way : null;
    });
    const { code, out, err } = await sluice(
      files.folder,
      { DATABASE_URL: proxy.url },
      ...["run", "months.yaml", "--distributed", "--force", "--output", "json", ...args],
    );
    expect({ point, way, code, out, err }).toMatchObject({ code: 0 });
    return pieces;
  }
  // The first run waits for the worker.
  await breakAt(-1, "before");
  const pieces = await breakAt(-1, "before");
  expect(pieces).toBeGreaterThan(10);
  const ways = ["before", "after"] as const;
  for (let point = 0; point < pieces; point++) {
    for (const way of ways) {
      if (random() * 4 < rounds(1)) await breakAt(point, way);
    }
  }
  for (const way of ways) await breakAt(0, way, "--detach");
  const [{ rows }] = await database.db.query<{ rows: number }>(
    "select count(*)::int as rows from shop.months",
  );
  expect(rows).toBe(20);
});

async function endsOnSigterm(process: ReturnType<typeof worker>): Promise<void> {
  const began = performance.now();
  try {
    process.kill("SIGTERM");
  } catch {
    // It has died: what it said tells why.
  }
  const { code, stderr } = await process.output;
  expect(stderr).not.toContain("bug in Sluice");
  if (code !== 143) throw new Error(`The worker ended with ${code}, not with 143:\n${stderr}`);
  expect(performance.now() - began).toBeLessThan(LIMIT);
}

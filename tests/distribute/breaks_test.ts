import { expect } from "packages/expect.ts";
import { migrate } from "../../src/ledger/mod.ts";
import { randomFrom, testSeed } from "../source/support.ts";
import { workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { breakingProxy } from "../support/breaking_proxy.ts";
import { worker } from "./support.ts";

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

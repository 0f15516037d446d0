import { expect } from "packages/expect.ts";
import { lockTarget } from "../../src/ledger/mod.ts";
import { workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { DENO_RUN } from "../support/deno_run.ts";
import { sluice } from "../support/sluice.ts";

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;

const YAML = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: { type: integer, required: true }, name: text }
`;

function command(folder: string, url: string, args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...DENO_RUN,
      "--no-prompt",
      "--allow-env",
      "--allow-read",
      "--allow-net",
      "--allow-sys=hostname,uid",
      MAIN,
      ...args,
    ],
    cwd: folder,
    env: { DATABASE_URL: url, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

Deno.test("the command line takes a table through its whole life", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.yaml": YAML, "things.csv": "id,name\n1,old\n" });
  const call = (...args: string[]) => sluice(files.folder, { DATABASE_URL: test.url }, ...args);
  const names = () => test.db.query("select name from shop.things order by 1");

  const planned = await call("plan", "things.yaml", "--output", "json");
  expect(planned.code).toBe(0);
  expect(JSON.parse(planned.out).partitions[0].action).toBe("load");
  const untouched = await test.db.query(
    "select from pg_namespace where nspname in ('shop','sluice')",
  );
  expect(untouched.length).toBe(0);

  const first = await call("run", "things.yaml", "--output", "json");
  expect(first.code).toBe(0);
  expect(JSON.parse(first.out)).toMatchObject({ status: "succeeded", rows_loaded: 1 });
  const again = await call("run", "things.yaml");
  expect(again.code).toBe(0);
  expect(again.out).toContain("unchanged");

  files.write("things.csv", "id,name\n1,new\nx,bad\n");
  const refused = await call("run", "things.yaml", "--output", "json");
  expect(refused.code).toBe(3);
  expect(JSON.parse(refused.out)).toMatchObject({ status: "refused", rows_rejected: 1 });
  expect(await names()).toEqual([{ name: "old" }]);
  const rejects = await call("rejects", "things.yaml");
  expect(rejects.code).toBe(0);
  expect(rejects.out).toContain("x,bad");

  files.write("things.csv", "id,name\n1,new\n");
  expect((await call("run", "things.yaml")).code).toBe(0);
  expect(await names()).toEqual([{ name: "new" }]);
  const back = await call("rollback", "things.yaml", "--output", "json");
  expect(back.code).toBe(0);
  expect(JSON.parse(back.out).partitions).toEqual([
    { partition: null, from_version: 2, to_version: 1 },
  ]);
  expect(await names()).toEqual([{ name: "old" }]);
  const history = await call("history", "things.yaml");
  expect(history.out).toContain("rolled_back");
  expect((await call("rollback", "things.yaml", "--to", "7")).code).toBe(2);
});

Deno.test("a target that is being loaded ends the command with 75 and says who loads it", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.yaml": YAML, "things.csv": "id,name\n1,a\n" });
  await using _lock = await lockTarget(test.db, "shop.things");
  const { code, err } = await sluice(
    files.folder,
    { DATABASE_URL: test.url },
    "run",
    "things.yaml",
  );
  expect(code).toBe(75);
  expect(err).toContain('Another run is loading "shop.things"');
});

Deno.test("a database that is away ends the command with 75, a wrong file with 2", async () => {
  using files = workspace({ "things.yaml": YAML, "bad.yaml": YAML.replace("text", "txet") });
  const away = await sluice(
    files.folder,
    { DATABASE_URL: "postgres://u:hidden@127.0.0.1:1/d" },
    "run",
    "things.yaml",
  );
  expect(away.code).toBe(75);
  expect(away.err).not.toContain("hidden");
  const bad = await sluice(
    files.folder,
    { DATABASE_URL: "postgres://127.0.0.1:1/d" },
    "validate",
    "bad.yaml",
  );
  expect(bad.code).toBe(2);
  expect(bad.err).toContain("bad.yaml:5:");
  expect(bad.err).toContain("^^^^");
});

for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
  Deno.test(`${signal} in the middle of a load stops it cleanly`, async () => {
    if (Deno.build.os === "windows") return console.log("skipped: Windows has no such signals");
    await using test = await testDatabase();
    using files = workspace({ "things.yaml": YAML, "things.csv": "id,name\n1,old\n" });
    await sluice(files.folder, { DATABASE_URL: test.url }, "run", "things.yaml");
    // Large enough that the signal arrives while it is read.
    const line = `7,${"x".repeat(60)}\n`;
    files.write("things.csv", "id,name\n" + line.repeat(1_500_000));
    const process = command(files.folder, test.url, ["run", "things.yaml"]).spawn();
    const output = process.output();
    await until("a load is staged", async () => await staged(test.db) > 0);
    process.kill(signal);
    expect((await output).code).toBe(code);
    expect(await test.db.query("select name from shop.things")).toEqual([{ name: "old" }]);
    expect(await staged(test.db)).toBe(0);
    const [run] = await test.db.query<{ status: string }>(
      "select status from sluice.runs order by started_at desc limit 1",
    );
    expect(run.status).toBe("interrupted");
  });
}

/** Staging tables of the second version. */
async function staged(db: { query<Row>(sql: string): Promise<Row[]> }): Promise<number> {
  const [{ n }] = await db.query<{ n: number }>(
    "select count(*)::int as n from pg_class where relname = 'things__all__v2'",
  );
  return n;
}

import { expect } from "packages/expect.ts";
import { quoteIdent } from "../../src/core/quote.ts";
import { workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { sluice } from "../support/sluice.ts";

const THINGS = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: integer, name: text }
`;

const ORDERS = `
pipeline: orders
source: { url: nothing.csv }
target: { table: shop.orders }
columns: { id: integer }
schedule: { cron: "0 6 * * *" }
`;

function caller(folder: string) {
  return (...args: string[]) => sluice(folder, {}, ...args);
}

interface Told {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly hint: string | null;
}

Deno.test("doctor, status and the first line tell of a folder and of its database", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.csv": "id,name\n1,a\nx,b\n" });
  await Deno.mkdir(`${files.folder}/pipelines`);
  files.write("pipelines/things.yaml", THINGS.replace("things.csv", "../things.csv"));
  files.write("pipelines/orders.yaml", ORDERS);
  files.write("pipelines/.env", `DATABASE_URL=${test.url}`);
  const call = caller(files.folder);
  const where = new URL(test.url).pathname.slice(1);

  const doctor = await call("doctor", "pipelines", "--output", "json");
  expect(doctor).toMatchObject({ code: 1, err: "" });
  const { findings } = JSON.parse(doctor.out) as { findings: Told[] };
  const bad = findings.filter(({ status }) => status === "bad");
  expect(bad).toEqual([{
    name: "orders",
    status: "bad",
    message: "its source does not exist",
    hint: "Correct `source.url`",
  }]);
  for (const name of ["version", "writes", "grants", "connections", "clock", "ledger", "disk"]) {
    expect(findings.map((each) => each.name)).toContain(name);
  }
  expect(findings.find(({ name }) => name === "disk")?.message).toMatch(
    /^[\d.]+ \wB are free here$/,
  );
  expect(findings.find(({ name }) => name === ".env")?.message)
    .toBe(`${files.folder}/pipelines/.env`);
  expect(findings.find(({ name }) => name === "connection")?.message).toContain(where);
  expect(JSON.stringify(findings)).not.toContain(new URL(test.url).password || "no password");
  expect((await test.db.query("select from pg_namespace where nspname = 'sluice'")).length).toBe(0);

  expect((await call("status", "--output", "json")).out).toContain('"last": null');
  const run = await call("run", "pipelines/things.yaml");
  expect(run.code).toBe(3);
  expect(run.err.split("\n")[0]).toMatch(/^things is shop\.things in postgres:\/\/.*\/test_/);
  files.write("things.csv", "id,name\n1,a\n");
  for (const command of ["plan", "run", "history", "rejects", "check"]) {
    const { err } = await call(command, "pipelines/things.yaml");
    expect(err.split("\n")[0]).toContain(`things is shop.things in postgres://`);
  }
  const status = await call("status", "pipelines/", "--output", "json");
  expect(status.code).toBe(0);
  expect(JSON.parse(status.out).pipelines).toMatchObject([
    { pipeline: "orders", version: null, last: null, next: expect.stringMatching(/T06:00:00/) },
    {
      pipeline: "things",
      target: "shop.things",
      partitions: 1,
      version: 1,
      rows: 1,
      last: { status: "succeeded", rows_rejected: 0 },
      next: null,
    },
  ]);
  expect((await call("status")).out).toMatch(/things +v1 +1 +\d+ s +succeeded/);
});

Deno.test("doctor says what a role may not do, and what keeps it from the database", async () => {
  await using test = await testDatabase();
  using files = workspace({ "things.yaml": THINGS, "things.csv": "id,name\n" });
  const call = caller(files.folder);
  const role = `reader_${crypto.randomUUID().slice(0, 8)}`;
  const url = new URL(test.url);
  await test.db.query(`create role ${quoteIdent(role)} login password 'x';
create schema shop; create table shop.things (id int)`);
  try {
    url.username = role;
    url.password = "x";
    const { code, out } = await call("doctor", "things.yaml", "--database", url.href);
    expect(code).toBe(1);
    expect(out).toMatch(/^warning +grants .*may not create schemas/m);
    expect(out).toMatch(/^BAD +things .*may not create tables in the schema "shop"/m);
    const away = await call("doctor", "--database", "postgres://u:secret@127.0.0.1:1/none");
    expect(away.code).toBe(1);
    expect(away.out).toMatch(/^BAD +connection/m);
    expect(away.out).not.toContain("secret");
  } finally {
    await test.db.query(`drop owned by ${quoteIdent(role)}; drop role ${quoteIdent(role)}`);
  }
});

Deno.test("db status tells that nothing runs, and starts nothing", async () => {
  using files = workspace();
  const { code, out } = await caller(files.folder)("db", "status");
  expect({ code, out }).toEqual({ code: 0, out: "Postgres is not running\n" });
  expect([...Deno.readDirSync(files.folder)]).toEqual([]);
});

Deno.test("run and validate take a folder, and say where it has no pipelines", async () => {
  await using test = await testDatabase();
  using files = workspace({ "b.yaml": THINGS, "things.csv": "id,name\n1,a\n", ".env": "" });
  files.write("a.yaml", THINGS.replaceAll("things\n", "others\n").replace("shop.things", "shop.o"));
  const call = caller(files.folder);
  const valid = await call("validate", ".");
  expect(valid.out).toBe("ok  ./a.yaml  (others)\nok  ./b.yaml  (things)\n");
  const run = await call("run", ".", "--database", test.url, "--output", "json");
  expect(run.code).toBe(0);
  expect(JSON.parse(run.out).runs.map((each: { file: string }) => each.file))
    .toEqual(["./a.yaml", "./b.yaml"]);
  await Deno.mkdir(`${files.folder}/none`);
  const none = await call("validate", "none");
  expect(none.code).toBe(2);
  expect(none.err).toContain("cli/no_pipelines");
});

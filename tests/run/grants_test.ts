import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import type { Database } from "../../src/db/database.ts";
import { readHistory, readRejects } from "../../src/ledger/mod.ts";
import { MODES } from "../../src/plan/modes/mod.ts";
import { rollbackPipeline } from "../../src/run/mod.ts";
import type { RefreshMode } from "../../src/spec/pipeline_spec.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { type TestDatabase, testDatabase } from "../support/postgres.ts";

// Runs as roles that have what docs/database.md lists, word for word, and nothing else.

const DOCS = Deno.readTextFileSync(new URL("../../docs/database.md", import.meta.url));
const ALL_MODES = Object.keys(MODES) as RefreshMode[];

const yaml = (mode: RefreshMode, keyed: boolean) => `
pipeline: orders
${mode === "partition" ? "partitions: { by: month, from: 2021-01, to: 2021-01 }" : ""}
source: { url: orders.csv }
target: { table: shop.orders${mode === "partition" ? ", partition_column: at" : ""} }
refresh: { mode: ${mode} }
${keyed ? `idempotency_key: [${keyOf(mode)}]\n` : ""}rejects: { limit: 1 }
columns: { id: { type: integer, required: true }, name: text, at: { type: date, required: true } }
`;

function keyOf(mode: RefreshMode): string {
  return mode === "partition" ? "id, at" : "id";
}

const FIRST = "id,name,at\n1,one,2021-01-01\n2,two,2021-01-02\nbad,row,2021-01-03\n";
const SECOND = "id,name,at\n2,TWO,2021-01-02\n3,three,2021-01-03\nbad,row,2021-01-03\n";

Deno.test("a role that makes its schemas needs the grants of docs/database.md and no others", async () => {
  await using test = await testDatabase();
  await using role = await roleWith(test, grantsOf("A role that makes its schemas"));
  for (const mode of ALL_MODES) {
    await loadTwiceAndBack(role.db, mode, mode !== "partition");
    await test.db.query("drop schema shop cascade; delete from sluice.loads");
  }
});

Deno.test("a role that loads into a schema that stands needs the grants of docs/database.md", async () => {
  await using test = await testDatabase();
  await prepare(test, "create schema shop");
  const grants = grantsOf("A role that loads into a schema that stands");
  await using role = await roleWith(test, grants);
  for (const mode of ALL_MODES) {
    await loadTwiceAndBack(role.db, mode, mode !== "partition");
    await test.db.query("drop schema shop cascade; delete from sluice.loads; create schema shop");
    await test.db.query(role.fill(grants));
  }
});

for (const [mode, keyed, toLoad, toRollBack] of modesTable()) {
  Deno.test(`${mode} ${keyed ? "with" : "without"} a key into somebody else's table needs what docs/database.md says`, async () => {
    await using test = await testDatabase();
    const interval = mode === "history"
      ? ", _valid_from timestamptz, _valid_to timestamptz, _current boolean"
      : "";
    await prepare(
      test,
      `create schema shop;
create table shop.orders (id int not null, name text, at date not null${interval})`,
    );
    if (keyed) {
      const which = mode === "history" ? "where _current" : "";
      await test.db.query(`create unique index on shop.orders (${keyOf(mode)}) ${which}`);
    }
    const grants = grantsOf("A table that belongs to somebody else");
    const more = (privileges: string) => `grant ${privileges} on shop.orders to loader;\n`;
    const loads = toLoad === "" ? "" : more(toLoad);
    await using role = await roleWith(test, grants + loads);
    using files = workspace({ "orders.csv": FIRST });
    const spec = specOf(yaml(mode, keyed), files.folder);
    await load(role.db, spec, 1);
    files.write("orders.csv", SECOND);
    await load(role.db, spec, 2);
    if (toRollBack !== "") await test.db.query(role.fill(more(toRollBack)));
    await rollbackPipeline(spec, {}, testContext(role.db).context);
    const rows = await role.db.query("select id from shop.orders");
    expect(rows.length).toBe(2);
    await expect(role.db.query("truncate shop.orders")).rejects.toMatchObject({
      code: "db/permission_denied",
    });
  });
}

Deno.test("a role without a grant is told which statement wants it, and nothing is changed", async () => {
  await using test = await testDatabase();
  await prepare(test, "create schema shop");
  await using role = await roleWith(test, "grant connect on database warehouse to loader;");
  using files = workspace({ "orders.csv": FIRST });
  const spec = specOf(yaml("full", true), files.folder);
  await expect(run(role.db, spec)).rejects.toMatchObject({
    code: "db/permission_denied",
    retry: "never",
    postgres: { code: "42501" },
  });
  expect(await test.db.query("select from pg_tables where schemaname = 'shop'")).toEqual([]);
});

async function loadTwiceAndBack(db: Database, mode: RefreshMode, keyed: boolean): Promise<void> {
  using files = workspace({ "orders.csv": FIRST });
  const spec = specOf(yaml(mode, keyed), files.folder);
  await load(db, spec, 1);
  files.write("orders.csv", SECOND);
  await load(db, spec, 2);
  expect((await readHistory(db, spec)).versions.length).toBe(2);
  expect((await readRejects(db, spec, { limit: 10 })).total).toBe(1);
  await rollbackPipeline(spec, {}, testContext(db).context);
  expect((await db.query("select id from shop.orders")).length).toBe(2);
}

async function load(
  db: Database,
  spec: ReturnType<typeof specOf>,
  version: number,
): Promise<void> {
  const { status, error, partitions } = await run(db, spec);
  expect({ status, error }).toEqual({ status: "succeeded", error: null });
  expect(partitions[0].version).toBe(version);
}

/** What an administrator does before: a ledger of their own, by a run of their own, and a schema. */
async function prepare({ db }: TestDatabase, sql: string): Promise<void> {
  using files = workspace({ "orders.csv": FIRST });
  const theirs = yaml("full", true).replace("pipeline: orders", "pipeline: theirs")
    .replace("shop.orders", "theirs.orders");
  expect((await run(db, specOf(theirs, files.folder))).status).toBe("succeeded");
  await db.query(sql);
}

interface Role extends AsyncDisposable {
  readonly db: Database;
  /** Puts this test's names in the place of those of the docs. */
  fill(sql: string): string;
}

/** Connects as a fresh role which has these grants, and not even what everybody has. */
async function roleWith(test: TestDatabase, grants: string): Promise<Role> {
  const role = `loader_${crypto.randomUUID().slice(0, 8)}`;
  const [{ database }] = await test.db.query<{ database: string }>(
    "select current_database() as database",
  );
  const fill = (sql: string) =>
    sql.replace(/\bwarehouse\b/g, database).replace(/\bloader\b/g, role);
  await test.db.query(`create role ${role} login password 'loader' nosuperuser`);
  await test.db.query(`revoke all on database ${database} from public;
    revoke all on schema public from public`);
  await test.db.query(fill(grants));
  const url = new URL(test.url);
  url.username = role;
  url.password = "loader";
  const db = await connect({ url: url.href });
  return {
    db,
    fill,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await test.db.query(`drop owned by ${role} cascade`);
      await test.db.query(`drop role ${role}`);
    },
  };
}

/** What stands under a heading of docs/database.md. */
function sectionOf(heading: string): string {
  return DOCS.split(`### ${heading}\n`)[1].split(/^##/m)[0];
}

/** The SQL under a heading. */
function grantsOf(heading: string): string {
  return /```sql\n([^`]+)```/.exec(sectionOf(heading))![1];
}

/** Mode, whether it has a key, and the privileges to load and to roll back, of the docs' table. */
function modesTable(): [RefreshMode, boolean, string, string][] {
  const rows = sectionOf("A table that belongs to somebody else").split("\n").filter((line) =>
    line.startsWith("| `")
  );
  return rows.flatMap((line) => {
    const [modes, toLoad, toRollBack] = line.split("|").slice(1, 4).map((cell) => cell.trim());
    const keyed = / with a key$/.test(modes) || /upsert|history/.test(modes);
    return [...modes.matchAll(/`(\w+)`/g)].map(([, mode]) =>
      [mode as RefreshMode, keyed, toLoad.replaceAll("`", ""), toRollBack.replaceAll("`", "")] as [
        RefreshMode,
        boolean,
        string,
        string,
      ]
    );
  });
}

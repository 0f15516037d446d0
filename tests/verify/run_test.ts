import { expect } from "packages/expect.ts";
import { exitCodeOfRun } from "../../src/cli/exit_code.ts";
import type { Database } from "../../src/db/database.ts";
import { planPipeline, replayRejects } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { corruptingDatabase } from "./corrupting_database.ts";

const ROWS = Array.from(
  { length: 5000 },
  (_, at) =>
    `${at},${(at * 7 % 1000) / 100},name ${String(at).padStart(5, "0")},${
      at % 3 === 0 ? "" : "x"
    }\n`,
);
const FILE = `id,fare,name,note\n${ROWS.join("")}`;

function yaml(more = "", target = ""): string {
  return `
pipeline: rides
source: { url: rides.csv }
target: { table: ny.rides${target} }
columns: { id: { type: integer, required: true }, fare: "numeric(10,2)", name: text, note: text }
${more}`;
}

Deno.test("a byte that changes between the file and the table refuses the load", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({ "rides.csv": FILE });
  const before = await run(database.db, specOf(yaml(), files.folder));
  expect(before.status).toBe("succeeded");
  files.write("rides.csv", `${FILE}5000,1.00,name 05000,x\n`);
  const broken = corruptingDatabase(database.db, "name 02500", "name 02501");
  const result = await run(broken.db, specOf(yaml("verify: full"), files.folder));
  expect(broken.struck()).toBe(1);
  expect(result.status).toBe("failed");
  expect(exitCodeOfRun(result)).toBe(1);
  const [partition] = result.partitions;
  expect(partition!.status).toBe("failed");
  expect(partition!.error).toMatchObject({
    code: "check/verify_mismatch",
    retry: "never",
    details: { columns: "name", rows: 5001 },
  });
  expect(partition!.error!.message).toMatch(
    /^What Postgres holds is not what was sent: column "name": the hash of what was sent is [0-9a-f]{16}, of what is held [0-9a-f]{16}$/,
  );
  expect(partition!.error!.hint).toContain("Nothing was published");
  // The version before is live as it was, and nothing is left behind.
  expect(await count(database.db)).toBe(5000);
  const tables = await database.db.query<{ n: number }>(
    "select count(*) as n from pg_class where relnamespace = 'ny'::regnamespace and relkind = 'r'",
  );
  expect(tables[0]!.n).toBe(1);
});

Deno.test("without verifying the same byte is published", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({ "rides.csv": FILE });
  const broken = corruptingDatabase(database.db, "name 02500", "name 02501");
  const result = await run(broken.db, specOf(yaml(), files.folder));
  expect(broken.struck()).toBe(1);
  expect(result.status).toBe("succeeded");
  expect(await count(database.db)).toBe(5000);
});

Deno.test("the least and the greatest value are named where they differ", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({ "rides.csv": FILE });
  const spec = specOf(yaml("verify: full"), files.folder);
  const least = await run(corruptingDatabase(database.db, "name 00000", "mame 00000").db, spec);
  expect(least.partitions[0]!.error!.message).toContain(
    'the least value sent is "name 00000", held "mame 00000"',
  );
  const most = await run(corruptingDatabase(database.db, "name 04999", "name 09999").db, spec);
  expect(most.partitions[0]!.error!.message).toContain(
    'the greatest value sent is "name 04999", held "name 09999"',
  );
});

Deno.test("--verify verifies what the pipeline does not, and the result has its seconds", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({ "rides.csv": FILE });
  const spec = specOf(yaml(), files.folder);
  const broken = corruptingDatabase(database.db, "name 02500", "name 02501");
  const refused = await run(broken.db, spec, { verify: true });
  expect(refused.partitions[0]!.error!.code).toBe("check/verify_mismatch");
  const plain = await planPipeline(spec, ALL, testContext(database.db).context);
  expect(plain.partitions[0]!.verify).toBeNull();
  const result = await run(database.db, spec, { verify: true });
  expect(result.status).toBe("succeeded");
  expect(result.partitions[0]!.phases.verify).toBeGreaterThan(0);
});

const FULL: readonly { readonly what: string; readonly yaml: string; readonly loaded: number }[] = [
  { what: "a whole table", yaml: yaml("verify: full"), loaded: 5000 },
  { what: "lineage", yaml: yaml("verify: full", ", lineage: true"), loaded: 5000 },
  {
    what: "rows that are rejected, by their fields and by a rule, and duplicates",
    yaml: yaml(
      `verify: full
idempotency_key: [note, fare]
on_duplicate: keep_last
rejects: { limit: 5000 }
rules: { cheap: { check: "fare < 5", on_fail: reject } }`,
    ).replace("name: text", "name: { type: text, one_of: [name 00001, name 00002, name 00003] }"),
    loaded: 3,
  },
  {
    what: "a merge by key",
    yaml: yaml("verify: full\nidempotency_key: [id]\nrefresh: { mode: upsert }"),
    loaded: 5000,
  },
  {
    what: "a file without a row",
    yaml: yaml("verify: full").replace("rides.csv", "empty.csv"),
    loaded: 0,
  },
  {
    what: "a merge that only adds",
    yaml: yaml("verify: full\nrefresh: { mode: append }"),
    loaded: 5000,
  },
  {
    what: "a column that the file does not have",
    yaml: yaml("verify: full\nschema_contract: { missing_columns: discard_value }").replace(
      "note: text",
      "note: text, extra: jsonb",
    ),
    loaded: 5000,
  },
];

for (const each of FULL) {
  Deno.test(`a load is verified: ${each.what}`, async () => {
    await using database = await ledgerDatabase();
    using files = workspace({ "rides.csv": FILE, "empty.csv": "id,fare,name,note\n" });
    const result = await run(database.db, specOf(each.yaml, files.folder));
    expect(result.partitions[0]!.error).toBeNull();
    expect(result.partitions[0]!.phases.verify).toBeGreaterThan(0);
    expect(await count(database.db)).toBe(each.loaded);
  });
}

Deno.test("rows that only Postgres can refuse are verified where they wait", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({ "rides.csv": FILE });
  await database.db.query(
    "create schema ny; create table ny.rides (id int, fare numeric(10,2), name text check (name <> 'name 02500'), note text)",
  );
  const spec = specOf(
    yaml("verify: full\nrefresh: { mode: append }\nrejects: { limit: 5 }"),
    files.folder,
  );
  const broken = corruptingDatabase(database.db, "name 04000", "name 04001");
  const refused = await run(broken.db, spec);
  expect(refused.partitions[0]!.error?.code).toBe("check/verify_mismatch");
  expect(await count(database.db)).toBe(0);
  const result = await run(database.db, spec);
  expect(result.partitions[0]!.error).toBeNull();
  expect(result.partitions[0]!.rows_rejected).toBe(1);
  expect(await count(database.db)).toBe(4999);
});

Deno.test("a table whose columns are domains is verified", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({ "rides.csv": FILE });
  await database.db.query(
    `create schema ny; create domain ny.name as text check (value <> ''); create domain ny.fare as numeric(10,2);
create domain ny.id as integer not null;
create table ny.rides (id ny.id, fare ny.fare, name ny.name, note ny.name)`,
  );
  const spec = specOf(yaml("verify: full\nrefresh: { mode: append }"), files.folder);
  const result = await run(database.db, spec);
  expect(result.partitions[0]!.error).toBeNull();
  expect(await count(database.db)).toBe(5000);
});

Deno.test("rejected rows that are replayed are verified", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({ "rides.csv": FILE });
  const limited = yaml("verify: full\nidempotency_key: [id]\nrejects: { limit: 5000 }").replace(
    "name: text",
    "name: { type: text, one_of: [name 00001] }",
  );
  expect((await run(database.db, specOf(limited, files.folder))).status).toBe("succeeded");
  const spec = specOf(yaml("verify: full\nidempotency_key: [id]"), files.folder);
  const replay = (db: Database) => replayRejects(spec, undefined, testContext(db).context);
  const broken = corruptingDatabase(database.db, "name 02500", "name 02501");
  const refused = await replay(broken.db);
  expect(refused.partitions[0]!.error?.code).toBe("check/verify_mismatch");
  expect(await count(database.db)).toBe(1);
  const result = await replay(database.db);
  expect(result.partitions[0]!.error).toBeNull();
  expect(await count(database.db)).toBe(5000);
});

Deno.test("a trigger that changes rows while they are copied is found", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({ "rides.csv": FILE });
  const spec = specOf(yaml("verify: full"), files.folder);
  const { context } = testContext(database.db);
  const [partition] = (await planPipeline(spec, ALL, context)).partitions;
  const staging = partition!.staging;
  const touching = corruptingDatabase(
    database.db,
    "name",
    "name",
    `create function public.touch() returns trigger language plpgsql as
'begin new.note := null; return new; end';
create trigger touch before insert on "${staging.schema}"."${staging.table}"
for each row execute function public.touch()`,
  );
  const result = await run(touching.db, spec);
  expect(result.partitions[0]!.error!.message).toContain(
    'column "note": 3333 values and 1667 NULLs were sent, Postgres holds 0 and 5000, ',
  );
  expect(result.partitions[0]!.error!.message).toContain('the least value sent is "x", held none');
});

async function count(db: { query<T>(sql: string): Promise<T[]> }): Promise<number> {
  const rows = await db.query<{ n: number }>("select count(*) as n from ny.rides");
  return rows[0]!.n;
}

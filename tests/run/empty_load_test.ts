import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { rollbackPipeline } from "../../src/run/mod.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { it, ledgerDatabase } from "../support/every_db.ts";

// A load without rows never takes the place of rows, unless the pipeline says that it may.

const THINGS = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: MODE }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, name: text }
rules: { known: name <> 'unknown' }
rejects: { limit: 100% }
`;
const FULL = "id,name\n1,a\n2,b\n";

async function ids(db: Database, table = "shop.things"): Promise<string> {
  const [{ ids }] = await db.query<{ ids: string | null }>(
    `select string_agg(id::text, ' ' order by id) as ids from ${table} t
where coalesce(to_jsonb(t) ->> '_current', 'true') = 'true'`,
  );
  return ids ?? "";
}

/** Files of which no row is left, and what the pipeline file must say of them. */
const NOTHING_LEFT: readonly {
  readonly what: string;
  readonly file: string;
  readonly contract?: string;
  readonly message: string;
}[] = [
  { what: "a header alone", file: "id,name\n", message: "The source has no rows" },
  { what: "a header without a line end", file: "id,name", message: "The source has no rows" },
  {
    what: "rows that are all rejected",
    file: "id,name\nx,a\ny,b\n",
    message: "None of 2 rows is left (2 rejected, 0 discarded)",
  },
  {
    what: "rows that all fail a rule",
    file: "id,name\n1,unknown\n",
    message: "None of 1 rows is left (1 rejected, 0 discarded)",
  },
  {
    what: "rows that are all discarded for a column too many",
    file: "id,name,more\n1,a,x\n2,b,y\n",
    contract: "{ new_columns: discard_row }",
    message: "None of 2 rows is left (0 rejected, 2 discarded)",
  },
  {
    what: "rows that are all discarded for a missing column",
    file: "id\n1\n",
    contract: "{ missing_columns: discard_row }",
    message: "None of 1 rows is left (0 rejected, 1 discarded)",
  },
  {
    what: "rows that are all discarded for their type",
    file: "id,name\nx,a\n",
    contract: "{ type_changes: discard_row }",
    message: "None of 1 rows is left (0 rejected, 1 discarded)",
  },
];

for (const { what, file, contract, message } of NOTHING_LEFT) {
  it(`full: ${what} leaves the table as it is`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": FULL });
    const yaml = THINGS.replace("MODE", "full") +
      (contract === undefined ? "" : `schema_contract: ${contract}\n`);
    await run(test.db, specOf(yaml, files.folder));
    files.write("things.csv", file);
    // Again and again, and by force as well.
    for (const force of [false, false, true]) {
      const result = await run(test.db, specOf(yaml, files.folder), { force });
      expect(result).toMatchObject({
        status: "refused",
        error: {
          code: "load/empty",
          message: `${message}, and "shop.things" has some that would go`,
          hint: expect.stringContaining("allow_empty: true"),
        },
      });
      expect(await ids(test.db)).toBe("1 2");
    }
    expect(
      await test.db.query("select from pg_tables where tablename like 'things\\_\\_all\\_\\_v2%'"),
    )
      .toEqual([]);
    const allowed = specOf(
      yaml.replace("mode: full", "mode: full, allow_empty: true"),
      files.folder,
    );
    expect(await run(test.db, allowed)).toMatchObject({ status: "succeeded", rows_loaded: 0 });
    expect(await ids(test.db)).toBe("");
    await rollbackPipeline(allowed, {}, testContext(test.db).context);
    expect(await ids(test.db)).toBe("1 2");
  });
}

const TABLE = `create schema shop;
create table shop.things (id integer primary key, name text);
insert into shop.things values (7, 'theirs')`;

interface Merging {
  readonly mode: string;
  readonly more?: string;
  readonly table?: string;
  /** What is live after a load without rows. */
  readonly kept: string;
  /** The same where the mode takes rows away and the pipeline file says that it may. */
  readonly left?: string;
}

const MERGING: readonly Merging[] = [
  { mode: "full", table: TABLE, kept: "1 2", left: "" },
  { mode: "history", more: ", hard_deletes: invalidate", kept: "1 2", left: "" },
  { mode: "history", kept: "1 2" },
  { mode: "upsert", kept: "1 2" },
  { mode: "append", kept: "1 2" },
  { mode: "append", table: TABLE, kept: "1 2 7" },
];

for (const { mode, more = "", table = "", kept, left } of MERGING) {
  const of = table === "" ? "" : " of a table of others";
  it(`${mode}${more}${of}: a load without rows takes none away`, async () => {
    await using test = await ledgerDatabase();
    if (table !== "") await test.db.query(table);
    using files = workspace({ "things.csv": FULL });
    const yaml = THINGS.replace("MODE", `${mode}${more}`);
    expect(await run(test.db, specOf(yaml, files.folder))).toMatchObject({ status: "succeeded" });
    files.write("things.csv", "id,name\n");
    const result = await run(test.db, specOf(yaml, files.folder));
    expect(result.status).toBe(left === undefined ? "succeeded" : "refused");
    expect(await ids(test.db)).toBe(kept);
    if (left === undefined) return;
    const allowed = yaml.replace(`mode: ${mode}`, `mode: ${mode}, allow_empty: true`);
    expect(await run(test.db, specOf(allowed, files.folder))).toMatchObject({
      status: "succeeded",
    });
    expect(await ids(test.db)).toBe(left);
  });
}

const MONTHS = `
pipeline: months
source: { url: "{partition}.csv" }
target: { table: shop.months, partition_column: month }
partitions: { by: list, values: [a, b], publish: PUBLISH }
refresh: { mode: partition }
columns: { id: integer }
`;

for (const publish of ["each", "together"]) {
  it(`partition: a load without rows leaves its partition, published ${publish}`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "a.csv": "id\n1\n", "b.csv": "id\n" });
    const spec = specOf(MONTHS.replace("PUBLISH", publish), files.folder);
    // There is nothing yet that would go.
    expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_loaded: 1 });
    files.write("a.csv", "id\n");
    files.write("b.csv", "id\n2\n");
    const result = await run(test.db, spec);
    expect(result.status).toBe("refused");
    expect(result.partitions[0]).toMatchObject({
      status: "refused",
      error: {
        code: "load/empty",
        message: `The source has no rows, and partition a of "shop.months" has some that would go`,
      },
    });
    expect(await ids(test.db, "shop.months")).toBe(publish === "each" ? "1 2" : "1");
  });
}

Deno.test("full: a table that holds no rows may be loaded with none", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name\n" });
  const spec = specOf(THINGS.replace("MODE", "full"), files.folder);
  for (const force of [false, true]) {
    expect(await run(test.db, spec, { force })).toMatchObject({ status: "succeeded" });
  }
  files.write("things.csv", FULL);
  await run(test.db, spec);
  await test.db.query("delete from shop.things");
  files.write("things.csv", "id,name\n");
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_loaded: 0 });
});

import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import type { RefreshMode } from "../../src/spec/pipeline_spec.ts";
import { rollbackPipeline } from "../../src/run/mod.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";
import { run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { it, ledgerDatabase } from "../support/every_db.ts";

const THINGS = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
refresh: { mode: MODE }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, name: text, extra: json }
`;

const FIRST = "id,name,extra\n1,one,\n2,two,{}\n3,three,\n";
const SECOND = "id,name,extra\n2,TWO,{}\n3,three,\n4,four,[4]\n";

function things(mode: RefreshMode, folder: string, yaml = THINGS): PipelineSpec {
  return specOf(yaml.replace("MODE", mode), folder);
}

async function rollback(db: Database, spec: PipelineSpec, to?: number, partition?: string) {
  const request = {
    ...(to === undefined ? {} : { to }),
    ...(partition === undefined ? {} : { partition }),
  };
  const { partitions } = await rollbackPipeline(spec, request, testContext(db).context);
  return partitions.map(({ from_version, to_version }) => [from_version, to_version]);
}

/** Rows as `id:name`, with a mark for versions that are closed. */
async function names(db: Database, table = "shop.things"): Promise<string> {
  const rows = await db.query<{ text: string }>(
    `select id || ':' || coalesce(name, '-') ||
  case when to_jsonb(t) ->> '_current' = 'false' then 'x' else '' end as text
from ${table} t order by id, to_jsonb(t) ->> '_valid_from', name collate "C"`,
  );
  return rows.map(({ text }) => text).join(" ");
}

const CHANGES: readonly {
  mode: RefreshMode;
  second: string;
  changes: Record<string, number>;
}[] = [
  {
    mode: "append",
    second: "1:one 2:two 3:three 4:four",
    changes: { inserted: 1, updated: 0, deleted: 0, unchanged: 2 },
  },
  {
    mode: "upsert",
    second: "1:one 2:TWO 3:three 4:four",
    changes: { inserted: 1, updated: 1, deleted: 0, unchanged: 1 },
  },
  {
    mode: "history",
    second: "1:one 2:twox 2:TWO 3:three 4:four",
    changes: { inserted: 2, updated: 0, deleted: 1, unchanged: 1 },
  },
];

for (const { mode, second, changes } of CHANGES) {
  it(`refresh.mode: ${mode} merges a load, goes back, forward and to the very start`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace({ "things.csv": FIRST });
    const spec = things(mode, files.folder);
    expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_loaded: 3 });
    expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
    files.write("things.csv", SECOND);
    const { partitions: [partition] } = await run(test.db, spec);
    expect(partition).toMatchObject({ status: "published", version: 2, changes });
    expect(await names(test.db)).toBe(second);
    const after = await test.db.query("select * from shop.things order by 1, 2");

    expect(await rollback(test.db, spec)).toEqual([[2, 1]]);
    expect(await names(test.db)).toBe("1:one 2:two 3:three");
    expect(await run(test.db, spec)).toMatchObject({ status: "unchanged" });
    expect(await rollback(test.db, spec, 2)).toEqual([[1, 2]]);
    expect(await test.db.query("select * from shop.things order by 1, 2")).toEqual(after);
    expect(await rollback(test.db, spec, 0)).toEqual([[2, 0]]);
    expect(await names(test.db)).toBe("");
    expect(await rollback(test.db, spec, 2)).toEqual([[0, 2]]);
    expect(await test.db.query("select * from shop.things order by 1, 2")).toEqual(after);
    await expect(rollback(test.db, spec, 2)).rejects.toMatchObject({
      code: "plan/unknown_version",
      hint: "Versions that can be put back: 0, 1",
    });
  });
}

it("append with a key counts rows that are there already as duplicates", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": FIRST });
  const spec = things("append", files.folder);
  await run(test.db, spec);
  files.write("things.csv", SECOND);
  expect(await run(test.db, spec)).toMatchObject({
    rows_read: 3,
    rows_loaded: 1,
    rows_duplicate: 2,
  });
  const [load] = await test.db.query(
    "select rows, rows_inserted, based_on from sluice.loads where version = 2",
  );
  expect(load).toEqual({ rows: 1, rows_inserted: 1, based_on: 1 });
});

it("append without a key adds equal rows again, and rollback takes as many away", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": "id,name,extra\n1,a,\n1,a,\n,,\n" });
  const yaml = THINGS.replace("idempotency_key: [id]\n", "").replace(", required: true", "");
  const spec = things("append", files.folder, yaml);
  await run(test.db, spec);
  files.write("things.csv", "id,name,extra\n1,a,\n2,b,\n,,\n");
  await run(test.db, spec);
  const count = async () =>
    (await test.db.query<{ n: string }>(
      `select string_agg(coalesce(id::text, '-'), ' ' order by id) as n from shop.things`,
    ))[0].n;
  expect(await count()).toBe("1 1 1 2 - -");
  expect(await rollback(test.db, spec)).toEqual([[2, 1]]);
  expect(await count()).toBe("1 1 -");
});

it("history closes what vanished where hard_deletes says so, and rollback reopens it", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": FIRST });
  const yaml = THINGS.replace("mode: MODE", "mode: history, hard_deletes: invalidate");
  const spec = specOf(yaml, files.folder);
  await run(test.db, spec);
  files.write("things.csv", SECOND);
  const { partitions: [partition] } = await run(test.db, spec);
  expect(partition.changes).toEqual({ inserted: 2, updated: 0, deleted: 2, unchanged: 1 });
  expect(await names(test.db)).toBe("1:onex 2:twox 2:TWO 3:three 4:four");
  const [{ gaps }] = await test.db.query<{ gaps: number }>(
    `select count(*) as gaps from shop.things a join shop.things b using (id)
where not a._current and b._current and a._valid_to <> b._valid_from`,
  );
  expect(gaps).toBe(0);
  await rollback(test.db, spec);
  expect(await names(test.db)).toBe("1:one 2:two 3:three");
});

it("rollback refuses to lose later changes, and lists them", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": FIRST });
  const later: readonly [RefreshMode, string, string][] = [
    ["upsert", "update shop.things set name = 'mine' where id = 2", "id = 2"],
    ["upsert", "delete from shop.things where id = 4", "id = 4"],
    ["append", "update shop.things set name = 'mine' where id = 4", "id = 4"],
    ["history", "update shop.things set name = 'mine' where id = 4", "id = 4"],
    ["history", "delete from shop.things where id = 2 and not _current", "id = 2"],
  ];
  for (const [mode, change, example] of later) {
    await test.db.query("drop schema if exists shop, sluice cascade");
    const spec = things(mode, files.folder);
    files.write("things.csv", FIRST);
    await run(test.db, spec);
    files.write("things.csv", SECOND);
    await run(test.db, spec);
    await test.db.query(change);
    const before = await names(test.db);
    await expect(rollback(test.db, spec)).rejects.toMatchObject({
      code: "publish/later_changes",
      message: expect.stringContaining(example),
    });
    expect(await names(test.db)).toBe(before);
    const [{ version }] = await test.db.query<{ version: number }>(
      "select version from sluice.loads where state = 'live'",
    );
    expect(version).toBe(2);
  }
});

it("sources of many partitions are merged into one table, and rolled back one by one", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({
    "t_2021-01.csv": "id,name,extra\n1,a,\n2,b,\n",
    "t_2021-02.csv": "id,name,extra\n2,B,\n3,c,\n",
  });
  const yaml = THINGS.replace("things.csv", `"t_{month}.csv"`) +
    "partitions: { by: month, from: 2021-01, to: 2021-02 }\n";
  const spec = things("upsert", files.folder, yaml);
  expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_loaded: 4 });
  expect(await names(test.db)).toBe("1:a 2:B 3:c");
  await expect(rollback(test.db, spec, undefined, "2021-01")).rejects.toMatchObject({
    code: "publish/later_changes",
    message: expect.stringContaining("id = 2"),
  });
  expect(await rollback(test.db, spec, undefined, "2021-02")).toEqual([[1, 0]]);
  expect(await names(test.db)).toBe("1:a 2:b");
  expect(await rollback(test.db, spec, undefined, "2021-01")).toEqual([[1, 0]]);
  expect(await names(test.db)).toBe("");
});

it("merges go into a partitioned target, each load into its partition", async () => {
  for (const mode of ["append", "upsert", "history"] as const) {
    await using test = await ledgerDatabase();
    using files = workspace({
      "t_2021-01.csv": "id,at,name,extra\n1,2021-01-05,a,\n2,2021-01-06,b,\n",
      "t_2021-02.csv": "id,at,name,extra\n2,2021-02-01,B,\n",
    });
    const yaml = THINGS.replace("things.csv", `"t_{month}.csv"`)
      .replace("shop.things", "shop.things, partition_column: at")
      .replace("[id]", "[id, at]")
      .replace("name: text", "at: date, name: text") +
      "partitions: { by: month, from: 2021-01, to: 2021-02 }\nrejects: { limit: 1 }\n";
    const spec = things(mode, files.folder, yaml);
    expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_loaded: 3 });
    files.write(
      "t_2021-01.csv",
      "id,at,name,extra\n2,2021-01-06,bb,\n3,2021-01-07,c,\n9,2021-03-01,,\n",
    );
    expect(await run(test.db, spec)).toMatchObject({ status: "succeeded", rows_rejected: 1 });
    const partitions = await test.db.query<{ part: string }>(
      "select distinct tableoid::regclass::text as part from shop.things order by 1",
    );
    expect(partitions.length).toBe(2);
    await rollback(test.db, spec, undefined, "2021-01");
    expect(await names(test.db)).toBe(mode === "history" ? "1:a 2:b 2:B" : "1:a 2:B 2:b");
  }
});

it("lineage alone is no change", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": FIRST });
  const spec = things(
    "upsert",
    files.folder,
    THINGS.replace("things }", "things, lineage: true }"),
  );
  await run(test.db, spec);
  const result = await run(test.db, spec, { force: true });
  expect(result.partitions[0].changes).toMatchObject({ updated: 0, unchanged: 3 });
});

it("upsert compares to the byte: json and trailing zeros count as changes", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": `id,name,extra\n1,1.0,"{""a"":1}"\n` });
  const spec = things("upsert", files.folder, THINGS.replace("name: text", "name: numeric"));
  await run(test.db, spec);
  files.write("things.csv", `id,name,extra\n1,1.00,"{""a"":1}"\n`);
  expect((await run(test.db, spec)).partitions[0].changes).toMatchObject({ updated: 1 });
  files.write("things.csv", `id,name,extra\n1,1.00,"{""a"": 1}"\n`);
  expect((await run(test.db, spec)).partitions[0].changes).toMatchObject({ updated: 1 });
  files.write("things.csv", `id,name,extra\n1,1.00,"{""a"": 1}"\n\n`);
  expect((await run(test.db, spec, { force: true })).partitions[0].changes)
    .toMatchObject({ unchanged: 1 });
});

it("versions beyond target.versions cannot be gone back to, and leave no table", async () => {
  for (const mode of ["append", "upsert", "history"] as const) {
    for (const versions of [0, 1, 2]) {
      await using test = await ledgerDatabase();
      using files = workspace();
      const yaml = THINGS.replace("things }", `things, versions: ${versions} }`);
      const spec = things(mode, files.folder, yaml);
      for (let n = 1; n <= 5; n++) {
        files.write("things.csv", `id,name,extra\n0,v${n},\n${n},new,\n`);
        expect(await run(test.db, spec)).toMatchObject({ status: "succeeded" });
      }
      const states = await test.db.query<{ state: string }>(
        "select state from sluice.loads order by version",
      );
      expect(states.filter(({ state }) => state === "retained").length).toBe(versions);
      const [{ tables }] = await test.db.query<{ tables: number }>(
        `select count(*) as tables from pg_tables where tablename like 'things\\_\\_%'`,
      );
      expect(tables).toBe(versions * (mode === "append" ? 1 : 2));
      if (versions === 0) {
        await expect(rollback(test.db, spec)).rejects.toMatchObject({
          code: "plan/nothing_to_roll_back",
        });
        continue;
      }
      expect(await rollback(test.db, spec, 5 - versions)).toEqual([[5, 5 - versions]]);
      await expect(rollback(test.db, spec, 4 - versions)).rejects.toMatchObject({
        code: expect.stringMatching(/plan\/(unknown_version|version_gone)/),
      });
    }
  }
});

it("a target keeps its rows when the mode changes from full to upsert and back", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "things.csv": FIRST });
  await run(test.db, things("full", files.folder));
  files.write("things.csv", SECOND);
  const upsert = things("upsert", files.folder);
  await run(test.db, upsert);
  expect(await names(test.db)).toBe("1:one 2:TWO 3:three 4:four");
  await rollback(test.db, upsert);
  expect(await names(test.db)).toBe("1:one 2:two 3:three");
  await rollback(test.db, upsert, 2);
  files.write("things.csv", "id,name,extra\n7,seven,\n");
  const full = things("full", files.folder);
  expect(await run(test.db, full)).toMatchObject({ status: "succeeded" });
  expect(await names(test.db)).toBe("7:seven");
  // What was merged into the table that left cannot be told apart any more.
  await expect(rollback(test.db, full)).rejects.toMatchObject({
    code: "plan/nothing_to_roll_back",
  });
  const tables = await test.db.query(
    `select tablename from pg_tables where tablename like 'things\\_\\_%'`,
  );
  expect(tables).toEqual([{ tablename: "things__all__v3" }]);
});

import { expect } from "packages/expect.ts";
import { planPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

interface Case {
  readonly mode: "partition" | "upsert" | "append" | "history";
  readonly column: boolean;
  readonly keyed: boolean;
  readonly lineage?: boolean;
  /** Somebody else's plain table. */
  readonly foreign?: boolean;
  readonly noticed: boolean;
}

const CASES: readonly Case[] = [
  { mode: "upsert", column: false, keyed: true, noticed: true },
  { mode: "append", column: false, keyed: true, noticed: true },
  { mode: "history", column: false, keyed: true, noticed: true },
  { mode: "append", column: false, keyed: false, lineage: true, noticed: true },
  // Nothing tells the rows of its months: changed ones would be taken for gone, and added again.
  { mode: "append", column: false, keyed: false, noticed: false },
  { mode: "upsert", column: true, keyed: true, noticed: true },
  { mode: "append", column: true, keyed: false, noticed: true },
  { mode: "upsert", column: true, keyed: true, foreign: true, noticed: true },
  { mode: "append", column: true, keyed: false, foreign: true, noticed: true },
  { mode: "partition", column: true, keyed: true, foreign: true, noticed: true },
  { mode: "partition", column: true, keyed: false, foreign: true, noticed: true },
];

const yaml = ({ mode, column, keyed, lineage }: Case) => `
pipeline: things
source: { url: "{month}.csv" }
target:
  table: shop.things
  ${column ? "partition_column: day" : ""}
  lineage: ${lineage ?? false}
partitions: { by: month, from: 2021-01, to: 2021-03 }
refresh: { mode: ${mode} }
${keyed ? "idempotency_key: [id, day]" : ""}
columns:
  id: { type: integer, required: true }
  day: { type: date, required: true }
  n: integer
`;

for (const each of CASES) {
  const { mode, column, keyed, lineage = false, foreign = false, noticed } = each;
  const what = `${mode}, ${column ? "with" : "without"} a partition column, ${
    keyed ? "keyed" : "without key"
  }${lineage ? ", with lineage" : ""}${foreign ? ", another's table" : ""}`;
  Deno.test(`${what}: an emptied month is ${noticed ? "" : "not "}loaded again`, async () => {
    await using test = await ledgerDatabase();
    using files = workspace();
    for (const month of [1, 2, 3]) {
      files.write(`2021-0${month}.csv`, `id,day,n\n1,2021-0${month}-05,1\n2,2021-0${month}-06,1\n`);
    }
    if (foreign) {
      await test.db.query(
        `create schema shop; create table shop.things (id int not null, day date not null, n int${
          keyed ? ", unique (id, day)" : ""
        })`,
      );
    }
    const spec = specOf(yaml(each), files.folder);
    await run(test.db, spec);
    // A second version of one month, which changes one row: the other one is the first version's.
    files.write("2021-02.csv", "id,day,n\n1,2021-02-05,1\n2,2021-02-06,2\n");
    if (keyed) await run(test.db, spec);
    else files.write("2021-02.csv", "id,day,n\n1,2021-02-05,1\n2,2021-02-06,1\n");
    const live = async () =>
      await test.db.query<{ day: string; n: number }>(
        "select id, day::text, n from shop.things order by day, id, n",
      );
    const before = await live();
    const statuses = async () => (await run(test.db, spec)).partitions.map(({ status }) => status);
    const unchanged = ["unchanged", "unchanged", "unchanged"];
    expect(await statuses()).toEqual(unchanged);
    // One row of it left is enough, and a changed one is still there.
    await test.db.query("delete from shop.things where day = '2021-02-06'");
    await test.db.query("update shop.things set n = 7 where day = '2021-01-05'");
    expect(await statuses()).toEqual(unchanged);
    await test.db.query("update shop.things set n = 1 where day = '2021-01-05'");
    await test.db.query("delete from shop.things where day >= '2021-02-01' and day < '2021-03-01'");
    const { partitions } = await planPipeline(spec, ALL, testContext(test.db).context);
    expect(partitions.map(({ action }) => action)).toEqual([
      "skip",
      noticed ? "load" : "skip",
      "skip",
    ]);
    if (!noticed) return;
    expect(partitions[1].reason).toMatch(
      /^shop\.things has no row left of version [12], which had 2$/,
    );
    expect(await statuses()).toEqual(["unchanged", "published", "unchanged"]);
    // What was closed is in no file any more; what was left alone as known comes from the newest.
    expect(await live()).toEqual(
      before.filter(({ day, n }) => day !== "2021-02-06" || n === 2 || mode !== "history")
        .map((row) =>
          mode === "append" && keyed && row.day === "2021-02-06" ? { ...row, n: 2 } : row
        ),
    );
    expect(await statuses()).toEqual(unchanged);
  });
}

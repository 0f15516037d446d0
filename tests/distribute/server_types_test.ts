import { expect } from "packages/expect.ts";
import { createTypes } from "../run/server_types.ts";
import { it, ledgerDatabase } from "../support/every_db.ts";
import { workspace } from "../support/pipeline.ts";
import { MONTHS, runMonths, worker } from "./support.ts";

const ignore = Deno.build.os === "windows";
if (ignore) console.log("skipped: Windows has no such signals");

it(
  { name: "workers load columns that Postgres reads, and tell what it does not", ignore },
  async () => {
    await using test = await ledgerDatabase();
    await createTypes(test.db);
    using files = workspace({
      ...Object.fromEntries(
        MONTHS.map((month) => [`${month}.csv`, "id,mood,tags\n1,sad,{a}\n2,glad,{b}\n3,ok,b}\n"]),
      ),
      "months.yaml": `
pipeline: months
partitions: { by: month, from: 2026-01, to: 2026-06 }
source: { url: "{month}.csv" }
target: { table: shop.months }
columns: { id: integer, mood: shop.mood, tags: "text[]" }
rejects: { limit: 90% }
verify: full
`,
    });
    await using _one = worker(files.folder, test.url);
    await using _two = worker(files.folder, test.url);
    const { code, result } = await runMonths(files.folder, test.url);
    expect({ code, result }).toMatchObject({
      code: 0,
      result: { status: "succeeded", rows_loaded: 6, rows_rejected: 12 },
    });
    expect(
      await test.db.query(
        "select mood::text, tags::text, count(*)::int as n from shop.months group by 1, 2",
      ),
    ).toEqual([{ mood: "sad", tags: "{a}", n: 6 }]);
  },
);

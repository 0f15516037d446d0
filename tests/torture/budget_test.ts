import { expect } from "packages/expect.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { ALL, run, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { expectSums, pipelineOf, readRejects } from "./ground.ts";

/** A limit, so many good and bad rows and duplicates, and whether that is too many. */
const BUDGETS: readonly (readonly [
  limit: string,
  good: number,
  bad: number,
  twins: number,
  refused: boolean,
])[] = [
  ["0", 10, 0, 0, false],
  ["0", 10, 1, 0, true],
  ["0", 0, 0, 0, false],
  ["3", 1, 3, 0, false],
  ["3", 100, 4, 0, true],
  ["3", 1, 2, 1, false],
  ["3", 1, 2, 2, true],
  ["0%", 10, 1, 0, true],
  ["1%", 198, 2, 0, false],
  ["1%", 197, 2, 0, true],
  ["1%", 99, 0, 1, false],
  ["1%", 98, 0, 1, true],
  ["0.5%", 199, 1, 0, false],
  ["0.5%", 198, 1, 0, true],
  ["33.3%", 667, 333, 0, false],
  ["33.3%", 666, 333, 0, true],
  ["1.14%", 4943, 57, 0, false],
  ["100%", 0, 5, 0, false],
];

Deno.test("the limit of rejects holds to the row, duplicates included, and a refusal changes nothing", async (test) => {
  await using database = await ledgerDatabase();
  const { db } = database;
  for (const [index, [limit, good, bad, twins, refused]] of BUDGETS.entries()) {
    await test.step(`${limit}: ${good} good, ${bad} bad, ${twins} twice`, async () => {
      const target = `torture.budget_${index}`;
      using files = workspace({ "data.csv": "id,name\n-1,live\n" });
      const yaml = pipelineOf({
        settings: "idempotency_key: [id]\nrefresh: { mode: full, allow_empty: true }",
      }, target)
        .replace("limit: 100%", `limit: ${limit}`);
      const spec = specOf(yaml, files.folder);
      expect((await run(db, spec)).status).toBe("succeeded");

      const rows = Array.from({ length: good }, (_, id) => `${id},good\n`);
      const others = [
        ...Array.from({ length: bad }, () => "x,bad\n"),
        ...Array.from({ length: twins }, () => "0,twin\n"),
      ];
      files.write("data.csv", ["id,name\n", ...rows, ...others].join(""));
      const result = await run(db, spec);
      expectSums(result);
      expect(result).toMatchObject({
        status: refused ? "refused" : "succeeded",
        rows_read: good + bad + twins,
        rows_rejected: bad + twins,
        rows_loaded: refused ? 0 : good,
      });
      if (refused) expect(result.error?.code).toBe("rows/too_many_rejects");
      // Of a refused load, too, everybody can see what was wrong.
      const rejects = await readRejects(db, result.run_id);
      expect(rejects.map(({ line }) => line)).toEqual(others.map((_, at) => good + at + 2));
      const live = await db.query(`select distinct name from ${target}`);
      const name = refused ? "live" : "good";
      expect(live).toEqual(refused || good > 0 ? [{ name }] : []);
    });
  }
});

Deno.test("rejects beyond those that are kept are counted, and a warning says so", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({ "data.csv": "id,name\n" + "x,bad\n".repeat(10_020) });
  const yaml = pipelineOf({}, "torture.kept").replace("limit: 100%", "limit: 5");
  const { context, events } = testContext(database.db);
  const result = await runPipeline(specOf(yaml, files.folder), ALL, context);
  expect(result).toMatchObject({ status: "refused", rows_read: 10_020, rows_rejected: 10_020 });
  expect(await readRejects(database.db, result.run_id)).toHaveLength(10_005);
  expect(events.flatMap((event) => event.type === "warning" ? [event.message] : [])).toEqual([
    "Kept the first 10005 rejects, not the others",
  ]);
});

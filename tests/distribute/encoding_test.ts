import { expect } from "packages/expect.ts";
import { resolveTarget } from "../../src/db/connection/resolve_target.ts";
import { type LoadJob, openQueue } from "../../src/distribute/queue.ts";
import { planPipeline, runPipeline } from "../../src/run/mod.ts";
import { ALL, specOf, testContext, workspace } from "../support/pipeline.ts";
import { testDatabase } from "../support/postgres.ts";
import { content, expected, months, runMonths, worker, YAML } from "./support.ts";

const ignore = Deno.build.os === "windows";

/** Encodings that lack what stands in these tests; the second takes bytes as they come. */
const ENCODINGS = ["LATIN1", "SQL_ASCII"];

for (const encoding of ENCODINGS) {
  Deno.test(`jobs keep every character in a database of ${encoding}, and so do their failures`, async () => {
    await using test = await testDatabase(encoding);
    await using queue = await openQueue(await resolveTarget(test.url), "1", 5);
    const partition = { source: { url: '日本/€ "\\u65e5\\ é😀\u2028.csv' } };
    const job = { runId: crypto.randomUUID(), position: 0, plan: { pipeline: "ä日" }, partition };
    await queue.addLoad(job as unknown as LoadJob, 3);
    // Added twice, as where an answer got lost.
    await queue.addLoad(job as unknown as LoadJob, 3);
    const seen: LoadJob[] = [];
    const second = Promise.withResolvers<void>();
    const worker = await queue.work({
      concurrency: 1,
      followed: 1,
      load(job) {
        seen.push(job);
        if (seen.length === 1) return Promise.reject(new Error("There is no file 日本 é"));
        second.resolve();
        return Promise.resolve();
      },
      run: () => Promise.resolve(),
      onName: () => {},
    });
    // A worker that cannot write down why a job failed ends.
    await Promise.race([
      second.promise,
      worker.ended.then(() => Promise.reject(new Error("ended"))),
    ]);
    await worker.stop();
    expect(seen).toEqual([job, job] as unknown as LoadJob[]);
  });

  Deno.test({
    name: `a distributed run loads files of any name in a database of ${encoding}`,
    ignore,
    fn: async () => {
      await using test = await testDatabase(encoding);
      const named = Object.fromEntries(
        Object.entries(months(20)).map(([name, text]) => [`日本€ ${name}`, text]),
      );
      const yaml = YAML.replace("{month}.csv", "日本€ {month}.csv");
      using files = workspace({ ...named, "months.yaml": yaml });
      await using _worker = worker(files.folder, test.url);
      const { code, result } = await runMonths(files.folder, test.url);
      expect({ code, status: result.status }).toEqual({ code: 0, status: "succeeded" });
      expect(await content(test)).toEqual(expected(20));
      const again = await runMonths(files.folder, test.url);
      expect(again.result.status).toBe("unchanged");
      Deno.removeSync(`${files.folder}/日本€ 2026-03.csv`);
      const gone = await runMonths(files.folder, test.url);
      expect(gone.result.status).not.toBe("succeeded");
    },
  });
}

const SMALL = `
pipeline: things
source: { url: things.csv }
target: { table: shop.things }
columns: { id: integer, name: text }
`;

/** What the name is of, and the file that has it. */
const NAMES: readonly (readonly [what: string, yaml: string])[] = [
  ["table", SMALL.replace("shop.things", "shop.日本")],
  ["table", SMALL.replace("shop.things", "日本.things")],
  ["column", SMALL.replace("name: text", "日本: { type: text, from: name }")],
  [
    "partition",
    SMALL.replace("source:", "partitions: { by: list, values: [a, 日本] }\nsource:")
      .replace("things.csv", `"{partition}.csv"`),
  ],
  ["condition", `${SMALL}rules: { a: "name <> '日本'" }\n`],
];

Deno.test("names that the database's encoding lacks are told before anything is done", async () => {
  await using test = await testDatabase("LATIN1");
  using files = workspace({ "things.csv": "id,name\n1,a\n", "a.csv": "", "日本.csv": "" });
  for (const [what, yaml] of NAMES) {
    const spec = specOf(yaml, files.folder);
    const refusal = {
      code: "db/not_in_encoding",
      message: expect.stringMatching(
        new RegExp(
          `^The ${what} ".*日本.*" cannot be stored in this database: .* LATIN1, lacks "日", "本"$`,
        ),
      ),
    };
    const { context } = testContext(test.db);
    await expect(planPipeline(spec, ALL, context)).rejects.toMatchObject(refusal);
    await expect(runPipeline(spec, ALL, context)).rejects.toMatchObject(refusal);
    expect(
      await test.db.query(
        "select from pg_namespace where nspname not in ('sluice', 'public') and nspname !~ '^pg_|^information'",
      ),
    )
      .toEqual([]);
  }
  // What it has is a name like any other.
  const right = specOf(SMALL.replace("shop.things", "shop.Zoë"), files.folder);
  const { context } = testContext(test.db);
  expect((await runPipeline(right, ALL, context)).status).toBe("succeeded");
});

Deno.test("a column that the header brings is told as well", async () => {
  await using test = await testDatabase("LATIN1");
  using files = workspace({ "things.csv": "id,name,日本\n1,a,b\n" });
  const spec = specOf(`${SMALL}schema_contract: { new_columns: evolve }\n`, files.folder);
  await expect(runPipeline(spec, ALL, testContext(test.db).context)).rejects.toMatchObject({
    code: "db/not_in_encoding",
    message: expect.stringContaining('The column "日本"'),
  });
});

import { expect } from "packages/expect.ts";
import type { RunResult } from "../../src/core/result.ts";
import type { Database } from "../../src/db/database.ts";
import { runPipeline } from "../../src/run/mod.ts";
import { ALL, specOf, testContext, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { expectSums, pipelineOf } from "./ground.ts";

const HEADER = "id,name\n";
/** More than is read ahead, so that the file is still being read when it changes. */
const ROWS = 200_000;
const LINES = Array.from({ length: ROWS }, (_, id) => `${id},name of ${id}\n`).join("");

/** What somebody does to the file while it is read, and the rows it has then. */
const CHANGES: readonly {
  readonly name: string;
  change(path: string): void;
  readonly rows: number;
}[] = [
  {
    name: "grows",
    change: (path) => Deno.writeTextFileSync(path, `${ROWS},new\n`, { append: true }),
    rows: ROWS + 1,
  },
  {
    name: "shrinks to its header",
    change: (path) => Deno.truncateSync(path, HEADER.length),
    rows: 0,
  },
  {
    name: "shrinks to nothing and is written anew",
    change: (path) => Deno.writeTextFileSync(path, `${HEADER}1,new\n`),
    rows: 1,
  },
  {
    name: "is written over with as many bytes",
    change: (path) => Deno.writeTextFileSync(path, HEADER + LINES.replaceAll("name of", "NAME OF")),
    rows: ROWS,
  },
  {
    // The old file is open: what is read is one whole file, whatever its name means by now.
    name: "is replaced by another of its name",
    change(path) {
      Deno.writeTextFileSync(`${path}.new`, `${HEADER}1,new\n`);
      Deno.renameSync(`${path}.new`, path);
    },
    rows: ROWS,
  },
];

Deno.test("a file that changes while it is read is read again, and loaded as it is then", async (test) => {
  await using database = await ledgerDatabase();
  for (const [index, { name, change, rows }] of CHANGES.entries()) {
    await test.step(name, async () => {
      using files = workspace({ "data.csv": HEADER + LINES });
      const target = `torture.change_${index}`;
      const path = `${files.folder}/data.csv`;
      let changes = 0;
      const result = await runWith(database.db, files.folder, target, () => {
        if (changes++ === 0) change(path);
      });
      expect(result.error).toBe(null);
      expect(result.rows_loaded).toBe(rows);
      expect(await countRows(database.db, target)).toBe(rows);
    });
  }
});

Deno.test("a file that changes whenever it is read is not loaded, and what is live stays", async () => {
  await using database = await ledgerDatabase();
  const { db } = database;
  using files = workspace({ "data.csv": `${HEADER}1,old\n` });
  const target = "torture.restless";
  expect((await runWith(db, files.folder, target, () => {})).status).toBe("succeeded");

  files.write("data.csv", HEADER + LINES);
  const path = `${files.folder}/data.csv`;
  const result = await runWith(
    db,
    files.folder,
    target,
    () => Deno.writeTextFileSync(path, "1,more\n", { append: true }),
  );
  expect(result.partitions[0]).toMatchObject({
    status: "failed",
    rows_read: 0,
    error: { code: "source/changed_while_reading", retry: "later" },
  });
  expect(result.error!.message).toContain('data.csv" changed while it was read');
  expect(await db.query(`select name from ${target}`)).toEqual([{ name: "old" }]);
  const left = await db.query(`select from sluice.rejected_rows`);
  expect(left).toEqual([]);
});

Deno.test("a file that changes before its duplicates are looked up is read again", async () => {
  await using database = await ledgerDatabase();
  using files = workspace({ "data.csv": `${HEADER}1,one\n1,uno\n2,two\n` });
  let changes = 0;
  const result = await runWith(database.db, files.folder, "torture.late", (stage) => {
    if (stage !== "rows" || changes++ > 0) return;
    files.write("data.csv", `${HEADER}2,two\n3,three\n1,one\n3,drei\n`);
  }, "idempotency_key: [id]");
  expect(result.error).toBe(null);
  expect(result).toMatchObject({ rows_read: 4, rows_loaded: 3, rows_rejected: 1 });
  const rejects = await database.db.query(
    `select line::int as line, code, convert_from(raw, 'UTF8') as raw from sluice.rejected_rows`,
  );
  expect(rejects).toEqual([{ line: 5, code: "duplicate_key", raw: "3,drei" }]);
});

/** Runs without waiting between attempts; `change` is told when reading starts, and of each stage. */
async function runWith(
  db: Database,
  folder: string,
  target: string,
  change: (stage: string) => void,
  settings = "",
): Promise<RunResult> {
  const { context } = testContext(db);
  const result = await runPipeline(specOf(pipelineOf({ settings }, target), folder), ALL, {
    ...context,
    clock: { ...context.clock, sleep: () => Promise.resolve() },
    emit(event) {
      if (event.type === "partition_started") change("start");
      if (event.type === "stage_finished") change(event.stage);
    },
  });
  expectSums(result);
  return result;
}

async function countRows(db: Database, target: string): Promise<number> {
  const [{ count }] = await db.query<{ count: number }>(
    `select count(*)::int as count from ${target}`,
  );
  return count;
}

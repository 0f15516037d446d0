import { expect } from "packages/expect.ts";
import type { RunResult } from "../../src/core/result.ts";
import type { Database } from "../../src/db/database.ts";
import { randomFrom, testSeed } from "../source/support.ts";
import { run, specOf, type Workspace, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { type CorruptFile, corruptFile, FIELDS } from "./accounting/corrupt_file.ts";
import { COLUMNS, judge, type Verdict } from "./accounting/oracle.ts";
import { expectSums, readRejects } from "./ground.ts";

const ROWS = 100_000;

Deno.test("accounting: of 100,000 randomly corrupted rows each is where csv-parse and Postgres say", async (test) => {
  const file = corruptFile(randomFrom(testSeed("accounting")), ROWS);
  expect(Object.keys(file.faults).length).toBe(21);
  await using database = await ledgerDatabase();
  const { db } = database;
  using files = workspace({ "data.csv": file.bytes });
  const verdicts = await judge(db, file);

  await test.step("duplicates are rejects", async () => {
    const target = "torture.rejecting";
    const result = await load(db, files, target, "on_duplicate: reject");
    const isReject = ({ fault, twinsBefore }: Verdict) => fault !== null || twinsBefore > 0;
    const expected = verdicts.filter(isReject);
    await expectRejects(db, result, file, expected);
    expect(result).toMatchObject({
      rows_read: verdicts.length,
      rows_loaded: verdicts.length - expected.length,
      rows_rejected: expected.length,
      rows_duplicate: 0,
      rows_discarded: 0,
    });
    await expectSameRows(db, target, "place");
  });

  await test.step("the last of duplicates is kept, and rows of wrong types are discarded", async () => {
    const target = "torture.discarding";
    const result = await load(
      db,
      files,
      target,
      "on_duplicate: keep_last\nschema_contract: { type_changes: discard_row }",
    );
    const rejects = verdicts.filter(({ fault }) => fault === "shape" || fault === "rule");
    await expectRejects(db, result, file, rejects);
    expect(result).toMatchObject({
      rows_read: verdicts.length,
      rows_loaded: verdicts.filter(({ fault, twinsAfter }) => fault === null && twinsAfter === 0)
        .length,
      rows_rejected: rejects.length,
      rows_duplicate: verdicts.filter(({ twinsAfter }) => twinsAfter > 0).length,
      rows_discarded: verdicts.filter(({ fault }) => fault === "type").length,
    });
    await expectSameRows(db, target, "place desc");
  });
});

async function load(
  db: Database,
  files: Workspace,
  target: string,
  settings: string,
): Promise<RunResult> {
  const columns = COLUMNS.map(({ name, yaml }) => `  ${name}: ${yaml}\n`).join("");
  const yaml = `
pipeline: accounting
source: { url: data.csv }
target: { table: ${target}, lineage: true }
idempotency_key: [id, at]
rejects: { limit: 100% }
columns:
${columns}
${settings}
`;
  const result = await run(db, specOf(yaml, files.folder));
  expect(result.error).toBe(null);
  expectSums(result);
  return result;
}

/** The rejects are the expected ones, in place, column, kind and bytes. */
async function expectRejects(
  db: Database,
  result: RunResult,
  { bytes }: CorruptFile,
  expected: readonly Verdict[],
): Promise<void> {
  const rejects = await readRejects(db, result.run_id);
  const got = rejects.map(({ line, offset, column, code }) => ({
    line,
    offset,
    column,
    fault: faultOf(code),
  }));
  const want = expected.map(({ line, offset, column, fault }) => ({
    line,
    offset,
    column,
    fault: fault ?? "duplicate",
  }));
  const latin1 = new TextDecoder("latin1");
  const withText = (fact: { readonly offset: number }) => {
    const text = latin1.decode(bytes.subarray(fact.offset, fact.offset + 100)).split("\n")[0];
    return { ...fact, text };
  };
  expect(difference(got.map(withText), want.map(withText))).toEqual({ tooMany: [], missing: [] });
  for (const { offset, raw } of rejects) {
    // The bytes as they are, to a line end that is not within quotes, or to the end of the file.
    const next = bytes[offset + raw.length];
    expect(next === 10 || next === 13 || next === undefined).toBe(true);
    const there = bytes.subarray(offset, offset + raw.length);
    expect(latin1.decode(raw)).toBe(latin1.decode(there));
  }
}

function faultOf(code: string): string {
  if (code === "duplicate_key") return "duplicate";
  if (/^(too_few_fields|too_many_fields|text_after_quote)$/.test(code)) return "shape";
  return /^invalid_|^out_of_range$|^nul_byte$/.test(code) ? "type" : "rule";
}

/** A few examples of what only one of two lists has: thousands of lines help nobody. */
function difference(got: readonly unknown[], want: readonly unknown[]) {
  const gotTexts = new Set(got.map((each) => JSON.stringify(each)));
  const wantTexts = new Set(want.map((each) => JSON.stringify(each)));
  return {
    tooMany: [...gotTexts].filter((text) => !wantTexts.has(text)).slice(0, 10),
    missing: [...wantTexts].filter((text) => !gotTexts.has(text)).slice(0, 10),
  };
}

/** The target holds what Postgres itself read from the texts, each key once. */
async function expectSameRows(db: Database, target: string, order: string): Promise<void> {
  const columns = FIELDS.join(", ");
  const kept = `select distinct on (id, at) line, ${columns} from oracle.good
    order by id, at, ${order}`;
  const loaded = `select _source_line, ${columns} from ${target}`;
  const [{ extra, lost }] = await db.query<{ extra: number; lost: number }>(
    `select
       (select count(*)::int from (${loaded} except all (${kept})) extra) as extra,
       (select count(*)::int from ((${kept}) except all ${loaded}) lost) as lost`,
  );
  expect({ extra, lost }).toEqual({ extra: 0, lost: 0 });
}

import { gzipSync } from "node:zlib";
import { expect } from "packages/expect.ts";
import { measure } from "../../bench/measure.ts";
import type { RunResult } from "../../src/core/result.ts";
import type { Database } from "../../src/db/database.ts";
import { workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { expectError, expectSums, pipelineOf, readRejects } from "./ground.ts";
import { type Repeated, writeBomb, writeLarge } from "./large_files.ts";
import { joined, type Part } from "./layout.ts";
import type { TortureCase } from "./torture_case.ts";
import { timeLimit } from "../support/time_limit.ts";
import { DENO_RUN } from "../support/deno_run.ts";

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;
const MB = 1_000_000;
const MIB = 1 << 20;

/** Most memory that a load may take, whatever the file is, with the default limit of a record. */
const PEAK_BYTES = 400 * MB;
/** Nothing here takes more than a few seconds, unless its time grows faster than the file. */
const SECONDS = 30;

/** The facts of a reject that are told for a record of megabytes. */
interface LargeReject {
  readonly line: number;
  readonly offset: number;
  readonly column: string | null;
  readonly code: string;
  readonly rawBytes: number;
}

interface LargeCase extends Pick<TortureCase, "columns" | "settings" | "error" | "ignore"> {
  readonly name: string;
  /** The file, or a function that writes it. */
  readonly file: readonly (Part | Repeated)[] | ((path: string) => void);
  readonly loaded?: number;
  /** Bytes of the longest name that was loaded. */
  readonly longest?: number;
  /** How many rejects, where they are too many to list. */
  readonly rejected?: number;
  /** Rows that are too many bad ones for the budget: nothing is loaded. */
  readonly refused?: number;
  readonly rejects?: readonly LargeReject[];
}

const IGNORE_NEW = "schema_contract: { new_columns: discard_value }";

const LARGE: readonly LargeCase[] = [
  {
    name: "a field of 100 MB, unquoted",
    file: ["id,name\n1,one\n2,", { part: "x", times: 100 * MB }, "\n3,three\n"],
    loaded: 2,
    rejects: [{ line: 3, offset: 14, column: null, code: "record_too_long", rawBytes: 1024 }],
  },
  {
    name: "a field of 100 MB, in quotes",
    file: ['id,name\n1,one\n2,"', { part: "x", times: 100 * MB }, '"\n3,three\n4\n'],
    loaded: 2,
    rejects: [
      { line: 3, offset: 14, column: null, code: "record_too_long", rawBytes: 1024 },
      {
        line: 5,
        offset: 100 * MB + 27,
        column: null,
        code: "too_few_fields",
        rawBytes: 1,
      },
    ],
  },
  {
    name: "a file of 24 MB without a line end after its header",
    file: ["id,name\n", { part: "x,y", times: 8 * MB }],
    loaded: 0,
    rejects: [{ line: 2, offset: 8, column: null, code: "record_too_long", rawBytes: 1024 }],
  },
  {
    name: "a file of 24 MB without any line end",
    file: [{ part: "x,y", times: 8 * MB }],
    error: { code: "source/malformed_header", says: ["more than 2000000 fields"] },
  },
  {
    name: "an unclosed quote at the start of 30 MB: one reject, and the rest is loaded",
    file: ['id,name\n0,"zero\n', { part: `1,${"x".repeat(997)}\n`, times: 30_000 }],
    loaded: 30_000,
    rejects: [{ line: 2, offset: 8, column: null, code: "record_too_long", rawBytes: 1024 }],
  },
  {
    name: "an unclosed quote at the start of 10 MB: one reject, and the rest is loaded",
    file: ['id,name\n0,"zero\n', { part: `1,${"x".repeat(997)}\n`, times: 10_000 }],
    loaded: 10_000,
    rejects: [{ line: 2, offset: 8, column: null, code: "unclosed_quote", rawBytes: 7 }],
  },
  {
    name: "a quote in each line that is never closed: time grows with the file only",
    // Between quotes each of these lines closes one and opens another.
    file: ["id,name\n", { part: '6","\n', times: 200_000 }],
    refused: 200_000,
  },
  {
    name: "10 MB of quotes in one line are a value of 5 MB",
    file: ["id,name\n1,", { part: '"', times: 10 * MB }, "\n2,two\n"],
    loaded: 2,
    longest: 5 * MB - 1,
    rejects: [],
  },
  {
    name: "40 MB of quotes in one line",
    file: ["id,name\n1,", { part: '"', times: 40 * MB }, "\n2,two\n"],
    loaded: 1,
    rejects: [{ line: 2, offset: 8, column: null, code: "record_too_long", rawBytes: 1024 }],
  },
  {
    name: "a million columns in the header, which the pipeline does not know",
    file: ["id,name", { part: ",column", times: MB }, "\n1,one", { part: ",", times: MB }, "\n"],
    error: { code: "rows/schema_mismatch", says: ["the pipeline does not know", "column"] },
  },
  {
    name: "1,500 columns that the header lacks, and 20,000 that look like them",
    columns: `{ ${numbered(1_500, (n) => `column_${n}: text`).join(", ")} }`,
    file: [`${numbered(20_000, (n) => `colunm_${n}x`).join(",")}\n`],
    error: {
      code: "rows/schema_mismatch",
      says: ['the file lacks "column_0"', "and 1480 more", "and 19980 more"],
    },
  },
  {
    name: "a million columns in the header, of which two are read",
    file: [
      ["id,name", 1],
      ["1,one", 1],
      ["2", 0],
      ["3,three", 2],
      ["4,four", 1],
    ].flatMap(([text, millions]) => [text, { part: ",", times: Number(millions) * MB }, "\n"]),
    settings: IGNORE_NEW,
    loaded: 2,
    rejects: [
      { line: 3, offset: 2 * MB + 14, column: null, code: "too_few_fields", rawBytes: 1 },
      {
        line: 4,
        offset: 2 * MB + 16,
        column: null,
        code: "too_many_fields",
        rawBytes: 2 * MB + 7,
      },
    ],
  },
  {
    name: "a million columns in one row",
    file: ["id,name\n1,one\n2,two", { part: ",", times: MB }, "\n3,three\n"],
    loaded: 2,
    rejects: [
      { line: 3, offset: 14, column: null, code: "too_many_fields", rawBytes: MB + 5 },
    ],
  },
  {
    name: "sixteen million columns in one row",
    file: ["id,name\n1,one\n2,two", { part: ",", times: 16 * MB }, "\n3,three\n"],
    loaded: 2,
    rejects: [
      { line: 3, offset: 14, column: null, code: "too_many_fields", rawBytes: 16 * MB + 5 },
    ],
  },
  {
    name: "sixteen million columns in the header",
    file: ["id,name", { part: ",", times: 16 * MB }, "\n1,one\n"],
    error: { code: "source/malformed_header", says: ["more than 2000000 fields"] },
  },
  {
    // A little more is refused as a bomb, whatever is in it.
    name: "a bomb of almost 1 GiB of zeros in 1 MB of gzip",
    file: (path) => writeBomb(path, "id,name\n1,one\n2,", 1008 * MIB, "\n3,three\nx,y\n"),
    loaded: 2,
    rejects: [
      { line: 3, offset: 14, column: null, code: "record_too_long", rawBytes: 1024 },
      {
        line: 5,
        offset: 1008 * MIB + 25,
        column: "id",
        code: "invalid_integer",
        rawBytes: 3,
      },
    ],
  },
  {
    name: "four million records of one byte in 37 KB of gzip",
    file: (path) =>
      Deno.writeFileSync(path, gzipSync(joined(["id,name\n", "x\n".repeat(4 * MIB)]))),
    refused: 4 * MIB,
  },
  {
    name: "30 million empty lines before a bad row",
    file: ["id,name\n", { part: "\n", times: 30 * MB }, "x,y\n1,one\n"],
    loaded: 1,
    rejects: [{
      line: 30 * MB + 2,
      offset: 30 * MB + 8,
      column: "id",
      code: "invalid_integer",
      rawBytes: 3,
    }],
  },
];

if (Deno.build.os !== "linux") console.log("large files: memory is not measured, no Linux");

Deno.test("torture corpus: large files, by the command line, in bounded memory", async (test) => {
  await using database = await ledgerDatabase();
  for (const [index, each] of LARGE.entries()) {
    const ignore = each.ignore !== undefined;
    await test.step({
      name: ignore ? `${each.name} (ignored: ${each.ignore})` : each.name,
      ignore,
      fn: () => endure(database.db, database.url, each, `torture.large_${index}`),
    });
  }
});

function numbered(count: number, text: (n: number) => string): string[] {
  return Array.from({ length: count }, (_, n) => text(n));
}

async function endure(db: Database, url: string, each: LargeCase, target: string): Promise<void> {
  const yaml = pipelineOf(each, target);
  using files = workspace({
    "torture.yaml": each.refused === undefined ? yaml : yaml.replace("limit: 100%", "limit: 0"),
  });
  const path = `${files.folder}/data.csv`;
  if (typeof each.file === "function") each.file(path);
  else writeLarge(path, each.file);

  const permissions = ["--allow-env", "--allow-read", "--allow-net", "--allow-sys=hostname,uid"];
  const { code, seconds, peakBytes, stdout, stderr } = await measure(
    Deno.execPath(),
    [...DENO_RUN, "--no-prompt", ...permissions, MAIN, "run", "torture.yaml", "--output", "json"],
    { env: { DATABASE_URL: url, NO_COLOR: "1" }, cwd: files.folder },
  );
  if (stdout === "") throw new Error(stderr);
  const result: RunResult = JSON.parse(stdout);
  expectSums(result);
  if (each.error !== undefined) {
    expect(code).toBe(1);
    await expectError(db, target, result.partitions[0], each.error);
  } else if (each.refused !== undefined) {
    expect(code).toBe(3);
    expect(result).toMatchObject({
      status: "refused",
      rows_loaded: 0,
      rows_rejected: each.refused,
    });
  } else {
    expect(result.error).toBe(null);
    expect(code).toBe(0);
    if (each.rejects === undefined) expect(result.rows_rejected).toBe(each.rejected);
    else expect(await shortRejects(db, result.run_id)).toEqual(each.rejects);
    expect(result.rows_loaded).toBe(each.loaded);
    if (each.longest !== undefined) expect(await longestName(db, target)).toBe(each.longest);
  }
  expect(peakBytes ?? 0).toBeLessThan(PEAK_BYTES);
  expect(seconds * 1000).toBeLessThan(timeLimit(SECONDS * 1000));
}

async function shortRejects(db: Database, run: string): Promise<LargeReject[]> {
  const rejects = await readRejects(db, run);
  return rejects.map(({ raw, message: _, ...facts }) => ({ ...facts, rawBytes: raw.length }));
}

async function longestName(db: Database, target: string): Promise<number> {
  const [{ longest }] = await db.query<{ longest: number }>(
    `select max(octet_length(name)) as longest from ${target}`,
  );
  return longest;
}

import { expect } from "packages/expect.ts";
import type { Database } from "../../src/db/database.ts";
import { randomFrom, testSeed } from "../source/support.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { rounds } from "../support/rounds.ts";
import { expectSums, pipelineOf, readRejects } from "./ground.ts";
import { joined, lineAt } from "./layout.ts";

const FILES = rounds(30);

/** Bytes that mean something to somebody, and a few that do not. */
const BYTES = ['"', '"', ",", ",", "\n", "\n", "\r", "1", "2", "a", " ", 0, 0xc3, 0xa9, 0xff];

Deno.test("bytes at random: every record is loaded, rejected or empty, at its own place", async () => {
  const random = randomFrom(testSeed("soup"));
  await using database = await ledgerDatabase();
  let loaded = 0;
  let rejected = 0;
  let index = 0;
  // Were all soup alike, little would have been tried. Few rows are good, and some files have none.
  for (; index < FILES || loaded === 0 && index < FILES * 20; index++) {
    const length = 1 + Math.floor(random() * 400);
    const soup = Array.from({ length }, () => BYTES[Math.floor(random() * BYTES.length)]);
    const counts = await endure(database.db, joined(["id,name\n", ...soup]), index);
    loaded += counts.loaded;
    rejected += counts.rejected;
  }
  console.log(`  ${index} files, ${loaded} rows, ${rejected} rejects`);
  expect(loaded).toBeGreaterThan(0);
  expect(rejected).toBeGreaterThan(index);
});

async function endure(db: Database, bytes: Uint8Array, index: number) {
  using files = workspace({ "data.csv": bytes });
  const target = `torture.soup_${index}`;
  const result = await run(db, specOf(pipelineOf({}, target), files.folder));
  expectSums(result);
  expect(result.error).toBe(null);
  const rejects = await readRejects(db, result.run_id);
  expect(rejects.length).toBe(result.rows_rejected);
  const rows = await db.query<{ line: number; id: string; name: string | null }>(
    `select _source_line::float8 as line, id::text, name from ${target}`,
  );
  expect(rows.length).toBe(result.rows_loaded);

  // Rejects give their bytes back, overlap nowhere, and no good row begins on the line of one.
  const lines = new Set(rows.map(({ line }) => line));
  expect(lines.size).toBe(rows.length);
  let end = "id,name\n".length;
  for (const { line, offset, raw, code } of rejects) {
    expect(offset).toBeGreaterThanOrEqual(end);
    expect(bytes.subarray(offset, offset + raw.length)).toEqual(raw);
    expect(line).toBe(lineAt(bytes, offset));
    expect(lines.has(line)).toBe(false);
    expect(raw.length).toBeGreaterThan(0);
    end = offset + raw.length;
    // What comes before a record and behind it is a line end, or the end of the file.
    expect([10, 13]).toContain(bytes[offset - 1]);
    expect([10, 13, undefined]).toContain(bytes[end]);
    expect(code).not.toBe("record_too_long");
  }
  // A value that was loaded stands in the file as it is.
  const text = new TextDecoder("latin1").decode(bytes);
  for (const { id } of rows) expect(text).toContain(id);
  return { loaded: rows.length, rejected: rejects.length };
}

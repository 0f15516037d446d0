import { expect } from "packages/expect.ts";
import type { PartitionResult, RunResult } from "../../src/core/result.ts";
import type { Database } from "../../src/db/database.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { type ExpectedReject, layOut } from "./layout.ts";
import { type TortureCase, TWO_COLUMNS } from "./torture_case.ts";

/** Most bytes that an error may have, hint and all: it is for a person to read. */
const MAX_ERROR_BYTES = 20_000;

/** A rejected row as the ledger has it. */
export interface StoredReject extends ExpectedReject {
  readonly message: string;
}

/** A test whose steps are the cases, all on one database. */
export function testCases(title: string, cases: readonly TortureCase[]): void {
  Deno.test(title, async (test) => {
    await using database = await ledgerDatabase();
    for (const [index, each] of cases.entries()) {
      const ignore = each.ignore !== undefined;
      await test.step({
        name: ignore ? `${each.name} (ignored: ${each.ignore})` : each.name,
        ignore,
        fn: () => endure(database.db, each, index),
      });
    }
  });
}

async function endure(db: Database, each: TortureCase, index: number): Promise<void> {
  const layout = layOut(each.pieces);
  using files = workspace({ "data.csv": each.stored?.(layout.bytes) ?? layout.bytes });
  const target = `torture.case_${index}`;
  const result = await run(db, specOf(pipelineOf(each, target), files.folder));
  expectSums(result);
  const partition = result.partitions[0];
  if (each.error !== undefined) return await expectError(db, target, partition, each.error);

  expect(result.error).toBe(null);
  const rejects = await readRejects(db, result.run_id);
  expect(rejects.map(shown)).toEqual(layout.rejects.map(shown));
  for (const { offset, raw } of rejects) {
    expect(layout.bytes.subarray(offset, offset + raw.length)).toEqual(raw);
  }
  const rows = await readRows(db, target);
  expect(rows).toEqual(layout.rows);
  expect(result.status).toBe("succeeded");
  expect(result.rows_loaded).toBe(rows.length);
  expect(result.rows_rejected).toBe(rejects.length);
}

/** A reject without its message, and with a text of one character for each byte. */
function shown({ line, offset, column, code, raw }: ExpectedReject): Record<string, unknown> {
  return { line, offset, column, code, raw: new TextDecoder("latin1").decode(raw) };
}

/** A pipeline in which everything may be rejected and each row knows its line. */
export function pipelineOf(
  { columns = TWO_COLUMNS, format = "", settings = "" }: Partial<TortureCase>,
  target: string,
  file = "data.csv",
): string {
  return `
pipeline: torture
source: { url: ${JSON.stringify(file)}, format: { type: csv, ${format} } }
target: { table: ${target}, lineage: true }
rejects: { limit: 100% }
columns: ${columns}
${settings}
`;
}

/** What holds for every run, whatever came of it. */
export function expectSums(result: RunResult): void {
  for (const counts of [result, ...result.partitions]) {
    expect(counts.rows_read).toBe(
      counts.rows_loaded + counts.rows_rejected + counts.rows_duplicate + counts.rows_discarded,
    );
  }
}

/** The partition failed as it should, and nothing of it can be seen. */
export async function expectError(
  db: Database,
  target: string,
  { status, error, rows_loaded }: PartitionResult,
  { code, says }: NonNullable<TortureCase["error"]>,
): Promise<void> {
  expect({ status, code: error?.code }).toEqual({ status: "failed", code });
  for (const words of says) expect(error!.message).toContain(words);
  expect(JSON.stringify(error).length).toBeLessThan(MAX_ERROR_BYTES);
  expect(rows_loaded).toBe(0);
  const loads = await db.query("select from sluice.loads where target = $1", [target]);
  expect(loads).toEqual([]);
  const left = await db.query<{ name: string }>(
    `select child.relname::text as name from pg_class child
     join pg_namespace on pg_namespace.oid = child.relnamespace
     where nspname || '.' || child.relname like $1 || '\\_\\_%'`,
    [target],
  );
  expect(left).toEqual([]);
}

export async function readRejects(db: Database, run: string): Promise<StoredReject[]> {
  return await db.query<StoredReject>(
    `select line::float8 as line, byte_offset::float8 as "offset", column_name as "column",
       code, message, raw
     from sluice.rejected_rows where run_id = $1 order by byte_offset`,
    [run],
  ).then((rows) => rows.map((row) => ({ ...row, raw: new Uint8Array(row.raw) })));
}

/** Every row of the target as Postgres writes its values, in the order of the file. */
async function readRows(
  db: Database,
  target: string,
): Promise<{ line: number; values: (string | null)[] }[]> {
  const rows = await db.query<{ line: number; row: string }>(
    `select _source_line::float8 as line, (
       select json_agg(value order by place)::text
       from json_each_text(to_json(loaded)) with ordinality as field (name, value, place)
       where name not in ('_run_id', '_loaded_at', '_source_file', '_source_line')
     ) as row from ${target} loaded order by _source_line`,
  );
  return rows.map(({ line, row }) => ({ line, values: JSON.parse(row) }));
}

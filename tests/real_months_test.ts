import { expect } from "packages/expect.ts";
import { loadSpec } from "../src/spec/load_spec.ts";
import { readSource } from "./data/read_source.ts";
import { readRejects, readTable } from "./data/read_table.ts";
import { expectFile, expectNothing } from "./data/slow_load.ts";
import { run } from "./support/pipeline.ts";
import { testDatabase } from "./support/postgres.ts";

const FILE = new URL("./data/yellow_months.yaml", import.meta.url);
const DATA = new URL("../../shared/data/nyc_tlc/yellow_csv/", import.meta.url);
const absent = !exists(DATA);
if (absent) console.log("36 real months: skipped, ../shared/data is not here");

Deno.test({
  name: "36 real months load in one run: every row accounted for, every sum as in the files",
  ignore: absent,
  async fn() {
    const { spec, diagnostics } = loadSpec(await Deno.readTextFile(FILE), {
      file: "tests/data/yellow_months.yaml",
      folder: await Deno.realPath(new URL(".", FILE)),
      variables: {},
    });
    expect(diagnostics).toEqual([]);
    await using database = await testDatabase();
    const result = await run(database.db, spec!);
    expect(result.error).toBe(null);
    expect(result.partitions.length).toBe(36);
    expect(result.partitions.filter(({ status }) => status !== "published")).toEqual([]);
    expect(result.rows_read).toBe(360_000);
    expect(result.rows_loaded + result.rows_rejected).toBe(360_000);

    const expected = expectNothing(spec!);
    for (const { source } of result.partitions) {
      expectFile(spec!, await readSource(source), expected);
    }
    expect(result.rows_loaded).toBe(expected.loaded);
    expect(await readRejects(database.db, result.run_id)).toEqual(expected.rejects);
    // Sums of numeric(10,2) that are equal to the last digit: no field had a third decimal.
    expect(await readTable(database.db, spec!)).toEqual({
      rows: expected.loaded,
      columns: expected.columns,
    });
  },
});

function exists(url: URL): boolean {
  try {
    return Deno.statSync(url).isDirectory;
  } catch {
    return false;
  }
}

import { expect } from "expect";
import { loadSpec } from "../src/spec/load_spec.ts";
import type { PipelineSpec } from "../src/spec/pipeline_spec.ts";
import { readSource } from "./data/read_source.ts";
import { readRejects, readTable } from "./data/read_table.ts";
import { expectFile, expectNothing } from "./data/slow_load.ts";
import { run } from "./support/pipeline.ts";
import { ledgerDatabase } from "./support/postgres.ts";

const FOLDER = new URL("../pipelines/", import.meta.url);
const FILES = [...Deno.readDirSync(FOLDER)]
  .map(({ name }) => name)
  .filter((name) => name.endsWith(".yaml"))
  .sort();

for (const name of FILES) {
  const text = Deno.readTextFileSync(new URL(name, FOLDER));

  Deno.test(`pipelines/${name} names the editor's schema in its first line`, () => {
    expect(text.split("\n")[0]).toBe(
      "# yaml-language-server: $schema=../schemas/pipeline.schema.json",
    );
  });

  Deno.test(`pipelines/${name} is valid in each of its environments`, () => {
    const environments = environmentsOf(text);
    for (const environment of environments) {
      expect(readSpec(name, text, environment).environment).toBe(environment);
    }
    expect(readSpec(name, text).environment).toBe(environments[0] ?? null);
  });

  Deno.test(`pipelines/${name} loads what its files hold, and nothing the second time`, async () => {
    const spec = readSpec(name, text);
    await using database = await ledgerDatabase();
    const result = await run(database.db, spec);
    expect(result.error).toBe(null);
    expect(result.status).toBe("succeeded");

    const expected = expectNothing(spec);
    for (const { source } of result.partitions) {
      expectFile(spec, await readSource(source), expected);
    }
    expect(expected.loaded).toBeGreaterThan(0);
    const rejected = Object.values(expected.rejects).reduce((sum, count) => sum + count, 0);
    expect({
      read: result.rows_read,
      loaded: result.rows_loaded,
      rejected: result.rows_rejected,
      duplicates: result.rows_duplicate,
    }).toEqual({
      read: expected.read,
      loaded: expected.loaded,
      rejected,
      duplicates: expected.duplicates,
    });
    expect(await readRejects(database.db, result.run_id)).toEqual(expected.rejects);
    const table = await readTable(database.db, spec);
    expect(table).toEqual({ rows: expected.loaded, columns: expected.columns });

    const again = await run(database.db, spec);
    expect(again.status).toBe("unchanged");
    expect(again.rows_read).toBe(0);
    expect(await readTable(database.db, spec)).toEqual(table);
  });
}

Deno.test("pipelines/ holds the datasets that the README names", () => {
  for (const name of ["yellow_taxi", "taxi_zones", "openflights_airports", "github_events"]) {
    expect(FILES).toContain(`${name}.yaml`);
  }
});

Deno.test("the benchmark's columns are those of pipelines/yellow_taxi.yaml", () => {
  const bench = Deno.readTextFileSync(new URL("../bench/yellow_month.yaml", FOLDER));
  const taxi = Deno.readTextFileSync(new URL("yellow_taxi.yaml", FOLDER));
  expect(readSpec("yellow_month.yaml", bench).columns)
    .toEqual(readSpec("yellow_taxi.yaml", taxi).columns);
});

function readSpec(name: string, text: string, environment?: string): PipelineSpec {
  const { spec, diagnostics } = loadSpec(text, {
    file: `pipelines/${name}`,
    folder: Deno.realPathSync(FOLDER),
    variables: {},
    ...(environment === undefined ? {} : { environment }),
  });
  expect(diagnostics.map(({ start, message }) => `${start.line}: ${message}`)).toEqual([]);
  return spec!;
}

/** Names under `environments:`, found by their indentation. */
function environmentsOf(text: string): string[] {
  const block = /^environments:.*\n((?:[ \t].*\n|\n)*)/m.exec(text)?.[1] ?? "";
  return [...block.matchAll(/^ {2}(\w+):/gm)].map((match) => match[1]);
}

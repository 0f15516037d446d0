/**
 * Loads the same rows from a file of each format, in turn with psql's `\copy` of the plain CSV, into
 * equal tables of one server; Parquet also with DuckDB.
 *
 *     deno task bench:formats [--rows 500000] [--rounds 3] [--only parquet,ndjson] [--duckdb PYTHON]
 *
 * `PYTHON` has the packages `duckdb` and `duckdb-ext-postgres`, of one version; without it DuckDB is
 * left out, and a line says how to get it. Prints Markdown for docs/performance.md.
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { formatBytes, formatCount } from "../src/core/format_text.ts";
import { connect } from "../src/db/connection/connect.ts";
import { parseConnectionUrl } from "../src/db/connection/connection_url.ts";
import type { Database } from "../src/db/database.ts";
import { CSV_COLUMNS, psql, sluice } from "./contestants.ts";
import { type FormatFiles, writeFormatFiles } from "./format_files.ts";
import { measure, type Measured, median, serverCpu } from "./measure.ts";
import { inScratchDatabase } from "./scratch_database.ts";

const FOLDER = fileURLToPath(new URL("./data", import.meta.url));
const PIPELINE = new URL("./yellow_month.yaml", import.meta.url);
const DUCKDB = fileURLToPath(new URL("./duckdb.py", import.meta.url));
const COPIED = "bench.copied";
/** Rows of the workbook. */
const SMALL_ROWS = 20_000;

const FORMATS = ["csv", "csv.gz", "ndjson", "json", "parquet", "xlsx"] as const;
type FormatName = typeof FORMATS[number];

interface Options {
  readonly rows: number;
  readonly rounds: number;
  readonly only: readonly FormatName[];
  readonly duckdb: string | null;
}

/** What a load took: wall time and CPU of the client, and CPU of the server. */
interface Load extends Measured {
  readonly serverSeconds: number | null;
}

interface Result {
  readonly name: string;
  readonly rows: number;
  readonly loads: readonly Load[];
  /** Of the same rows and rounds, by `\copy`. */
  readonly copies: readonly Load[];
}

async function main(): Promise<void> {
  const options = readOptions(Deno.args);
  console.error(`Making ${formatCount(options.rows)} rows in each format, where they are missing`);
  const files = await writeFormatFiles(FOLDER, options.rows, Math.min(options.rows, SMALL_ROWS));
  const results: Result[] = [];
  await inScratchDatabase("bench_formats", async (url) => {
    await using db = await connect({ url, maxConnections: 2 });
    const [{ data_directory: data }] = await db.query<{ data_directory: string }>(
      "show data_directory",
    );
    async function timed(work: () => Promise<Measured>): Promise<Load> {
      await db.query("checkpoint");
      const before = await serverCpu(data);
      const measured = await work();
      const after = await serverCpu(data);
      const serverSeconds = before === null || after === null ? null : after - before;
      return { ...measured, serverSeconds };
    }
    async function copy(path: string): Promise<Load> {
      await makeTable(db, COPIED);
      return await timed(() => psql([copyCommand(path)], url));
    }
    for (const format of options.only) {
      const isSmall = format === "xlsx";
      const csv = isSmall ? files.smallCsv : files.csv;
      const load = await loadCommand(format, files);
      // Makes the target, whose columns the other tables copy, and warms the file up for both.
      await sluice(load, url);
      const loads: Load[] = [];
      const copies: Load[] = [];
      const others: Load[] = [];
      for (let round = 1; round <= options.rounds; round++) {
        loads.push(await timed(() => sluice(load, url)));
        copies.push(await copy(csv));
        if (round === 1) await compareTables(db, format);
        if (format === "parquet" && options.duckdb !== null) {
          await makeTable(db, "bench.duckdb");
          others.push(await timed(() => duckdb(options.duckdb!, files.parquet, url)));
        }
      }
      const rows = isSmall ? Math.min(options.rows, SMALL_ROWS) : options.rows;
      results.push({ name: format, rows, loads, copies });
      if (others.length > 0) results.push({ name: "parquet, DuckDB", rows, loads: others, copies });
      console.error(`${format} done`);
    }
  });
  for (const line of report(options, results)) console.log(line);
  if (options.duckdb === null) {
    console.log(
      "\nWithout DuckDB: `python3 -m venv duck && duck/bin/pip install duckdb==1.4.4 " +
        "duckdb-ext-postgres==1.4.4.20260205`, then `--duckdb duck/bin/python`",
    );
  }
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: "string", default: "500000" },
      rounds: { type: "string", default: "3" },
      only: { type: "string", default: FORMATS.join(",") },
      duckdb: { type: "string" },
    },
  });
  const whole = (name: string, text: string, max: number) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw new Error(`--${name} is a whole number from 1 to ${max}: "${text}"`);
  };
  const only = values.only.split(",").map((name) => {
    const format = FORMATS.find((each) => each === name);
    if (format === undefined) throw new Error(`--only takes ${FORMATS.join(", ")}: "${name}"`);
    return format;
  });
  return {
    rows: whole("rows", values.rows, 2_000_000),
    rounds: whole("rounds", values.rounds, 100),
    only,
    duckdb: values.duckdb ?? null,
  };
}

/** The pipeline of the month with another source, in the folder of generated files. */
async function loadCommand(format: FormatName, files: FormatFiles): Promise<string[]> {
  const paths: Record<FormatName, string> = {
    csv: files.csv,
    "csv.gz": files.gzip,
    ndjson: files.ndjson,
    json: files.json,
    parquet: files.parquet,
    xlsx: files.xlsx,
  };
  const text = (await Deno.readTextFile(PIPELINE))
    .replaceAll('"numeric(10,2)"', "double precision")
    .replace(/url: .*/, `url: ${JSON.stringify(paths[format])}`)
    .replace(/format: csv/, `format: ${format.split(".")[0]}`)
    // One file is one partition.
    .replace("to: 2021-12", "to: 2021-01");
  const path = `${FOLDER}/yellow_format.yaml`;
  await Deno.writeTextFile(path, text);
  return ["run", path, "--force", "--output", "json"];
}

/** Same columns, types and NOT NULLs, no index: what a careful user of `\copy` would make. */
async function makeTable(db: Database, table: string): Promise<void> {
  await db.query(`drop table if exists ${table}`);
  await db.query(`create table ${table} (like bench.yellow_trips)`);
  await db.query(`alter table ${table} alter file_month set default '2021-01-01'`);
}

function copyCommand(path: string): string {
  return `\\copy ${COPIED} (${CSV_COLUMNS.join(", ")}) ` +
    `from '${path.replaceAll("'", "''")}' with (format csv, header true)`;
}

async function duckdb(python: string, file: string, url: string): Promise<Measured> {
  const { password, describe } = parseConnectionUrl(url);
  const args = [DUCKDB, describe, file, ...CSV_COLUMNS];
  const measured = await measure(python, args, { env: { PGPASSWORD: password } });
  if (measured.code === 0) return measured;
  throw new Error(`DuckDB ended with ${measured.code}:\n${measured.stderr}`);
}

/** Nobody wins by doing less: same rows, by a hash of every value. */
async function compareTables(db: Database, format: FormatName): Promise<void> {
  const columns = [...CSV_COLUMNS, "file_month"].join(", ");
  const summary = (table: string) =>
    db.query<{ rows: string; hash: string }>(
      `select count(*)::text as rows, sum(hashtextextended(t::text, 0))::text as hash
       from (select ${columns} from ${table}) as t`,
    );
  const [ours] = await summary("bench.yellow_trips");
  const [copied] = await summary(COPIED);
  if (ours.rows !== copied.rows || ours.hash !== copied.hash) {
    throw new Error(`The tables differ after ${format}: ${JSON.stringify([ours, copied])}`);
  }
}

function report({ rows, rounds }: Options, results: readonly Result[]): string[] {
  const of = (loads: readonly Load[], what: (load: Load) => number | null) => {
    const values = loads.map(what).filter((value) => value !== null);
    return values.length === 0 ? null : median(values);
  };
  const shown = (value: number | null) => value === null ? "-" : value.toFixed(2);
  return [
    `${formatCount(rows)} rows of 18 columns, medians of ${rounds} rounds; ` +
    `Deno ${Deno.version.deno}, ${Deno.build.os} ${Deno.build.arch}, ` +
    `${navigator.hardwareConcurrency} cores, ${new Date().toISOString().slice(0, 10)}`,
    "",
    "| format | rows | s | rows/s | `\\copy`, s | ratio | client CPU, s | server CPU, s | `\\copy`: client, server CPU, s | peak memory |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...results.map(({ name, rows, loads, copies }) => {
      const seconds = of(loads, (load) => load.seconds)!;
      const ratios = loads.map((load, at) => copies[at].seconds / load.seconds);
      const peaks = loads.flatMap(({ peakBytes }) => peakBytes === null ? [] : [peakBytes]);
      return `| ${
        [
          name,
          formatCount(rows),
          shown(seconds),
          formatCount(Math.round(rows / seconds)),
          shown(of(copies, (load) => load.seconds)),
          `${median(ratios).toFixed(2)}×`,
          shown(of(loads, (load) => load.cpuSeconds)),
          shown(of(loads, (load) => load.serverSeconds)),
          `${shown(of(copies, (load) => load.cpuSeconds))}, ${
            shown(of(copies, (load) => load.serverSeconds))
          }`,
          peaks.length === 0 ? "-" : formatBytes(Math.max(...peaks)),
        ].join(" | ")
      } |`;
    }),
  ];
}

if (import.meta.main) await main();

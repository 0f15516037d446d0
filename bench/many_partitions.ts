/**
 * A ledger of years and a target of thousands of partitions, and how long they take.
 *
 *     deno task bench:partitions [--partitions 10000] [--versions 100] [--rounds 3]
 */
import { parseArgs } from "node:util";
import { formatBytes } from "../src/core/format_text.ts";
import { connect } from "../src/db/connection/connect.ts";
import type { Database } from "../src/db/database.ts";
import { sluice } from "./contestants.ts";
import { type Measured, median } from "./measure.ts";
import { inScratchDatabase } from "./scratch_database.ts";

/** How much there is of everything. */
export interface ManyPartitions {
  /** Days, the first one included. */
  readonly partitions: number;
  /** Versions of each that the ledger remembers: the newest is live, the others are dropped. */
  readonly versions: number;
}

/** The first day; it is loaded in earnest, and the others are made like it. */
export const FIRST_DAY = "1999-01-01";

const NAME = "many";
export const TARGET = `bench.${NAME}`;

/** Partitions that are made in one transaction, for each holds its locks to the end. */
const AT_ONCE = 250;

/** `1999-01-01` and the days after it. */
export function days(count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const day = new Date(`${FIRST_DAY}T00:00:00Z`);
    day.setUTCDate(day.getUTCDate() + at);
    return day.toISOString().slice(0, 10);
  });
}

/** Writes the files of these days, all alike and of one age, and a pipeline that loads them. */
export async function writeDays(
  folder: string,
  count: number,
  together = false,
): Promise<string> {
  const text = "id,name\n1,a\n2,b\n3,c\n";
  const written = new Date("2026-01-01T00:00:00Z");
  const names = days(count);
  for (const day of names) {
    const file = `${folder}/${day}.csv`;
    await Deno.writeTextFile(file, text);
    await Deno.utime(file, written, written);
  }
  const path = `${folder}/${NAME}.yaml`;
  await Deno.writeTextFile(
    path,
    `pipeline: ${NAME}
partitions: { by: day, from: ${FIRST_DAY}, to: ${names.at(-1)}${
      together ? ", publish: together" : ""
    } }
source: { url: "{day}.csv" }
target: { table: ${TARGET}, versions: 0, indexes: [[name]] }
columns: { id: { type: integer, required: true }, name: text }
`,
  );
  return path;
}

/**
 * Makes all other days as the first one is, which has been loaded: tables, and what the ledger says
 * of them. Of the versions before, only the ledger has a row.
 */
export async function copyFirstDay(db: Database, size: ManyPartitions): Promise<void> {
  const others = days(size.partitions).slice(1);
  for (let at = 0; at < others.length; at += AT_ONCE) {
    await db.query(copyDays(others.slice(at, at + AT_ONCE)));
  }
  // As any published load: nothing in them tells that they were copied.
  await db.query(
    `insert into sluice.loads (pipeline, target, partition, version, run_id, table_schema, table_name,
  source_url, last_modified, bytes, sha256, rows, spec_hash, state, table_oid, ledger_oid, target_oid)
select m.pipeline, m.target, day, v, m.run_id, m.table_schema, ${TABLE_OF_DAY} || '__v' || v,
  replace(m.source_url, m.partition, day), m.last_modified, m.bytes, md5(day || v), m.rows,
  m.spec_hash, case when v = $2::int then 'live' else 'dropped' end,
  case when v = $2::int then to_regclass('bench.' || ${TABLE_OF_DAY} || '__v' || v) end,
  m.ledger_oid, m.target_oid
from sluice.loads m, unnest($1::text[]) day, generate_series(1, $2::int) v
where m.target = '${TARGET}' and m.partition = '${FIRST_DAY}'`,
    [others, size.versions],
  );
  await db.query(
    `insert into sluice.tables (table_oid, ledger_oid, target, kind, table_schema, table_name)
select table_oid, ledger_oid, target, 'version', table_schema, table_name
from sluice.loads where target = '${TARGET}' and state = 'live'
on conflict do nothing`,
  );
  await db.query("analyze");

  function copyDays(days: readonly string[]): string {
    return `do $$
declare
  day text;
  child text;
begin
  foreach day in array array['${days.join("','")}'] loop
    child := ${TABLE_OF_DAY} || '__v${size.versions}';
    execute format('create table bench.%I partition of ${TARGET} for values in (%L)', child, day);
    execute format(
      'insert into bench.%I select id, name, %L from ${TARGET} where _partition = %L',
      child, day, '${FIRST_DAY}');
  end loop;
end
$$`;
  }
}

/** As loads name it, of `day`. */
const TABLE_OF_DAY = `('${NAME}__' || replace(day, '-', '_'))`;

/** Measures what it takes to plan and to leave alone so many partitions. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    args: [...Deno.args],
    options: {
      partitions: { type: "string", default: "10000" },
      versions: { type: "string", default: "100" },
      rounds: { type: "string", default: "3" },
    },
  });
  const [partitions, versions, rounds] = [values.partitions, values.versions, values.rounds]
    .map(Number);
  const folder = await Deno.makeTempDir({ prefix: "sluice-bench-" });
  try {
    const file = await writeDays(folder, partitions);
    await inScratchDatabase("bench_partitions", async (url) => {
      await sluice(["run", file, "--partition", FIRST_DAY], url);
      {
        await using db = await connect({ url, maxConnections: 1 });
        await copyFirstDay(db, { partitions, versions });
      }
      // It brings what has been copied up to date.
      await sluice(["run", file], url);
      for (const command of ["plan", "run", "history"]) {
        const runs: Measured[] = [];
        for (let round = 0; round < rounds; round++) runs.push(await sluice([command, file], url));
        const peak = Math.max(...runs.map(({ peakBytes }) => peakBytes ?? 0));
        const [{ stdout }] = runs;
        console.log(
          `${command}  ${median(runs.map(({ seconds }) => seconds)).toFixed(2)} s  ` +
            `${formatBytes(peak)}  ${stdout.split("\n").length - 1} lines`,
        );
      }
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await main();

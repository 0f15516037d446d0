/**
 * How long an exchange holds its lock, and how long a reader waits for it, for tables of different
 * sizes.
 *
 *     deno task bench:lock [--rounds 20] [--small 10000] [--large 10000000]
 *
 * Two versions of each table are loaded. In each round both tables change versions, the small one
 * and the large one in turn, by `rollback`: the same DETACH and ATTACH with the same ledger rows as
 * a publish. The lock is held from the DETACH to the answer of COMMIT. Meanwhile a reader queries
 * the table without pause. Prints Markdown for docs/publishing.md.
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { systemClock } from "../src/core/clock.ts";
import { formatCount } from "../src/core/format_text.ts";
import { secretsFrom } from "../src/core/secret.ts";
import { connect } from "../src/db/connection/connect.ts";
import type { Database } from "../src/db/database.ts";
import { rollbackPipeline, type RunContext, runPipeline } from "../src/run/mod.ts";
import { loadSpec } from "../src/spec/load_spec.ts";
import type { PipelineSpec } from "../src/spec/pipeline_spec.ts";
import { median } from "./measure.ts";
import { inScratchDatabase } from "./scratch_database.ts";

const FOLDER = fileURLToPath(new URL("./data", import.meta.url));
const DATABASE = "bench_lock_time";

/** Milliseconds that one exchange held its lock, and the longest that a query took meanwhile. */
interface Hold {
  readonly publish: number;
  readonly wait: number;
}

/** One table, and what happened to it. */
interface Contestant {
  readonly rows: number;
  readonly spec: PipelineSpec;
  readonly holds: Hold[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: [...Deno.args],
    options: {
      rounds: { type: "string", default: "20" },
      small: { type: "string", default: "10000" },
      large: { type: "string", default: "10000000" },
    },
  });
  const [rounds, small, large] = [values.rounds, values.small, values.large].map(wholeNumber);
  await Deno.mkdir(FOLDER, { recursive: true });
  await inScratchDatabase(DATABASE, (url) => compare(url, rounds, [small, large]));
}

async function compare(url: string, rounds: number, sizes: readonly number[]): Promise<void> {
  await using db = await connect({ url });
  await using reader = await connect({ url, maxConnections: 1 });
  const held: number[] = [];
  const context = contextOf(timed(db, held));
  const contestants: Contestant[] = [];
  for (const rows of sizes) {
    const spec = await writePipeline(rows);
    console.error(`Loading ${formatCount(rows)} rows twice`);
    for (const force of [false, true]) {
      const { status, partitions } = await runPipeline(
        spec,
        { partitions: [], force, allowDestructive: false },
        context,
      );
      if (status !== "succeeded") {
        throw new Error(`Loading ${rows} rows: ${partitions[0].error?.message ?? status}`);
      }
    }
    held.length = 0;
    contestants.push({ rows, spec, holds: [] });
  }
  // Autovacuum would come some time, and the exchange would wait for it: measured is the lock.
  for (const { spec } of contestants) {
    for (const version of [1, 2]) {
      await db.query(`vacuum bench.${spec.target.table}__all__v${version}`);
    }
  }
  await db.query("checkpoint");
  for (let round = 0; round < rounds; round++) {
    for (const { spec, holds } of contestants) {
      const table = `bench.${spec.target.table}`;
      const wait = await longestWait(reader, table, async () => {
        await rollbackPipeline(spec, { to: round % 2 === 0 ? 1 : 2 }, context);
      });
      holds.push({ publish: held.splice(0)[0], wait });
    }
  }
  const idle: number[] = [];
  for (const { spec } of contestants) {
    idle.push(
      await longestWait(
        reader,
        `bench.${spec.target.table}`,
        () => new Promise((resolve) => setTimeout(resolve, 1000)),
      ),
    );
  }
  for (const line of report(contestants, idle)) console.log(line);
}

/** Milliseconds of the longest of the queries that run while `work` does. */
async function longestWait(
  db: Database,
  table: string,
  work: () => Promise<void>,
): Promise<number> {
  let done = false;
  let longest = 0;
  const reading = (async () => {
    while (!done) {
      const started = performance.now();
      await db.query(`select value from ${table} where id = $1`, [1]);
      longest = Math.max(longest, performance.now() - started);
    }
  })();
  try {
    await work();
  } finally {
    done = true;
    await reading;
  }
  return longest;
}

/** A database that notes how long each transaction lasted from its first DETACH or ATTACH on. */
function timed(db: Database, held: number[]): Database {
  return {
    describe: db.describe,
    query: (sql, params) => db.query(sql, params),
    session: () => db.session(),
    copyIn: (sql, first) => db.copyIn(sql, first),
    cancelRunning: () => db.cancelRunning(),
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
    async transaction(work) {
      let since: number | null = null;
      const result = await db.transaction((tx) =>
        work({
          query(sql, params) {
            if (/ (detach|attach) partition /.test(sql)) since ??= performance.now();
            return tx.query(sql, params);
          },
        })
      );
      if (since !== null) held.push(performance.now() - since);
      return result;
    },
  };
}

async function writePipeline(rows: number): Promise<PipelineSpec> {
  const file = `${FOLDER}/lock_time_${rows}.csv`;
  if (!await Deno.stat(file).then(() => true, () => false)) await writeRows(file, rows);
  const yaml = `
pipeline: rows_${rows}
source: { url: ${JSON.stringify(file)} }
target: { table: bench.rows_${rows}, versions: 1 }
refresh: { mode: full }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, value: { type: integer, required: true } }
`;
  const { spec, diagnostics } = loadSpec(yaml, {
    file: "lock_time.yaml",
    folder: FOLDER,
    variables: {},
  });
  if (spec === null) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return spec;
}

async function writeRows(path: string, rows: number): Promise<void> {
  using file = await Deno.open(path, { create: true, write: true, truncate: true });
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  await writer.write(encoder.encode("id,value\n"));
  for (let from = 0; from < rows; from += 100_000) {
    const lines: string[] = [];
    for (let id = from; id < Math.min(rows, from + 100_000); id++) {
      lines.push(`${id},${id % 977}\n`);
    }
    await writer.write(encoder.encode(lines.join("")));
  }
  await writer.close();
}

function contextOf(db: Database): RunContext {
  return {
    db,
    secrets: secretsFrom({}),
    clock: systemClock,
    random: Math.random,
    signal: new AbortController().signal,
    emit: () => {},
    version: "bench",
    host: "bench",
  };
}

function* report(contestants: readonly Contestant[], idle: readonly number[]): Iterable<string> {
  yield "| rows | lock held, lowest | median | nine of ten below | longest query meanwhile, median | nine of ten below | of a second without exchange |";
  yield "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |";
  for (const [at, { rows, holds }] of contestants.entries()) {
    const held = holds.map(({ publish }) => publish);
    const waits = holds.map(({ wait }) => wait);
    const cells = [
      Math.min(...held),
      median(held),
      nineOfTen(held),
      median(waits),
      nineOfTen(waits),
      idle[at],
    ];
    yield `| ${formatCount(rows)} | ${cells.map(milliseconds).join(" | ")} |`;
  }
  const [small, large] = contestants;
  const ratios = small.holds.map(({ publish }, at) => large.holds[at].publish / publish);
  yield "";
  yield `Large to small, of each round: median ${median(ratios).toFixed(2)} (quartiles ${
    quantile(ratios, 0.25).toFixed(2)
  } and ${quantile(ratios, 0.75).toFixed(2)}), ${ratios.length} rounds.`;
}

function nineOfTen(values: readonly number[]): number {
  return quantile(values, 0.9);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`Not a whole number from 1: "${text}"`);
}

if (import.meta.main) await main();

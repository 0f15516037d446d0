/**
 * How fast partitions load with several workers, against one process that loads them itself.
 *
 *     deno task bench:workers [--rounds 3] [--months 4] [--money double|numeric] [--only slow]
 *
 * In each round every contestant loads the same partitions into the same table: one process with
 * one and with two partitions at once, and `run --distributed` with one, two and four workers, which
 * are up before the clock starts. Seconds are those that the run reports. The partitions are full
 * months (`full`), twelve tiny ones (`tiny`), which show what it costs to hand a job over, and eight
 * that a server on loopback sends slowly (`slow`), where workers wait rather than compute. Prints
 * Markdown for docs/performance.md.
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { FULL_MONTH_ROWS, writeFullMonth } from "../fixtures/full_month.ts";
import { formatBytes, formatCount } from "../src/core/format_text.ts";
import { connect } from "../src/db/connection/connect.ts";
import { sluice, type SluiceOutput, startWorker } from "./contestants.ts";
import { median } from "./measure.ts";
import { inScratchDatabase } from "./scratch_database.ts";
import { serveSlowly } from "./slow_source.ts";

const FOLDER = fileURLToPath(new URL("./data", import.meta.url));
const PIPELINE = new URL("./yellow_month.yaml", import.meta.url);
const DATABASE = "bench_workers";
const TINY_ROWS = 10;

/** Of the slow source: a partition takes six seconds, of which Postgres needs little. */
const SLOW = { partitions: 8, rows: 60_000, seconds: 6 };

/** One way to load the same partitions. */
interface Contestant {
  readonly name: string;
  readonly args: readonly string[];
  readonly workers: number;
}

const CONTESTANTS: readonly Contestant[] = [
  { name: "one process", args: ["--concurrency", "1"], workers: 0 },
  { name: "one process, two at once", args: ["--concurrency", "2"], workers: 0 },
  { name: "1 worker", args: ["--distributed"], workers: 1 },
  { name: "2 workers", args: ["--distributed"], workers: 2 },
  { name: "4 workers", args: ["--distributed"], workers: 4 },
];

/** What one contestant did in one round. */
interface Load {
  readonly seconds: number;
  /** Of the process that loads, the largest where there are several; bytes. */
  readonly peakBytes: number | null;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: [...Deno.args],
    options: {
      rounds: { type: "string", default: "3" },
      months: { type: "string", default: "4" },
      money: { type: "string", default: "double" },
      only: { type: "string" },
    },
  });
  const [rounds, count] = [values.rounds, values.months].map(wholeNumber);
  const kinds = {
    full: (url: string) => compareFull(url, rounds, count, values.money === "double"),
    tiny: (url: string) => compareTiny(url, rounds),
    slow: (url: string) => compareSlow(url, rounds),
  };
  const wanted = Object.entries(kinds).filter(([kind]) => (values.only ?? kind) === kind);
  if (wanted.length === 0) throw new Error(`Not one of ${Object.keys(kinds).join(", ")}`);
  await inScratchDatabase(DATABASE, async (url) => {
    for (const [, compareKind] of wanted) {
      for (const line of await compareKind(url)) console.log(line);
      console.log();
    }
  });
}

async function compareFull(url: string, rounds: number, count: number, double: boolean) {
  const months = Array.from({ length: count }, (_, at) => `2021-${twoDigits(at + 1)}`);
  for (const month of months) {
    console.error(`Making ${month}, where it is missing`);
    await writeFullMonth(FOLDER, month, { plain: false });
  }
  const big = await writePipeline(double);
  const load = ["--from", months[0], "--to", months.at(-1)!, "--set", `base=${FOLDER}`];
  const rows = FULL_MONTH_ROWS * count;
  const loads = await compare(url, [big, ...load], rounds, rows, "bench.yellow_trips");
  return report(loads, rows, `${count} months`);
}

async function compareTiny(url: string, rounds: number) {
  const loads = await compare(url, [await writeTiny()], rounds, 12 * TINY_ROWS, "bench.tiny");
  return report(loads, 12 * TINY_ROWS, "12 tiny partitions");
}

async function compareSlow(url: string, rounds: number) {
  const months = Array.from({ length: SLOW.partitions }, (_, at) => `2021-${twoDigits(at + 1)}`);
  const lines = Array.from({ length: SLOW.rows }, (_, id) => `${100_000 + id},${id % 97}.5,abc\n`);
  const text = `id,amount,name\n${lines.join("")}`;
  const files = new Map(months.map((month) => [`/${month}.csv`, text]));
  await using source = serveSlowly(files, text.length / SLOW.seconds);
  const path = `${FOLDER}/slow.yaml`;
  await Deno.writeTextFile(
    path,
    `pipeline: slow
partitions: { by: month, from: 2021-01, to: ${months.at(-1)} }
source: { url: "${source.origin}/{month}.csv" }
target: { table: bench.slow, versions: 1 }
columns: { id: { type: integer, required: true }, amount: double precision, name: text }
`,
  );
  const rows = SLOW.partitions * SLOW.rows;
  const loads = await compare(url, [path], rounds, rows, "bench.slow");
  const what = `${SLOW.partitions} partitions from a server that takes ${SLOW.seconds} s for each`;
  return report(loads, rows, what);
}

/** Loads of each contestant, a round for each; the first load of all is not counted. */
async function compare(
  url: string,
  args: readonly string[],
  rounds: number,
  rows: number,
  table: string,
): Promise<ReadonlyMap<Contestant, readonly Load[]>> {
  await using db = await connect({ url, maxConnections: 1 });
  const loads = new Map<Contestant, Load[]>(CONTESTANTS.map((each) => [each, []]));
  await loadOnce(url, args, CONTESTANTS[0]);
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of CONTESTANTS) {
      await db.query("checkpoint");
      loads.get(contestant)!.push(await loadOnce(url, args, contestant));
      const [{ n }] = await db.query<{ n: number }>(`select count(*) as n from ${table}`);
      if (n !== rows) throw new Error(`${contestant.name}: ${n} rows in place of ${rows}`);
    }
    console.error(`Round ${round} of ${rounds} done`);
  }
  return loads;
}

async function loadOnce(
  url: string,
  args: readonly string[],
  contestant: Contestant,
): Promise<Load> {
  await using stack = new AsyncDisposableStack();
  const workers = [];
  for (let n = 0; n < contestant.workers; n++) workers.push(stack.use(await startWorker(url)));
  const command = ["run", ...args, "--force", "--output", "json", ...contestant.args];
  const { stdout, peakBytes } = await sluice(command, url);
  const { seconds }: SluiceOutput = JSON.parse(stdout);
  if (workers.length === 0) return { seconds, peakBytes };
  const peaks = await Promise.all(workers.map((worker) => worker.stop()));
  return {
    seconds,
    peakBytes: peaks.includes(null) ? null : Math.max(...peaks.map((peak) => peak!)),
  };
}

async function writePipeline(double: boolean): Promise<string> {
  const text = await Deno.readTextFile(PIPELINE);
  const path = `${FOLDER}/yellow_workers.yaml`;
  await Deno.writeTextFile(
    path,
    double ? text.replaceAll('"numeric(10,2)"', "double precision") : text,
  );
  return path;
}

async function writeTiny(): Promise<string> {
  const months = Array.from({ length: 12 }, (_, at) => `2021-${twoDigits(at + 1)}`);
  for (const month of months) {
    const lines = Array.from({ length: TINY_ROWS }, (_, id) => `${id},${month}\n`);
    await Deno.writeTextFile(`${FOLDER}/tiny_${month}.csv`, `id,name\n${lines.join("")}`);
  }
  const path = `${FOLDER}/tiny.yaml`;
  await Deno.writeTextFile(
    path,
    `pipeline: tiny
partitions: { by: month, from: 2021-01, to: 2021-12 }
source: { url: "tiny_{month}.csv" }
target: { table: bench.tiny, versions: 1 }
columns: { id: { type: integer, required: true }, name: text }
`,
  );
  return path;
}

function* report(
  loads: ReadonlyMap<Contestant, readonly Load[]>,
  rows: number,
  what: string,
): Iterable<string> {
  const [[, first]] = loads;
  yield `${what}, ${formatCount(rows)} rows, ${first.length} rounds; Deno ${Deno.version.deno}, ` +
    `${Deno.build.os} ${Deno.build.arch}, ${navigator.hardwareConcurrency} cores, ` +
    new Date().toISOString().slice(0, 10);
  yield "";
  yield "| who loads | seconds, median | rows/s | against one process, median of the rounds | least and most | peak memory of a process |";
  yield "| --- | ---: | ---: | ---: | ---: | ---: |";
  for (const [{ name }, own] of loads) {
    const seconds = median(own.map((load) => load.seconds));
    const ratios = own.map((load, round) => first[round].seconds / load.seconds);
    const peaks = own.flatMap(({ peakBytes }) => peakBytes === null ? [] : [peakBytes]);
    const cells = [
      name,
      seconds.toFixed(2),
      formatCount(rows / seconds),
      `${median(ratios).toFixed(2)}×`,
      `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
      peaks.length === 0 ? "-" : formatBytes(Math.max(...peaks)),
    ];
    yield `| ${cells.join(" | ")} |`;
  }
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 12) return value;
  throw new Error(`Not a whole number from 1 to 12: "${text}"`);
}

if (import.meta.main) await main();

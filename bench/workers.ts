/**
 * How fast partitions load with several workers, against one process that loads them itself.
 *
 *     deno task bench:workers [--rounds 3] [--months 4] [--money double|numeric]
 *
 * In each round every contestant loads the same full months into the same table: one process with
 * one and with two partitions at once, and `run --distributed` with one, two and four workers, which
 * are up before the clock starts. Seconds are those that the run reports. Then twelve tiny
 * partitions, which show what it costs to hand a job over. Prints Markdown for docs/performance.md.
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { FULL_MONTH_ROWS, writeFullMonth } from "../fixtures/full_month.ts";
import { formatBytes, formatCount } from "../src/core/format_text.ts";
import { connect } from "../src/db/connection/connect.ts";
import { sluice, type SluiceOutput, startWorker } from "./contestants.ts";
import { median } from "./measure.ts";
import { inScratchDatabase } from "./scratch_database.ts";

const FOLDER = fileURLToPath(new URL("./data", import.meta.url));
const PIPELINE = new URL("./yellow_month.yaml", import.meta.url);
const DATABASE = "bench_workers";
const TINY_ROWS = 10;

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
    },
  });
  const [rounds, count] = [values.rounds, values.months].map(wholeNumber);
  const months = Array.from({ length: count }, (_, at) => `2021-${twoDigits(at + 1)}`);
  for (const month of months) {
    console.error(`Making ${month}, where it is missing`);
    await writeFullMonth(FOLDER, month, { plain: false });
  }
  await inScratchDatabase(DATABASE, async (url) => {
    const big = await writePipeline(values.money === "double");
    const load = ["--from", months[0], "--to", months.at(-1)!, "--set", `base=${FOLDER}`];
    const rows = FULL_MONTH_ROWS * count;
    const large = await compare(url, [big, ...load], rounds, rows, "bench.yellow_trips");
    for (const line of report(large, rows, `${count} months`)) console.log(line);
    const tiny = await compare(url, [await writeTiny()], rounds, 12 * TINY_ROWS, "bench.tiny");
    console.log();
    for (const line of report(tiny, 12 * TINY_ROWS, "12 tiny partitions")) console.log(line);
  });
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

/**
 * Loads full months with Sluice and with psql `\copy`, in turn, into equal tables of one server.
 *
 *     deno task bench [--rounds 5] [--variant plain|key] [--money double|numeric] [--months 1]
 *
 * Sluice reads the .csv.gz, types and validates every field, and publishes with a ledger row;
 * `\copy` reads the plain CSV. Times are those of the whole processes. With more than one month only
 * Sluice runs: that is for its memory. Prints Markdown for docs/performance.md.
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { FULL_MONTH_ROWS, writeFullMonth } from "../fixtures/full_month.ts";
import { formatBytes, formatCount } from "../src/core/format_text.ts";
import { connect } from "../src/db/connection/connect.ts";
import type { Database } from "../src/db/database.ts";
import { startEmbedded } from "../src/db/embedded/mod.ts";
import { tryAdvisoryLock } from "../src/db/lock.ts";
import { CSV_COLUMNS, psql, sluice, type SluiceOutput } from "./contestants.ts";
import { type Measured, median } from "./measure.ts";

const FOLDER = fileURLToPath(new URL("./data", import.meta.url));
const SERVER = fileURLToPath(new URL("../.sluice/bench", import.meta.url));
const PIPELINE = new URL("./yellow_month.yaml", import.meta.url);
const KEY = [
  "vendor_id",
  "pickup_at",
  "dropoff_at",
  "pickup_zone_id",
  "dropoff_zone_id",
  "total_amount",
];

interface Options {
  readonly rounds: number;
  readonly months: number;
  readonly withKey: boolean;
  readonly concurrency: number;
  /** Amounts as double precision, as pandas reads them, or as numeric(10,2). */
  readonly money: "double" | "numeric";
}

interface Round {
  readonly sluice: Measured;
  readonly output: SluiceOutput;
  readonly copy: Measured | null;
}

async function main(): Promise<void> {
  const options = readOptions(Deno.args);
  const months = Array.from({ length: options.months }, (_, at) => `2021-${twoDigits(at + 1)}`);
  for (const month of months) {
    console.error(`Making ${month}, where it is missing`);
    await writeFullMonth(FOLDER, month, { plain: options.months === 1 });
  }
  await using server = await startEmbedded({ folder: SERVER });
  await using db = await connect({ url: server.superuserUrl, maxConnections: 2 });
  await using turn = await db.session();
  if (!await tryAdvisoryLock(turn, "bench")) throw new Error("Another benchmark is running");
  await db.query("drop schema if exists bench cascade");
  await db.query("drop schema if exists sluice cascade");
  const pipeline = await writePipeline(options);
  const load = [
    ...["run", pipeline, "--force", "--output", "json", "--set", `base=${FOLDER}`],
    ...["--from", months[0], "--to", months.at(-1)!, "--concurrency", String(options.concurrency)],
  ];

  // Makes the target, whose columns the other table copies, and warms the files up for both.
  await sluice(load, server.superuserUrl);
  const rounds: Round[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    await db.query("checkpoint");
    const ours = await sluice(load, server.superuserUrl);
    let copy: Measured | null = null;
    if (options.months === 1) {
      await makeCopyTable(db);
      await db.query("checkpoint");
      copy = await psql(copyCommands(options.withKey), server.superuserUrl);
    }
    rounds.push({ sluice: ours, output: JSON.parse(ours.stdout), copy });
    console.error(`Round ${round} of ${options.rounds} done`);
  }
  for (const line of report(options, rounds)) console.log(line);
  if (options.months === 1) console.log(`\n${await compareTables(db)}`);
  const waits = await measureWaits(pipeline, months, server.superuserUrl);
  for (const line of waits) console.log(line);
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "5" },
      months: { type: "string", default: "1" },
      variant: { type: "string", default: "plain" },
      concurrency: { type: "string", default: "1" },
      money: { type: "string", default: "double" },
    },
  });
  const whole = (name: string, text: string, max: number) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw new Error(`--${name} is a whole number from 1 to ${max}: "${text}"`);
  };
  if (values.variant !== "plain" && values.variant !== "key") {
    throw new Error(`--variant is "plain" or "key": "${values.variant}"`);
  }
  if (values.money !== "double" && values.money !== "numeric") {
    throw new Error(`--money is "double" or "numeric": "${values.money}"`);
  }
  return {
    money: values.money,
    rounds: whole("rounds", values.rounds, 100),
    months: whole("months", values.months, 12),
    concurrency: whole("concurrency", values.concurrency, 12),
    withKey: values.variant === "key",
  };
}

/** The pipeline of the variant, in the folder of generated files. */
async function writePipeline({ withKey, money }: Options): Promise<string> {
  const file = await Deno.readTextFile(PIPELINE);
  const text = money === "numeric" ? file : file.replaceAll('"numeric(10,2)"', "double precision");
  const path = `${FOLDER}/yellow_month.yaml`;
  const key = `idempotency_key: [${KEY.join(", ")}]\non_duplicate: keep_first\n`;
  await Deno.writeTextFile(path, withKey ? text + key : text);
  return path;
}

/** Same columns, types and NOT NULLs, no index: what a careful user of `\copy` would make. */
async function makeCopyTable(db: Database): Promise<void> {
  await db.query("drop table if exists bench.copied");
  await db.query("create table bench.copied (like bench.yellow_trips)");
  await db.query("alter table bench.copied alter file_month set default '2021-01-01'");
}

function copyCommands(withKey: boolean): string[] {
  const columns = CSV_COLUMNS.join(", ");
  const path = `${FOLDER}/yellow_tripdata_2021-01.csv`.replaceAll("'", "''");
  const copy = `\\copy bench.copied (${columns}) from '${path}' with (format csv, header true)`;
  const index = `create unique index on bench.copied (${KEY.join(", ")}) nulls not distinct`;
  return withKey ? [copy, index] : [copy];
}

function report(
  { months, withKey, concurrency, money }: Options,
  rounds: readonly Round[],
): string[] {
  const rows = rounds[0].output.rows_loaded;
  const lines = [
    `${formatCount(rows)} rows in ${months} month(s), ${withKey ? "unique key" : "no index"}, ` +
    `money as ${money === "double" ? "double precision" : "numeric(10,2)"}, ` +
    `concurrency ${concurrency}; Deno ${Deno.version.deno}, ${Deno.build.os} ${Deno.build.arch}, ` +
    `${navigator.hardwareConcurrency} cores, ${new Date().toISOString().slice(0, 10)}`,
    "",
    "| round | Sluice, s | of that the run, s | `\\copy`, s | ratio | Sluice rows/s | Sluice peak memory |",
    "|---|---|---|---|---|---|---|",
  ];
  const line = (
    name: string,
    ours: number,
    run: number,
    copy: number | null,
    peak: number | null,
  ) =>
    `| ${name} | ${ours.toFixed(2)} | ${run.toFixed(2)} | ${copy?.toFixed(2) ?? "-"} | ` +
    `${copy === null ? "-" : `${(copy / ours).toFixed(2)}×`} | ${formatCount(rows / ours)} | ` +
    `${peak === null ? "-" : formatBytes(peak)} |`;
  rounds.forEach(({ sluice, output, copy }, at) => {
    const name = String(at + 1);
    lines.push(
      line(name, sluice.seconds, output.seconds, copy?.seconds ?? null, sluice.peakBytes),
    );
  });
  const copies = rounds.flatMap(({ copy }) => copy === null ? [] : [copy.seconds]);
  const peaks = rounds.flatMap(({ sluice }) => sluice.peakBytes === null ? [] : [sluice.peakBytes]);
  lines.push(
    line(
      "median (memory: most)",
      median(rounds.map(({ sluice }) => sluice.seconds)),
      median(rounds.map(({ output }) => output.seconds)),
      copies.length === 0 ? null : median(copies),
      peaks.length === 0 ? null : Math.max(...peaks),
    ),
  );
  if (copies.length > 0) {
    const ratios = rounds.map(({ sluice, copy }) => copy!.seconds / sluice.seconds);
    lines.push("", `Median of the rounds' ratios: ${median(ratios).toFixed(2)}×`);
  }
  return lines;
}

/** Nobody wins by doing less: same rows, by a hash of every value, and one of them to look at. */
async function compareTables(db: Database): Promise<string> {
  const columns = [...CSV_COLUMNS, "file_month"].join(", ");
  const summary = (table: string) =>
    db.query<{ rows: string | number; hash: string; sample: string }>(
      `select count(*) as rows, sum(hashtextextended(t::text, 0))::text as hash,
         min(t::text) as sample
       from (select ${columns} from ${table}) as t`,
    );
  const [ours] = await summary("bench.yellow_trips");
  const [copied] = await summary("bench.copied");
  if (Number(ours.rows) !== FULL_MONTH_ROWS || String(ours.rows) !== String(copied.rows)) {
    throw new Error(`Sluice has ${ours.rows} rows, \\copy ${copied.rows}, the file has 1,369,765`);
  }
  if (ours.hash !== copied.hash) {
    throw new Error(`The tables differ:\n${ours.sample}\n${copied.sample}`);
  }
  return `Both tables hold the same ${formatCount(Number(ours.rows))} rows (equal hash of all ` +
    `values); one of them:\n\n    ${ours.sample}\n`;
}

/** What one waits for when nothing is to be done. */
async function measureWaits(pipeline: string, months: string[], url: string): Promise<string[]> {
  const range = ["--set", `base=${FOLDER}`, "--from", months[0], "--to", months.at(-1)!];
  const plans: number[] = [];
  const reruns: number[] = [];
  for (let round = 0; round < 5; round++) {
    const plan = await sluice(["plan", pipeline, ...range, "--output", "json"], url);
    const rerun = await sluice(["run", pipeline, ...range, "--output", "json"], url);
    const { status } = JSON.parse(rerun.stdout) as SluiceOutput;
    if (status !== "unchanged") throw new Error(`A run of the same file is "${status}"`);
    plans.push(plan.seconds);
    reruns.push(rerun.seconds);
  }
  return [
    "| with nothing to do, median of 5 | seconds |",
    "|---|---|",
    `| \`plan\` | ${median(plans).toFixed(2)} |`,
    `| \`run\`, unchanged | ${median(reruns).toFixed(2)} |`,
  ];
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

if (import.meta.main) await main();

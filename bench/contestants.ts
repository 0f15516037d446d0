import { fileURLToPath } from "node:url";
import { parseConnectionUrl } from "../src/db/connection/connection_url.ts";
import { measure, type Measured, watchPeak } from "./measure.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Columns of the month, in the order of the file. */
export const CSV_COLUMNS = [
  "vendor_id",
  "pickup_at",
  "dropoff_at",
  "passenger_count",
  "trip_distance",
  "rate_code_id",
  "stored_and_forwarded",
  "pickup_zone_id",
  "dropoff_zone_id",
  "payment_type",
  "fare_amount",
  "extra",
  "mta_tax",
  "tip_amount",
  "tolls_amount",
  "improvement_surcharge",
  "total_amount",
  "congestion_surcharge",
];

/** What `--output json` says of a run, as far as a benchmark looks. */
export interface SluiceOutput {
  readonly status: string;
  readonly rows_loaded: number;
  readonly rows_rejected: number;
  readonly seconds: number;
  readonly partitions: readonly {
    /** Seconds; null where nothing was loaded. */
    readonly phases: Readonly<Record<string, number>> | null;
  }[];
}

/** Arguments of Deno that run Sluice from this folder. */
export function commandLine(args: readonly string[]): string[] {
  return [
    "run",
    // As the task does; see docs/performance.md.
    "--v8-flags=--max-semi-space-size=1,--expose-gc",
    "--quiet",
    "--allow-all",
    `${ROOT}src/main.ts`,
    ...args,
  ];
}

/** Runs the command line as a user does, and fails where it does. */
export async function sluice(args: readonly string[], url: string): Promise<Measured> {
  const options = { cwd: ROOT, env: { DATABASE_URL: url } };
  const measured = await measure(Deno.execPath(), commandLine(args), options);
  if (measured.code === 0) return measured;
  throw new Error(
    `"sluice ${args.join(" ")}" ended with ${measured.code}:\n${measured.stderr}${measured.stdout}`,
  );
}

/** A worker that waits for jobs; disposing stops it. */
export interface BenchWorker extends AsyncDisposable {
  /** Stops it, and returns the most memory it held, bytes; null where the system does not tell. */
  stop(): Promise<number | null>;
}

/** Starts a worker, and waits until it waits for jobs. */
export async function startWorker(url: string): Promise<BenchWorker> {
  const child = new Deno.Command(Deno.execPath(), {
    args: commandLine(["worker"]),
    cwd: ROOT,
    env: { DATABASE_URL: url },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const peak = watchPeak(child.pid);
  let told = "";
  const waits = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      told += text;
      if (told.includes("waits for partitions")) waits.resolve();
    }
    waits.reject(new Error(`The worker ended:\n${told}`));
  })();
  await waits.promise;
  let stopped: Promise<number | null> | null = null;
  const stop = () =>
    stopped ??= (async () => {
      child.kill("SIGTERM");
      await Promise.all([child.status, reading]);
      return await peak;
    })();
  return { stop, [Symbol.asyncDispose]: async () => void await stop() };
}

/** Runs psql commands, each in its own transaction, and fails at the first that does. */
export async function psql(commands: readonly string[], url: string): Promise<Measured> {
  const { password, describe } = parseConnectionUrl(url);
  const args = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname", describe];
  args.push("--set", "ON_ERROR_STOP=1");
  for (const command of commands) args.push("--command", command);
  let measured: Measured;
  try {
    measured = await measure("psql", args, { env: { PGPASSWORD: password } });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error("There is no psql on this machine: install the Postgres client to compare");
  }
  if (measured.code === 0) return measured;
  throw new Error(`psql ended with ${measured.code}:\n${measured.stderr}`);
}

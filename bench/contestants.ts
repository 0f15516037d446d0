import { fileURLToPath } from "node:url";
import { parseConnectionUrl } from "../src/db/connection_url.ts";
import { measure, type Measured } from "./measure.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** What `--output json` says of a run, as far as a benchmark looks. */
export interface SluiceOutput {
  readonly status: string;
  readonly rows_loaded: number;
  readonly rows_rejected: number;
  readonly seconds: number;
}

/** Runs the command line as a user does, and fails where it does. */
export async function sluice(args: readonly string[], url: string): Promise<Measured> {
  const measured = await measure(Deno.execPath(), [
    "run",
    // As the task does; see docs/performance.md.
    "--v8-flags=--max-semi-space-size=4",
    "--quiet",
    "--allow-all",
    `${ROOT}src/main.ts`,
    ...args,
  ], { cwd: ROOT, env: { DATABASE_URL: url } });
  if (measured.code === 0) return measured;
  throw new Error(
    `"sluice ${args.join(" ")}" ended with ${measured.code}:\n${measured.stderr}${measured.stdout}`,
  );
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

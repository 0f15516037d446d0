import { SluiceError } from "../../src/core/error.ts";
import type { TestDatabase } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { DENO_RUN } from "../support/deno_run.ts";
import { sluice } from "../support/sluice.ts";

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;

export const MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06"];

export const YAML = `
pipeline: months
partitions: { by: month, from: 2026-01, to: 2026-06 }
source: { url: "{month}.csv" }
target: { table: shop.months, indexes: [[name]] }
idempotency_key: [id]
columns: { id: { type: integer, required: true }, name: text }
`;

/** The command line in a process of its own, with the permissions of its task. */
export function command(folder: string, url: string, ...args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...DENO_RUN,
      "--no-prompt",
      "--allow-env",
      "--allow-read",
      "--allow-net",
      "--allow-sys=hostname,homedir",
      MAIN,
      ...args,
    ],
    cwd: folder,
    env: { DATABASE_URL: url, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** A worker that is told to stop, and waited for, at the end. */
export function worker(folder: string, url: string, ...args: string[]) {
  const process = command(folder, url, "worker", ...args).spawn();
  const output = process.output().then(({ code, stderr }) => ({
    code,
    stderr: new TextDecoder().decode(stderr),
  }));
  return {
    kill: (signal: Deno.Signal) => process.kill(signal),
    output,
    async [Symbol.asyncDispose]() {
      try {
        process.kill("SIGTERM");
      } catch {
        // It has ended.
      }
      await output;
    },
  };
}

/** `run --distributed` of the months, followed to its end in this process: workers have their own. */
export async function runMonths(folder: string, url: string, ...args: string[]) {
  const { code, out, err } = await sluice(
    folder,
    { DATABASE_URL: url },
    "run",
    "months.yaml",
    "--distributed",
    "--output",
    "json",
    ...args,
  );
  if (out === "") throw new Error(err);
  return { code, result: JSON.parse(out), stderr: err };
}

/** A file for each month, ids from 0. */
export function months(rows: number): Record<string, string> {
  return Object.fromEntries(MONTHS.map((month) => [`${month}.csv`, monthFile(month, rows)]));
}

function monthFile(month: string, rows: number): string {
  return `id,name\n${
    Array.from({ length: rows }, (_, id) => `${id},${month} ${"x".repeat(40)}\n`).join("")
  }`;
}

/** What the months' table has, by partition. */
export async function content({ db }: TestDatabase) {
  return await db.query(
    `select _partition, count(*)::int as rows, count(distinct id)::int as ids,
  min(name) = max(name) as one
from shop.months group by 1 order by 1`,
  );
}

/** What it must have. */
export function expected(rows: number) {
  return MONTHS.map((month) => ({ _partition: `${month}-01`, rows, ids: rows, one: true }));
}

/** Tables of loads that were not published. */
export async function staging({ db }: TestDatabase): Promise<unknown[]> {
  return await db.query(
    "select relname from pg_class where obj_description(oid, 'pg_class') like 'Sluice staging%'",
  );
}

export async function untilCopying({ db }: TestDatabase): Promise<void> {
  await until("a COPY is under way", async () => {
    const rows = await db.query(
      "select from pg_stat_progress_copy where datname = current_database()",
    );
    return rows.length > 0;
  });
}

/** Jobs that are not done. */
export async function queued({ db }: TestDatabase): Promise<number> {
  try {
    const [{ n }] = await db.query<{ n: number }>(
      "select count(*)::int as n from sluice_jobs.jobs",
    );
    return n;
  } catch (error) {
    // The queue is being made.
    if (error instanceof SluiceError && error.code === "db/unknown_table") return 0;
    throw error;
  }
}

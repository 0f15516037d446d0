import type { Database } from "../src/db/database.ts";

/** What a measurement was taken on. */
export interface Machine {
  /** `2026-11-30` */
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** `linux x86_64` */
  readonly system: string;
  readonly deno: string;
  readonly postgres: string;
  /** Settings of Postgres that matter, as `show` prints them. */
  readonly settings: Readonly<Record<string, string>>;
  /** Cores that others kept busy just before; null where the system does not tell. */
  readonly busyCores: number | null;
}

const SETTINGS = ["fsync", "synchronous_commit", "wal_level", "shared_buffers", "max_wal_size"];

/** Describes this machine and the server on it. */
export async function describeMachine(db: Database): Promise<Machine> {
  const settings: Record<string, string> = {};
  for (const name of ["server_version", ...SETTINGS]) {
    const [{ value }] = await db.query<{ value: string }>(
      "select current_setting($1) as value",
      [name],
    );
    settings[name] = value;
  }
  const { server_version, ...rest } = settings;
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: await processor(),
    cores: navigator.hardwareConcurrency,
    memoryBytes: Deno.systemMemoryInfo().total,
    system: `${Deno.build.os} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    postgres: server_version.split(" ")[0],
    settings: rest,
    busyCores: await busyCores(),
  };
}

/** By a program: Deno itself opens /proc to programs with every permission only. */
async function processor(): Promise<string> {
  const unknown = "unknown processor";
  if (Deno.build.os !== "linux") return unknown;
  const { stdout } = await new Deno.Command("grep", {
    args: ["-m1", "^model name", "/proc/cpuinfo"],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).split(":")[1]?.trim() || unknown;
}

/** Of two seconds in which nothing is measured; the load average still knows what was before. */
async function busyCores(): Promise<number | null> {
  if (Deno.build.os !== "linux") return null;
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", "head -1 /proc/stat; sleep 2; head -1 /proc/stat"],
    stderr: "null",
  }).output();
  const [before, after] = new TextDecoder().decode(stdout).trim().split("\n").map((line) => {
    // User, nice, system, idle, iowait, irq, softirq, steal; guests are in the user's.
    const ticks = line.split(/ +/).slice(1, 9).map(Number);
    const all = ticks.reduce((sum, each) => sum + each, 0);
    return { all, idle: ticks[3] + ticks[4] };
  });
  const share = 1 - (after.idle - before.idle) / (after.all - before.all);
  return Math.round(share * navigator.hardwareConcurrency * 100) / 100;
}

/** Writes what was measured to a file, or, with `null`, where it is committed. */
export async function writeResults(name: string, out: string | null, results: unknown) {
  const folder = new URL("./results/", import.meta.url);
  if (out === null) await Deno.mkdir(folder, { recursive: true });
  const path = out ?? new URL(`${name}.json`, folder);
  await Deno.writeTextFile(path, `${JSON.stringify(results, null, 2)}\n`);
}

import { dirname, join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { SluiceError } from "../../core/error.ts";
import type { Home } from "./home.ts";
import { runProgram, startProgram } from "./program.ts";
import type { Runtime } from "./runtime.ts";
import { settingsFile } from "./server_settings.ts";

/** What `postmaster.pid` says about a server. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

const POLL_MILLISECONDS = 10;
const START_MILLISECONDS = 60_000;
const STOP_MILLISECONDS = 120_000;

/** Reads `postmaster.pid`; null where there is none. It may be stale. */
export async function readPostmaster(data: string): Promise<Postmaster | null> {
  let lines: string[];
  try {
    lines = (await Deno.readTextFile(join(data, "postmaster.pid"))).split("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  // pid, data folder, start time, port, socket folder, address, shared memory, status
  const pid = Math.abs(Number(lines[0]));
  const port = Number(lines[3] ?? 0);
  return { pid, port, ready: lines[7]?.trim() === "ready" };
}

/** How a start ended: running, or why not. */
export type StartOutcome =
  | {
    readonly started: true;
    readonly postmaster: Postmaster;
    /** Resolves when the program that started the server has ended, up to 0.1 s later. */
    readonly settled: Promise<unknown>;
  }
  | { readonly started: false; readonly log: string };

/** Starts a server on a port and waits until it takes connections. */
export async function startPostmaster(
  home: Home,
  runtime: Runtime,
  port: number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<StartOutcome> {
  await Deno.writeTextFile(join(home.data, "postgresql.conf"), settingsFile(port));
  const log = logPath(home);
  // Only the log of the last start is kept.
  await Deno.writeTextFile(log, "", { mode: 0o600 });
  if (home.account !== null) await Deno.chown(log, home.account.uid, home.account.gid);
  const before = await readPostmaster(home.data);
  // pg_ctl gives the server a session of its own, so that Ctrl-C reaches us and not the server.
  const starter = startProgram(
    runtime.pgCtl,
    ["start", "-w", "-s", "-t", String(START_MILLISECONDS / 1000), "-D", home.data, "-l", log],
    { account: home.account, cwd: dirname(home.data) },
  );
  let ended: Deno.CommandStatus | null = null;
  const status = starter.status.then((value) => ended = value);
  for (;;) {
    const postmaster = await readPostmaster(home.data);
    const fresh = postmaster !== null && postmaster.pid !== before?.pid;
    if (fresh && postmaster.ready) return { started: true, postmaster, settled: status };
    if (ended !== null) return await ending(home, ended, log);
    if (signal?.aborted) {
      await status;
      await stopPostmaster(home, runtime, clock).catch(() => {});
      signal.throwIfAborted();
    }
    await clock.sleep(POLL_MILLISECONDS);
  }
}

/** Stops a server: open transactions are rolled back, everything is written out. */
export async function stopPostmaster(home: Home, runtime: Runtime, clock: Clock): Promise<void> {
  const { text } = await runProgram(
    runtime.pgCtl,
    ["stop", "-m", "fast", "-W", "-s", "-D", home.data],
    { account: home.account, cwd: dirname(home.data) },
  );
  const deadline = clock.monotonic() + STOP_MILLISECONDS;
  while (await readPostmaster(home.data) !== null) {
    if (/could not send stop signal|no such process|not exist/i.test(text)) return;
    if (clock.monotonic() > deadline) {
      throw new SluiceError(
        "db/embedded_stop",
        `Embedded Postgres did not stop within ${STOP_MILLISECONDS / 1000} s`,
        { retry: "later", hint: `Look into "${logPath(home)}"` },
      );
    }
    await clock.sleep(POLL_MILLISECONDS);
  }
}

/** Where the server writes what it has to say. */
export function logPath(home: Home): string {
  return join(home.data, "sluice_server.log");
}

async function ending(
  home: Home,
  { success }: Deno.CommandStatus,
  log: string,
): Promise<StartOutcome> {
  const postmaster = await readPostmaster(home.data);
  if (success && postmaster !== null) {
    return { started: true, postmaster, settled: Promise.resolve() };
  }
  return { started: false, log: (await Deno.readTextFile(log)).trim() };
}

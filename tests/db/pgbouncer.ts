import { join } from "node:path";
import { until } from "../support/until.ts";

/** A pgbouncer in front of a server; disposing ends it. */
export interface Pgbouncer extends AsyncDisposable {
  /** The server's URL by way of the pooler. */
  readonly url: string;
}

const PROGRAMS = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];

/** Where pgbouncer lies on this machine, or null. */
export function findPgbouncer(): string | null {
  return PROGRAMS.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  }) ?? null;
}

/** Starts a pooler with the given settings. */
export async function startPgbouncer(
  program: string,
  serverUrl: string,
  settings: Readonly<Record<string, string | number>>,
): Promise<Pgbouncer> {
  const server = new URL(serverUrl);
  const folder = await Deno.makeTempDir({ prefix: "sluice_pgbouncer_" });
  await Deno.chmod(folder, 0o755);
  const port = freePort();
  const users = join(folder, "users.txt");
  await Deno.writeTextFile(users, `"${server.username}" "${server.password}"\n`);
  const all = {
    listen_addr: "127.0.0.1",
    listen_port: port,
    unix_socket_dir: "",
    auth_type: "plain",
    auth_file: users,
    ...settings,
  };
  const config = join(folder, "pgbouncer.ini");
  await Deno.writeTextFile(
    config,
    `[databases]\n* = host=${server.hostname} port=${server.port}\n[pgbouncer]\n` +
      Object.entries(all).map(([name, value]) => `${name} = ${value}\n`).join(""),
  );
  // It refuses to run as root.
  const asRoot = Deno.uid() === 0 ? ["-u", "nobody"] : [];
  const process = new Deno.Command(program, {
    args: [...asRoot, config],
    stdout: "null",
    stderr: "null",
  }).spawn();
  await answers(port);
  const url = new URL(serverUrl);
  url.port = String(port);
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await process.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function answers(port: number): Promise<void> {
  await until("pgbouncer answers", async () => {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return true;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      return false;
    }
  });
}

import { DENO_RUN } from "../support/deno_run.ts";

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;

/** What the task gives the engine. */
const FLAGS = ["--v8-flags=--max-semi-space-size=1,--expose-gc", "--unstable-cron"];

/** `sluice serve` as a process of its own. */
export interface ServeProcess extends AsyncDisposable {
  readonly origin: string;
  readonly pid: number;
  /** Standard error so far. */
  err(): string;
  kill(signal: Deno.Signal): void;
  readonly status: Promise<Deno.CommandStatus>;
}

export const TOKEN = "0123456789abcdef0123";

/** Starts a server on a folder, on any free port, and waits until it listens. */
export async function startServe(
  folder: string,
  url: string,
  args: readonly string[] = [],
  /** Files that the process may have open. */
  openFiles: number | null = null,
): Promise<ServeProcess> {
  const command = ["serve", folder, "--port", "0", ...args];
  const env = { DATABASE_URL: url, SLUICE_TOKEN: TOKEN };
  const child = spawn(command, folder, env, openFiles);
  let text = "";
  const listening = Promise.withResolvers<string>();
  const reading = (async () => {
    for await (const piece of child.stderr.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const origin = /listening on ([^\s"]+)/.exec(text)?.[1];
      if (origin !== undefined) listening.resolve(origin);
    }
    listening.reject(new Error(`It ended before it listened: ${text}`));
  })();
  listening.promise.catch(() => {});
  const drained = child.stdout.pipeTo(new WritableStream());
  let over = false;
  const status = (async () => {
    const ended = await child.status;
    over = true;
    await Promise.all([reading, drained]);
    return ended;
  })();
  return {
    origin: await listening.promise,
    pid: child.pid,
    err: () => text,
    kill: (signal) => child.kill(signal),
    status,
    async [Symbol.asyncDispose]() {
      if (!over) child.kill("SIGKILL");
      await status;
    },
  };
}

/** Runs a command to its end. */
export async function sluice(
  args: readonly string[],
  folder: string,
  env: Record<string, string> = {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const child = spawn(args, folder, env);
  const [{ code }, out, err] = await Promise.all([
    child.status,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, out, err };
}

function spawn(
  args: readonly string[],
  folder: string,
  env: Record<string, string>,
  openFiles: number | null = null,
): Deno.ChildProcess {
  const deno = [...DENO_RUN, ...FLAGS, "-A", "--no-lock", MAIN, ...args];
  const limited = ["-c", `ulimit -n ${openFiles}; exec "$0" "$@"`, Deno.execPath(), ...deno];
  return new Deno.Command(openFiles === null ? Deno.execPath() : "sh", {
    args: openFiles === null ? deno : limited,
    cwd: folder,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

import { DENO_RUN } from "../support/deno_run.ts";

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;

/** How a command ended and what it wrote. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line as a process of its own, with the permissions that its task has. */
export async function sluice(
  folder: string,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Outcome> {
  return await sluiceAllowed([], folder, env, ...args);
}

/** The same with more permissions, as somebody may add them to the task. */
export async function sluiceAllowed(
  permissions: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...DENO_RUN,
      "--no-prompt",
      "--allow-env",
      "--allow-read",
      "--allow-net",
      `--allow-write=${folder}`,
      "--allow-sys=hostname,uid",
      ...permissions,
      MAIN,
      ...args,
    ],
    cwd: folder,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

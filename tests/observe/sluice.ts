import { DENO_RUN } from "../support/deno_run.ts";
import type { Outcome } from "../support/sluice.ts";

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;

/**
 * Runs the command line as a process of its own, with the permissions that its task has.
 *
 * @param permissions more of them, as somebody may add them to the task
 */
export async function sluiceProcess(
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

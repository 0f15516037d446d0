import { taskWords } from "../support/permissions.ts";
import { DENO_RUN } from "../support/deno_run.ts";
import { sluice } from "../support/sluice.ts";

/** How a command ended. */
export interface Outcome {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly out: string;
  readonly err: string;
}

/** The command line at work, in a process of its own. */
export interface Running {
  readonly ended: Promise<Outcome>;
  kill(signal: Deno.Signal): void;
}

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;

/** A command that takes longer has hung; a server that went away is waited for a minute. */
const PATIENCE_MILLISECONDS = 180_000;

/** Exactly the permissions of the task that users call. */
const TASK = taskWords("run").filter((word) => word.startsWith("--"));

/** What undisturbed runs do, in this process: nobody asks how it starts and ends. */
export async function runHere(
  folder: string,
  databaseUrl: string,
  args: readonly string[],
): Promise<Outcome> {
  const outcome = await sluice(
    folder,
    {},
    "run",
    "pipeline.yaml",
    "--database",
    databaseUrl,
    ...args,
  );
  requireNoBug(outcome);
  return { ...outcome, signal: null };
}

function requireNoBug({ err, out }: Pick<Outcome, "err" | "out">): void {
  if (/bug in sluice|a bug/i.test(err + out)) throw new Error(`A bug showed:\n${err}${out}`);
}

/** Starts `sluice run`. */
export function startRun(
  folder: string,
  databaseUrl: string,
  { file = "pipeline.yaml", args = [] }: { file?: string; args?: readonly string[] } = {},
): Running {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      ...DENO_RUN,
      "--no-lock",
      ...TASK,
      MAIN,
      "run",
      file,
      "--database",
      databaseUrl,
      ...args,
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const kill = (signal: Deno.Signal) => {
    try {
      process.kill(signal);
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    kill("SIGKILL");
  }, PATIENCE_MILLISECONDS);
  const ended = process.output().then(({ code, signal, stdout, stderr }) => {
    clearTimeout(timer);
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    if (hung) throw new Error(`The command hung:\n${err}${out}`);
    requireNoBug({ err, out });
    return { code, signal, out, err };
  });
  ended.catch(() => {});
  return { ended, kill };
}

import { SluiceError } from "../../core/error.ts";
import type { Account } from "./account.ts";

/** How a program of Postgres ended. */
export interface Outcome {
  readonly success: boolean;
  /** What it printed, both streams. */
  readonly text: string;
}

/** What a program runs with. */
export interface RunOptions {
  readonly account: Account;
  /** A folder the account can enter: ours may not be. */
  readonly cwd: string;
}

/**
 * Runs a program of Postgres to its end.
 *
 * The environment is emptied: PGDATA, PGPORT and the like must not reach it, and its messages are
 * in English whatever the locale.
 */
export async function runProgram(
  path: string,
  args: readonly string[],
  { account, cwd }: RunOptions,
): Promise<Outcome> {
  const { success, stdout, stderr } = await spawn(path, args, { account, cwd }, "piped").output();
  const decoder = new TextDecoder();
  return { success, text: `${decoder.decode(stdout)}${decoder.decode(stderr)}`.trim() };
}

/** Starts a program whose output goes nowhere. */
export function startProgram(
  path: string,
  args: readonly string[],
  options: RunOptions,
): Deno.ChildProcess {
  return spawn(path, args, options, "null");
}

function spawn(
  path: string,
  args: readonly string[],
  { account, cwd }: RunOptions,
  output: "piped" | "null",
): Deno.ChildProcess {
  try {
    return new Deno.Command(path, {
      args: [...args],
      cwd,
      stdin: "null",
      stdout: output,
      stderr: output,
      ...environment(),
      ...identity(account),
    }).spawn();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.PermissionDenied) || account === null) throw cause;
    throw new SluiceError(
      "db/embedded_unreachable",
      `The user "${account.name}", who is to run Postgres, cannot run "${path}" in "${cwd}"`,
      { hint: "Let others pass through the folders above it: chmod o+x", cause },
    );
  }
}

function environment(): Pick<Deno.CommandOptions, "clearEnv" | "env"> {
  // Windows programs do not start without some of theirs.
  if (Deno.build.os === "windows") return {};
  return { clearEnv: true, env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" } };
}

function identity(account: Account): Pick<Deno.CommandOptions, "uid" | "gid"> {
  return account === null ? {} : { uid: account.uid, gid: account.gid };
}

import { hostname } from "node:os";
import { parseEnv } from "node:util";
import config from "../deno.json" with { type: "json" };
import type { Cli } from "./cli/cli.ts";
import { type EnvFile, findEnvFile } from "./cli/env_file.ts";
import { EXIT, exitCodeOfError } from "./cli/exit_code.ts";
import { listenForInterrupt } from "./cli/interrupt.ts";
import { openOutput, type OutputTarget } from "./cli/output.ts";
import { runCli } from "./cli/run_cli.ts";
import { realServices, type Services } from "./cli/services.ts";
import { bugText, errorText } from "./cli/views/error_text.ts";
import { screenFor } from "./cli/views/screen.ts";
import { isTaskOf, typedBefore } from "./cli/typed.ts";
import { systemClock } from "./core/clock.ts";
import { SluiceError } from "./core/error.ts";
import { secretsFrom } from "./core/secret.ts";

if (import.meta.main) Deno.exit(await main(realServices()));

/** The only place that looks at the arguments, the environment and the terminal. */
export async function main(services: Services): Promise<number> {
  // On one terminal the order counts. Elsewhere neither waits for the other's reader.
  const shared = Deno.stdout.isTerminal() && Deno.stderr.isTerminal()
    ? { turns: { last: Promise.resolve() } }
    : {};
  const interrupt = listenForInterrupt({
    windows: Deno.build.os === "windows",
    listen: Deno.addSignalListener,
    unlisten: Deno.removeSignalListener,
    monotonic: systemClock.monotonic,
    exit: Deno.exit,
  });
  const { cli, refused } = openCli({
    services,
    args: Deno.args,
    environment: Deno.env.toObject(),
    workingFolder: Deno.cwd(),
    stdout: { ...terminal(Deno.stdout), ...shared },
    stderr: { ...terminal(Deno.stderr), ...shared },
    interrupt,
  });
  // Deno's own report of what nobody caught would show secrets.
  const crash = (error: unknown) => {
    const text = bugText(error, config.version, (_style, text) => text);
    Deno.stderr.writeSync(new TextEncoder().encode(cli.secrets.redact(text)));
    Deno.exit(EXIT.failed);
  };
  globalThis.addEventListener("unhandledrejection", ({ reason }) => crash(reason));
  globalThis.addEventListener("error", ({ error }) => crash(error));
  return await runOpened({ cli, refused }, Deno.args);
}

/** What a command line is started with. */
export interface Start extends Pick<Cli, "services" | "interrupt" | "workingFolder"> {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly stdout: Stream;
  readonly stderr: Stream;
}

/** Where an output goes to. */
export type Stream = Omit<OutputTarget, "redact" | "variables">;

/** A command line that is ready, and why it shall not run, or null. */
export interface OpenedCli {
  readonly cli: Cli;
  readonly refused: SluiceError | null;
}

/** Runs the command that the arguments name, and returns the exit code. */
export async function runOpened(
  { cli, refused }: OpenedCli,
  args: readonly string[],
): Promise<number> {
  if (refused === null) return await runCli(args, cli);
  const screen = screenFor(cli.err, cli.invokedFolder ?? cli.workingFolder);
  cli.err.write(errorText(refused.toJSON(), screen));
  await cli.err.flush();
  return exitCodeOfError(refused);
}

/** Reads the environment and the `.env` file, and learns from them what must not be shown. */
export function openCli(start: Start): OpenedCli {
  const { services, args, environment, workingFolder, interrupt } = start;
  const typed = typedBefore(environment);
  // npm sets it too, and what it starts works where it stands.
  const invokedFolder = isTaskOf(typed) ? environment.INIT_CWD ?? null : null;
  let envFile: EnvFile | null = null;
  let refused: SluiceError | null = null;
  try {
    envFile = findEnvFile({ args, workingFolder, invokedFolder });
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    refused = error;
  }
  const variables = readVariables(environment, envFile);
  const secrets = secretsFrom(variables);
  // Errors may quote an address, and no text says for certain where one ends.
  for (const text of [...args, ...Object.values(variables)]) {
    secrets.hide(text.slice(Math.max(0, text.search(/[A-Za-z][A-Za-z0-9+.-]*:\/\//))));
  }
  const redact = (text: string) => secrets.redact(text);
  const cli = {
    services,
    variables,
    secrets,
    out: openOutput({ ...start.stdout, redact, variables }),
    err: openOutput({ ...start.stderr, redact, variables }),
    clock: systemClock,
    random: Math.random,
    interrupt,
    version: config.version,
    host: hostname(),
    workingFolder,
    invokedFolder,
    typed,
    envFile: envFile?.path ?? null,
  };
  return { cli, refused };
}

/** The environment and what a `.env` file adds to it; what is set outside wins. */
function readVariables(
  environment: Readonly<Record<string, string>>,
  file: EnvFile | null,
): Readonly<Record<string, string>> {
  if (file === null) return environment;
  return { ...parseEnv(file.text) as Record<string, string>, ...environment };
}

function terminal(stream: typeof Deno.stdout | typeof Deno.stderr): Stream {
  return {
    write: (bytes: Uint8Array) => stream.write(bytes),
    isTerminal: stream.isTerminal(),
    columns() {
      try {
        return Deno.consoleSize().columns;
      } catch {
        // No terminal behind any of the three streams.
        return 80;
      }
    },
  };
}

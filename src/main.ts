import { hostname } from "node:os";
import { parseEnv } from "node:util";
import config from "../deno.json" with { type: "json" };
import { type EnvFile, findEnvFile } from "./cli/env_file.ts";
import { EXIT, exitCodeOfError } from "./cli/exit_code.ts";
import { listenForInterrupt } from "./cli/interrupt.ts";
import { openOutput } from "./cli/output.ts";
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
  const environment = Deno.env.toObject();
  const typed = typedBefore(environment);
  const place = {
    args: Deno.args,
    workingFolder: Deno.cwd(),
    // npm sets it too, and what it starts works where it stands.
    invokedFolder: isTaskOf(typed) ? environment.INIT_CWD ?? null : null,
  };
  let envFile: EnvFile | null = null;
  let refused: unknown = null;
  try {
    envFile = findEnvFile(place);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    refused = error;
  }
  const variables = readVariables(environment, envFile);
  const secrets = secretsFrom(variables);
  // Errors may quote an address, and no text says for certain where one ends.
  for (const text of [...Deno.args, ...Object.values(variables)]) {
    secrets.hide(text.slice(Math.max(0, text.search(/[A-Za-z][A-Za-z0-9+.-]*:\/\//))));
  }
  const redact = (text: string) => secrets.redact(text);
  // On one terminal the order counts. Elsewhere neither waits for the other's reader.
  const shared = Deno.stdout.isTerminal() && Deno.stderr.isTerminal()
    ? { turns: { last: Promise.resolve() } }
    : {};
  const out = openOutput({ ...terminal(Deno.stdout), redact, variables, ...shared });
  const err = openOutput({ ...terminal(Deno.stderr), redact, variables, ...shared });
  // Deno's own report of what nobody caught would show secrets.
  const crash = (error: unknown) => {
    const text = bugText(error, config.version, (_style, text) => text);
    Deno.stderr.writeSync(new TextEncoder().encode(redact(text)));
    Deno.exit(EXIT.failed);
  };
  globalThis.addEventListener("unhandledrejection", ({ reason }) => crash(reason));
  globalThis.addEventListener("error", ({ error }) => crash(error));
  const interrupt = listenForInterrupt({
    windows: Deno.build.os === "windows",
    listen: Deno.addSignalListener,
    unlisten: Deno.removeSignalListener,
    monotonic: systemClock.monotonic,
    exit: Deno.exit,
  });
  if (refused instanceof SluiceError) {
    err.write(
      errorText(refused.toJSON(), screenFor(err, place.invokedFolder ?? place.workingFolder)),
    );
    await err.flush();
    return exitCodeOfError(refused);
  }
  return await runCli(Deno.args, {
    services,
    variables,
    secrets,
    out,
    err,
    clock: systemClock,
    random: Math.random,
    interrupt,
    version: config.version,
    host: hostname(),
    workingFolder: place.workingFolder,
    invokedFolder: place.invokedFolder,
    typed,
    envFile: envFile?.path ?? null,
  });
}

/** The environment and what a `.env` file adds to it; what is set outside wins. */
function readVariables(
  environment: Readonly<Record<string, string>>,
  file: EnvFile | null,
): Readonly<Record<string, string>> {
  if (file === null) return environment;
  return { ...parseEnv(file.text) as Record<string, string>, ...environment };
}

function terminal(stream: typeof Deno.stdout | typeof Deno.stderr) {
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

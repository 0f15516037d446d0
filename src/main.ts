import { hostname } from "node:os";
import { parseEnv } from "node:util";
import config from "../deno.json" with { type: "json" };
import { EXIT } from "./cli/exit_code.ts";
import { listenForInterrupt } from "./cli/interrupt.ts";
import { openOutput } from "./cli/output.ts";
import { runCli } from "./cli/run_cli.ts";
import { realServices, type Services } from "./cli/services.ts";
import { bugText } from "./cli/views/error_text.ts";
import { systemClock } from "./core/clock.ts";
import { secretsFrom } from "./core/secret.ts";

if (import.meta.main) Deno.exit(await main(realServices()));

/** The only place that looks at the arguments, the environment and the terminal. */
export async function main(services: Services): Promise<number> {
  const variables = readVariables();
  const secrets = secretsFrom(variables);
  // Errors may quote an address, and no text says for certain where one ends.
  for (const text of [...Deno.args, ...Object.values(variables)]) {
    secrets.hide(text.slice(Math.max(0, text.search(/[A-Za-z][A-Za-z0-9+.-]*:\/\//))));
  }
  const redact = (text: string) => secrets.redact(text);
  const out = openOutput({ ...terminal(Deno.stdout), redact, variables });
  const err = openOutput({ ...terminal(Deno.stderr), redact, variables });
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
    workingFolder: Deno.cwd(),
    invokedFolder: variables.INIT_CWD ?? null,
  });
}

/**
 * The environment and what `.env` adds to it; what is set outside wins.
 *
 * Deno's own `--env-file` warns on each start where there is no such file.
 */
function readVariables(): Readonly<Record<string, string>> {
  const environment = Deno.env.toObject();
  try {
    const added = parseEnv(Deno.readTextFileSync(".env")) as Record<string, string>;
    return { ...added, ...environment };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return environment;
    throw error;
  }
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

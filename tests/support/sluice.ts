import type { Interrupt } from "../../src/cli/interrupt.ts";
import { realServices } from "../../src/cli/services.ts";
import { openCli, runOpened, type Stream } from "../../src/main.ts";

/** How a command ended and what it wrote. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Carries out a command as `main.ts` does, in this process: with the real services, without colors,
 * and with what `env` adds to the environment. What a test shows of permissions, signals, standard
 * input or the end of a process, it shows of a process of its own.
 *
 * @param folder the working folder
 */
export async function sluice(
  folder: string,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Outcome> {
  const [stdout, stderr] = [capture(), capture()];
  const opened = openCli({
    services: realServices(),
    args,
    environment: { ...Deno.env.toObject(), NO_COLOR: "1", ...env },
    workingFolder: folder,
    stdout,
    stderr,
    interrupt: nobodyInterrupts(),
  });
  const code = await runOpened(opened, args);
  return { code, out: stdout.text(), err: stderr.text() };
}

function capture(): Stream & { text(): string } {
  const decoder = new TextDecoder();
  let text = "";
  return {
    write(bytes) {
      text += decoder.decode(bytes, { stream: true });
      return Promise.resolve(bytes.length);
    },
    isTerminal: false,
    columns: () => 80,
    text: () => text,
  };
}

function nobodyInterrupts(): Interrupt {
  return {
    signal: new AbortController().signal,
    exitCode: () => null,
    leaveWithin() {},
    leaveToChild() {},
    [Symbol.dispose]() {},
  };
}

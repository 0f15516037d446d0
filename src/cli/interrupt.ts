import { SluiceError } from "../core/error.ts";

/** A signal that asks a command to stop. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGBREAK";

/** Exit codes of stopped commands: 128 and the signal's number, as shells have it. */
const EXIT_CODES: Readonly<Record<StopSignal, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGBREAK: 149,
};

/**
 * Milliseconds within which signals count as one.
 *
 * A terminal sends Ctrl-C to every process in front, and `deno task` passes on what it got, so
 * that one key press arrives here twice (seen 0 ms apart with Deno 2.9).
 */
const SAME_KEY_PRESS = 250;

/** Whether somebody asked the command to stop. */
export interface Interrupt extends Disposable {
  /** Aborted by the first signal; the reason is a `SluiceError` `cli/interrupted`. */
  readonly signal: AbortSignal;
  /** The exit code the signal calls for, or null while none came. */
  exitCode(): number | null;
  /**
   * Ends the process this long after the first signal, whatever is at work then; the last call counts.
   *
   * @param milliseconds from the signal on
   */
  leaveWithin(milliseconds: number): void;
  /** Leaves signals to a child process from now on. */
  leaveToChild(): void;
}

/** What {@link listenForInterrupt} needs from outside. */
export interface InterruptHost {
  /** Deno's `os`, which decides which signals exist. */
  readonly windows: boolean;
  readonly listen: (signal: StopSignal, handler: () => void) => void;
  readonly unlisten: (signal: StopSignal, handler: () => void) => void;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  /** Ends the process at once: the second signal. */
  readonly exit: (code: number) => void;
}

/** The first signal asks for a clean stop, the second one ends the process at once. */
export function listenForInterrupt(host: InterruptHost): Interrupt {
  const controller = new AbortController();
  const signals: readonly StopSignal[] = host.windows
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM"];
  let first: { signal: StopSignal; at: number } | null = null;
  let leftToChild = false;
  let longest: number | null = null;
  let leaving: ReturnType<typeof setTimeout> | undefined;
  function leave(): void {
    clearTimeout(leaving);
    if (first === null || longest === null) return;
    const { signal } = first;
    leaving = setTimeout(() => host.exit(EXIT_CODES[signal]), longest);
  }
  const handlers = signals.map((signal) => ({ signal, handler: () => handle(signal) }));
  function handle(signal: StopSignal): void {
    if (leftToChild) return;
    const at = host.monotonic();
    if (first !== null) {
      if (at - first.at > SAME_KEY_PRESS) host.exit(EXIT_CODES[signal]);
      return;
    }
    first = { signal, at };
    leave();
    controller.abort(
      new SluiceError("cli/interrupted", `Interrupted by ${signal}`, {
        retry: "later",
        details: { signal },
      }),
    );
  }
  for (const { signal, handler } of handlers) host.listen(signal, handler);
  return {
    signal: controller.signal,
    exitCode: () => first === null ? null : EXIT_CODES[first.signal],
    leaveWithin(milliseconds) {
      longest = milliseconds;
      leave();
    },
    leaveToChild: () => void (leftToChild = true),
    [Symbol.dispose]: () => {
      clearTimeout(leaving);
      for (const { signal, handler } of handlers) host.unlisten(signal, handler);
    },
  };
}

/** Resolves when somebody asks the command to stop. */
export function interrupted(
  { interrupt: { signal } }: { readonly interrupt: Pick<Interrupt, "signal"> },
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}

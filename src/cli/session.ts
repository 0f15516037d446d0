import { errorRecord, SluiceError } from "../core/error.ts";
import type { Emit } from "../core/event.ts";
import { samplesByParent, telemetryIsOn } from "../observe/observe_settings.ts";
import type { Cli } from "./cli.ts";
import { EXIT, exitCodeOfError, worseExitCode } from "./exit_code.ts";
import type { Log } from "./log.ts";
import { observedServices } from "./observed_services.ts";
import type { ObserveFlags, OutputFlags } from "./options.ts";
import { bugText, errorText } from "./views/error_text.ts";
import { lineProgress } from "./views/line_progress.ts";
import type { Paint } from "./views/paint.ts";
import { type Screen, screenFor } from "./views/screen.ts";
import type { Progress, View } from "./views/view.ts";

/** One command at work: where its result goes, and where everything else goes. */
export interface Session {
  readonly cli: Cli;
  /** Standard output. */
  readonly view: View;
  /** Of standard error. */
  readonly screen: Screen;
  /** Paints for standard error. */
  readonly paint: Paint;
  /** Events of runs, to the progress and to the log. */
  readonly emit: Emit;
  /** One or more lines on standard error, above any progress bar. */
  say(text: string): void;
  /** The same for what is no trouble: not with `--quiet`. */
  note(text: string): void;
  /** Where the user stands, absolute. */
  readonly userFolder: string;
  /** Shows progress in another way from now on. */
  showProgress(progress: Progress): void;
  /** Takes a progress bar down: nothing moves below what comes next. */
  stopProgress(): void;
  /** Tells an error on standard error and in the log; returns its exit code. */
  report(error: unknown, where?: string): number;
}

/** Milliseconds that a command takes to stop cleanly, unless it says otherwise. */
const LONGEST_STOP = 30_000;

/**
 * Runs a command's work and turns however it ended into an exit code.
 *
 * @param beside the command does several runs at a time
 */
export async function inSession(
  cli: Cli,
  flags: OutputFlags & ObserveFlags,
  work: (session: Session) => Promise<number>,
  beside = false,
): Promise<number> {
  const { quiet = false, verbose = false } = flags;
  const folder = cli.invokedFolder ?? cli.workingFolder;
  const screen = screenFor(cli.err, folder, verbose, cli.typed);
  const { paint } = screen;
  let progress: Progress = lineProgress(cli.err, screen, quiet ? "warnings" : "all");
  let log: Log | null = null;
  const say = (text: string) => {
    if (log?.ownsStandardError) log.text(text);
    else progress.line(text);
  };
  const view = await openView(cli, flags, screenFor(cli.out, folder, verbose, cli.typed));
  const session: Session = {
    cli: { ...cli, services: observedServices(cli, flags) },
    view,
    screen,
    paint,
    say,
    note: quiet ? () => {} : say,
    userFolder: folder,
    emit(event) {
      progress.emit(event);
      log?.event(event);
    },
    showProgress(next) {
      progress.stop();
      progress = next;
    },
    stopProgress: () => progress.stop(),
    report(error, where) {
      progress.stop();
      // A bug's stack is in no record of its own.
      const recorded = log?.ownsStandardError && error instanceof SluiceError;
      if (!recorded) say(describeError(error, cli, screen, where));
      log?.error(errorRecord(error));
      return exitCodeOfError(error);
    },
  };
  const onStop = () => say(paint("warn", "Stopping cleanly; interrupt again to stop at once\n"));
  cli.interrupt.signal.addEventListener("abort", onStop, { once: true });
  // Whatever hangs by then; what a load leaves behind, the next one takes away.
  cli.interrupt.leaveWithin(LONGEST_STOP);
  let code: number = EXIT.failed;
  try {
    if (flags.logLevel !== undefined || flags.logFile !== undefined) {
      const { openLog } = await import("./log.ts");
      // Log lines on standard error take the place of the lines that tell the stages.
      if (flags.logFile === undefined) progress = lineProgress(cli.err, screen, "none");
      log = await openLog(flags, cli, (text) => progress.line(text), beside);
    }
    code = await quietly(() => work(session), cli, say);
  } catch (error) {
    view.failed(errorRecord(error));
    code = session.report(error);
  }
  progress.stop();
  view.end();
  cli.interrupt.signal.removeEventListener("abort", onStop);
  try {
    await log?.close();
  } catch (error) {
    // The command did its work; a full disk under the log is still worth a word and a code.
    code = worseExitCode(code, session.report(error));
  }
  return cli.interrupt.exitCode() ?? code;
}

/** What prints the result: loaded now, as `--help` needs none. */
async function openView(cli: Cli, { output, quiet }: OutputFlags, screen: Screen): Promise<View> {
  if (output === "json") {
    const { jsonView } = await import("./views/json_view.ts");
    return jsonView(cli.out, cli.secrets);
  }
  const { humanView } = await import("./views/human_view.ts");
  return humanView(cli.out, screen, quiet);
}

/** Where the runtime traces: without its own spans, which would tell URLs and what is in them. */
async function quietly(
  work: () => Promise<number>,
  { variables }: Cli,
  say: (text: string) => void,
): Promise<number> {
  if (!telemetryIsOn(variables)) return await work();
  if (!samplesByParent(variables)) {
    say(
      "warning: Deno traces each HTTP request with its whole URL, and the secrets in it: " +
        "set OTEL_TRACES_SAMPLER=parentbased_always_on\n",
    );
  }
  const { untraced } = await import("../observe/telemetry.ts");
  return await untraced(work);
}

function describeError(
  error: unknown,
  { interrupt, version }: Cli,
  screen: Screen,
  where?: string,
): string {
  const { paint } = screen;
  const aborted = interrupt.signal.aborted;
  if (aborted && (error === interrupt.signal.reason || isAbort(error))) {
    return paint("warn", "Interrupted: unfinished loads were not published\n");
  }
  if (error instanceof SluiceError) {
    return errorText(error.toJSON(), screen, {
      cause: error.cause,
      ...(where === undefined ? {} : { where }),
    });
  }
  if (error instanceof Deno.errors.NotCapable) {
    const record = {
      code: "cli/permission",
      message: error.message,
      retry: "never" as const,
      hint: "The command's permissions do not grant this: docs/cli.md lists them",
    };
    return errorText(record, screen);
  }
  return bugText(error, version, paint);
}

function isAbort(error: unknown): boolean {
  return error instanceof SluiceError && error.code === "cli/interrupted" ||
    error instanceof DOMException && error.name === "AbortError";
}

import { errorRecord, SluiceError } from "../core/error.ts";
import type { RunResult } from "../core/result.ts";
import type { RunContext, RunOptions } from "../run/context.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { EXIT, exitCodeOfError, exitCodeOfRun, worseExitCode } from "./exit_code.ts";
import type { OutputFlags } from "./options.ts";
import type { Session } from "./session.ts";
import { errorText } from "./views/error_text.ts";

/** Runs pipelines one after the other; what stands after one that was not loaded is skipped. */
export async function runInOrder(
  specs: readonly PipelineSpec[],
  optionsOf: (spec: PipelineSpec) => RunOptions,
  flags: OutputFlags,
  context: RunContext,
  session: Session,
): Promise<number> {
  const { cli } = session;
  let code: number = EXIT.done;
  /** Pipelines that were not loaded. */
  const failed = new Set<string>();
  for (const spec of specs) {
    if (cli.interrupt.signal.aborted) break;
    const missing = spec.after?.find((name) => failed.has(name));
    if (missing !== undefined) {
      skip(spec, missing, session);
      failed.add(spec.pipeline);
      continue;
    }
    await showBars(flags, session);
    const ended = await runOne(spec, optionsOf(spec), context, session);
    if (ended !== EXIT.done) failed.add(spec.pipeline);
    code = worseExitCode(code, ended);
  }
  return code;
}

/** What stands after a pipeline that was not loaded would read what is not there, or is old. */
function skip({ file, pipeline }: PipelineSpec, missing: string, session: Session): void {
  const error = new SluiceError(
    "cli/skipped",
    `"${pipeline}" is skipped: "${missing}", which must be loaded before it, was not`,
    { hint: `Mend "${missing}" and run both; \`after\` in ${file} says what comes first` },
  );
  session.view.run({ file, result: null, error: error.toJSON() });
  session.report(error);
}

/** Where somebody looks on, and asked for neither less nor more. */
export async function showBars(
  { logLevel, quiet = false, verbose = false }: Omit<OutputFlags, "output">,
  { cli, screen, showProgress }: Session,
): Promise<void> {
  if (!cli.err.isTerminal || logLevel !== undefined || quiet || verbose) return;
  const { barProgress } = await import("./views/bar_progress.ts");
  showProgress(barProgress(cli.err, screen, cli.clock));
}

/** A file that fails does not keep the next from running. */
export async function runOne(
  spec: PipelineSpec,
  options: RunOptions,
  context: RunContext,
  session: Session,
  file: string | null = spec.file,
): Promise<number> {
  const { cli, view } = session;
  let result: RunResult;
  try {
    result = await cli.services.runPipeline(spec, options, {
      ...context,
      emit: session.emit,
    });
  } catch (error) {
    view.run({ file, result: null, error: errorRecord(error) });
    const code = session.report(error, spec.pipeline);
    return error instanceof SluiceError ? exitCodeOfError(error) : code;
  }
  return await tellRun(spec, result, session, file);
}

/** Shows a run that has ended, with what went wrong; returns the exit code. */
export async function tellRun(
  { target: { schema, table } }: PipelineSpec,
  result: RunResult,
  session: Session,
  file: string | null,
): Promise<number> {
  session.stopProgress();
  session.view.run({ file, target: `${schema}.${table}`, result, error: null });
  await session.cli.out.flush();
  sayErrors(result, session);
  return exitCodeOfRun(result);
}

/** Tells what went wrong; what went wrong alike, of a database that is away, only once. */
function sayErrors({ pipeline, partitions }: RunResult, session: Session): void {
  const failed = partitions.filter(({ error }) =>
    error !== null && error.code !== "cli/interrupted"
  );
  for (const alike of Map.groupBy(failed, ({ error }) => JSON.stringify(error)).values()) {
    const [{ partition, error }] = alike;
    const names = alike.slice(0, NAMES).map(({ partition }) => partition).join(", ");
    const more = alike.length > NAMES ? ` and ${alike.length - NAMES} more` : "";
    const where = partition === null
      ? "whole table"
      : `partition${alike.length === 1 ? "" : "s"} ${names}${more}`;
    session.say(errorText(error!, session.screen, { where: `${pipeline}, ${where}` }));
  }
}

/** Partitions that are named together. */
const NAMES = 3;

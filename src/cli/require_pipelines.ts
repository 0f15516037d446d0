import { errorRecord } from "../core/error.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { checkAfter } from "./check_after.ts";
import type { SpecFlags } from "./options.ts";
import { type PipelineFile, readPipelines } from "./read_pipelines.ts";
import type { Session } from "./session.ts";

/**
 * The specs of all files; null where one of them is wrong, after every mistake is printed.
 *
 * Warnings are for `validate`, and the run gives its own.
 *
 * @param opensSource the command opens the sources, and needs their variables
 * @param isComplete every pipeline that is meant is among the files
 */
export async function requirePipelines(
  files: readonly string[],
  flags: SpecFlags,
  session: Session,
  opensSource = false,
  isComplete = false,
): Promise<readonly PipelineSpec[] | null> {
  const read = checkAfter(
    await readPipelines(files, flags, session.cli, opensSource),
    isComplete,
  );
  await reportFaults(read.map(withoutWarnings), session);
  const specs = read.flatMap(({ spec }) => spec ?? []);
  if (specs.length === files.length) return specs;
  const unreadable = read.find(({ error }) => error !== null);
  if (unreadable?.error) session.view.failed(errorRecord(unreadable.error));
  else session.view.diagnostics(read.map(withoutWarnings).flatMap((each) => each.diagnostics));
  return null;
}

function withoutWarnings(file: PipelineFile): PipelineFile {
  return { ...file, diagnostics: file.diagnostics.filter(({ severity }) => severity === "error") };
}

/** Tells on standard error everything that is wrong with the files. */
export async function reportFaults(
  read: readonly PipelineFile[],
  session: Session,
): Promise<void> {
  for (const { diagnostics, error } of read) {
    if (error !== null) session.report(error);
    for (const diagnostic of diagnostics) {
      const text = await session.cli.services.renderDiagnostic(diagnostic, session.screen);
      session.say(`${text.trimEnd()}\n\n`);
    }
  }
}

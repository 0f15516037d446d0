import { plainScreen } from "./views/screen.ts";
import { lstat } from "node:fs/promises";
import { resolve } from "node:path";
import { SluiceError } from "../core/error.ts";
import { redactDeep } from "../core/redact_deep.ts";
import type { ReadFile, ShownFile } from "../schedule/pipeline_files.ts";
import type { SpecFlags } from "./options.ts";
import { loadText, type PipelineFile, type Reader } from "./read_pipelines.ts";
import { readText } from "./read_text.ts";
import type { FromThread, ReadTask } from "./thread_task.ts";

/** Faults of one file that are told: nobody reads more, and each answer holds them. */
const TOLD = 20;

/** Reads pipeline files one after another, and reports each. */
export async function readTask(
  { files }: ReadTask,
  flags: SpecFlags,
  around: Reader,
  tell: (message: FromThread) => void,
): Promise<null> {
  for (const file of files) {
    tell({ kind: "file", read: await readFile(file, flags, around) });
  }
  return null;
}

/** Null where the file is gone. */
async function readFile(file: string, flags: SpecFlags, around: Reader): Promise<ReadFile | null> {
  let read: PipelineFile & { readonly text: string };
  try {
    read = await readForEnvironment(file, flags, around);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    if (error.code !== "cli/no_such_file") return broken(file, error.message);
    const why = await whyAbsent(file, around);
    return why === null ? null : broken(file, `"${file}" ${why}`);
  }
  const { spec, diagnostics } = read;
  const shown = shownFile(read, around);
  if (spec !== null) {
    return { file, served: { spec, schedule: spec.schedule ?? null }, fault: null, shown };
  }
  const { renderDiagnostic } = around.services;
  const texts = await Promise.all(
    diagnostics.slice(0, TOLD).map((each) => renderDiagnostic(each, plainScreen())),
  );
  const more = diagnostics.length - TOLD;
  if (more > 0) texts.push(`${file}: ${more} more errors: "validate" lists them`);
  // Here it is known where the URLs of the file end.
  const fault = around.secrets.redact(texts.map((text) => text.trimEnd()).join("\n\n"));
  return { ...broken(file, fault), shown };
}

/** UTF-16 units of a file that are shown: each file of a folder is kept in memory. */
const SHOWN = 64 * 1024;

function shownFile(
  { text, diagnostics }: { readonly text: string } & Pick<PipelineFile, "diagnostics">,
  { secrets }: Reader,
): ShownFile {
  const cut = text.length > SHOWN;
  const kept = cut ? text.slice(0, text.lastIndexOf("\n", SHOWN) + 1) : text;
  return {
    // Line by line: what is hidden of a URL may reach to the end of the text.
    text: kept.split("\n").map((line) => secrets.redact(line)).join("\n"),
    cut,
    diagnostics: redactDeep(diagnostics.slice(0, TOLD), secrets),
  };
}

function broken(file: string, fault: string): ReadFile {
  return { file, served: null, fault };
}

/** A folder may hold pipelines without environments beside those that `--env` chooses one of. */
async function readForEnvironment(
  file: string,
  flags: SpecFlags,
  around: Reader,
): Promise<PipelineFile & { readonly text: string }> {
  const found = await readText(file, around, true);
  const { text } = found;
  const read = await loadText(file, found, flags, around, true);
  if (flags.env === undefined) return { ...read, text };
  const plain = await loadText(file, found, { set: flags.set }, around, true);
  return { ...(plain.spec?.environment === null ? plain : read), text };
}

/** What stands in the folder's list and cannot be opened; null where it is gone meanwhile. */
async function whyAbsent(
  file: string,
  { workingFolder, invokedFolder }: Reader,
): Promise<string | null> {
  // What the runtime puts in place of bytes that are no UTF-8: no name that it knows opens it.
  if (file.includes("\ufffd")) return "has a name that is not UTF-8: rename it";
  for (const folder of [workingFolder, invokedFolder ?? workingFolder]) {
    const found = await lstat(resolve(folder, file)).then(() => true, () => false);
    if (found) return "is a link to a file that is not there";
  }
  return null;
}

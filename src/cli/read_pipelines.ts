import { dirname } from "node:path";
import type { Diagnostic } from "../core/diagnostic.ts";
import { SluiceError } from "../core/error.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { SpecFlags } from "./options.ts";
import { type FoundText, readText } from "./read_text.ts";
import type { Surroundings } from "./surroundings.ts";

/** One pipeline file: its spec, or its mistakes. */
export interface PipelineFile {
  readonly file: string;
  /** Null where there is an error. */
  readonly spec: PipelineSpec | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Why the file could not be read at all. */
  readonly error: SluiceError | null;
}

/** What reading needs from outside. */
export type Reader = Pick<
  Surroundings,
  "services" | "variables" | "secrets" | "workingFolder" | "invokedFolder"
>;

/**
 * Reads all files before it uses one, so that all mistakes show at once.
 *
 * @param opensSource a variable of the source that is not set is an error
 * @param allowedCommands programs of notifications that need no warning; left out: a run warns by itself
 */
export async function readPipelines(
  files: readonly string[],
  flags: SpecFlags,
  cli: Reader,
  opensSource = false,
  allowedCommands?: readonly string[],
): Promise<readonly PipelineFile[]> {
  const result: PipelineFile[] = [];
  for (const file of files) {
    result.push(await readPipeline(file, flags, cli, opensSource, allowedCommands));
  }
  return result;
}

async function readPipeline(
  file: string,
  flags: SpecFlags,
  cli: Reader,
  opensSource: boolean,
  allowedCommands: readonly string[] | undefined,
): Promise<PipelineFile> {
  let found: FoundText;
  try {
    found = await readText(file, cli);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { file, spec: null, diagnostics: [], error };
  }
  return await loadText(file, found, flags, cli, opensSource, allowedCommands);
}

/** Makes a spec of a file's text. */
export async function loadText(
  file: string,
  found: FoundText,
  flags: SpecFlags,
  cli: Reader,
  opensSource: boolean,
  allowedCommands?: readonly string[],
): Promise<PipelineFile> {
  const loaded = await cli.services.loadSpec(found.text, {
    file,
    folder: dirname(found.path),
    ...(flags.env === undefined ? {} : { environment: flags.env }),
    set: flags.set,
    variables: cli.variables,
    secrets: cli.secrets,
    opensSource,
    ...(allowedCommands === undefined ? {} : { allowedCommands }),
  });
  return { file, ...loaded, error: null };
}

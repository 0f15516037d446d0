import { dirname, resolve } from "node:path";
import type { Diagnostic } from "../core/diagnostic.ts";
import { SluiceError } from "../core/error.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { Cli } from "./cli.ts";
import type { SpecFlags } from "./options.ts";

/** One pipeline file: its spec, or what is wrong with it. */
export interface PipelineFile {
  readonly file: string;
  /** Null where there is an error. */
  readonly spec: PipelineSpec | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Why the file could not be read at all. */
  readonly error: SluiceError | null;
}

/**
 * Reads all files before anything is done with one: what is wrong shows up at once.
 *
 * @param opensSource without the variables that its source needs a file is wrong
 */
export async function readPipelines(
  files: readonly string[],
  flags: SpecFlags,
  cli: Cli,
  opensSource = false,
): Promise<readonly PipelineFile[]> {
  const result: PipelineFile[] = [];
  for (const file of files) result.push(await readPipeline(file, flags, cli, opensSource));
  return result;
}

async function readPipeline(
  file: string,
  flags: SpecFlags,
  cli: Cli,
  opensSource: boolean,
): Promise<PipelineFile> {
  let found: { path: string; text: string };
  try {
    found = await readText(file, cli);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { file, spec: null, diagnostics: [], error };
  }
  const loaded = await cli.services.loadSpec(found.text, {
    file,
    folder: dirname(found.path),
    ...(flags.env === undefined ? {} : { environment: flags.env }),
    set: flags.set,
    variables: cli.variables,
    opensSource,
  });
  return { file, ...loaded, error: null };
}

async function readText(file: string, cli: Cli): Promise<{ path: string; text: string }> {
  const folders = [cli.workingFolder, cli.invokedFolder ?? cli.workingFolder];
  for (const folder of new Set(folders)) {
    const path = resolve(folder, file);
    const bytes = await readBytes(file, path);
    if (bytes === null) continue;
    try {
      return { path, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
    } catch (cause) {
      throw new SluiceError("cli/not_utf8", `"${file}" is not UTF-8 text`, {
        hint: "Save it in the UTF-8 encoding",
        cause,
      });
    }
  }
  throw new SluiceError("cli/no_such_file", `There is no file "${file}"`, {
    hint: "Name a pipeline file, such as pipelines/yellow_taxi.yaml",
  });
}

async function readBytes(file: string, path: string): Promise<Uint8Array | null> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory) {
      return null;
    }
    if (cause instanceof Deno.errors.IsADirectory) {
      throw new SluiceError("cli/is_a_folder", `"${file}" is a folder`, {
        hint: `Name the files in it, such as ${file.replace(/\/$/, "")}/*.yaml`,
        cause,
      });
    }
    if (cause instanceof Deno.errors.PermissionDenied) {
      throw new SluiceError("cli/unreadable_file", `"${file}" may not be read by this user`, {
        hint: "Check its owner and its mode",
        cause,
      });
    }
    throw cause;
  }
}

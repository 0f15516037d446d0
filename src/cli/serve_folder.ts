import { resolve } from "node:path";
import type { ReadFile } from "../schedule/pipeline_files.ts";
import { type FolderHost, PipelineFolder } from "../schedule/pipeline_folder.ts";
import type { Cli } from "./cli.ts";
import type { SpecFlags } from "./options.ts";
import { type PipelineFile, readPipelines } from "./read_pipelines.ts";

/** The folder that `serve` names, read as the flags say. */
export function servedFolder(
  path: string,
  flags: SpecFlags,
  cli: Cli,
  { tell, onChange }: Pick<FolderHost, "tell" | "onChange">,
): PipelineFolder {
  const shown = path.replace(/\/+$/, "");
  return new PipelineFolder({
    path: folderPath(path, cli),
    clock: cli.clock,
    tell,
    onChange,
    async read(names) {
      const files = names.map((name) => `${shown}/${name}`);
      const read = await readForEnvironment(files, flags, cli);
      return await Promise.all(read.map((each) => readFileOf(each, cli)));
    },
  });
}

/** A folder may hold pipelines without environments beside those that `--env` chooses one of. */
async function readForEnvironment(
  files: readonly string[],
  flags: SpecFlags,
  cli: Cli,
): Promise<readonly PipelineFile[]> {
  const read = await readPipelines(files, flags, cli, true);
  if (flags.env === undefined) return read;
  const plain = await readPipelines(files, { set: flags.set }, cli, true);
  return read.map((each, at) => plain[at].spec?.environment === null ? plain[at] : each);
}

async function readFileOf(
  { file, spec, diagnostics, error }: PipelineFile,
  { services }: Cli,
): Promise<ReadFile> {
  if (spec === null) {
    const texts = error !== null ? [error.message] : await Promise.all(
      diagnostics.map((each) => services.renderDiagnostic(each, (_style, text) => text)),
    );
    return { file, served: null, fault: texts.map((text) => text.trimEnd()).join("\n\n") };
  }
  return { file, served: { spec, schedule: spec.schedule ?? null }, fault: null };
}

/** As with files: where `deno task` moved to, else where the user stood. */
function folderPath(path: string, { workingFolder, invokedFolder }: Cli): string {
  const here = resolve(workingFolder, path);
  if (invokedFolder === null || isFolder(here)) return here;
  const there = resolve(invokedFolder, path);
  return isFolder(there) ? there : here;
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

import { readdir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { SluiceError } from "../core/error.ts";
import type { Folders } from "./read_text.ts";

/**
 * The pipeline files that arguments name: a folder stands for its files, as `serve` sees them, by
 * name. What is neither is told by whoever reads it.
 *
 * @throws SluiceError `cli/no_pipelines` where a folder has none
 */
export async function pipelineFiles(
  names: readonly string[],
  folders: Folders,
): Promise<readonly string[]> {
  const files: string[] = [];
  for (const name of names) {
    const path = await folderOf(name, folders);
    if (path === null) {
      files.push(name);
      continue;
    }
    const found = await filesIn(path);
    if (found.length === 0) {
      throw new SluiceError("cli/no_pipelines", `The folder "${name}" has no pipeline files`, {
        hint: "Name a folder with .yaml files in it, such as pipelines/",
      });
    }
    const shown = name.replace(/[\\/]+$/, "");
    files.push(...found.map((file) => `${shown === "" ? "" : shown}/${file}`));
  }
  // A folder and a file in it name one pipeline.
  return [...new Set(files)];
}

/** Whether a folder was among the arguments. */
export function namesFolder(names: readonly string[], files: readonly string[]): boolean {
  return names.some((name) => !files.includes(name));
}

/** As with files: where `deno task` moved to, else where the user stood. */
async function folderOf(
  name: string,
  { workingFolder, invokedFolder }: Folders,
): Promise<string | null> {
  for (const base of new Set([workingFolder, invokedFolder ?? workingFolder])) {
    const path = resolve(base, name);
    const info = await stat(path).catch(() => null);
    if (info !== null) return info.isDirectory() ? path : null;
  }
  return null;
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory() && /^[^.].*\.ya?ml$/.test(entry.name))
    .map(({ name }) => name).sort((a, b) => a < b ? -1 : 1);
}

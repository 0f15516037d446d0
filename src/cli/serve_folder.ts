import { resolve } from "node:path";
import type { ReadFile } from "../schedule/pipeline_files.ts";
import { type FolderHost, PipelineFolder } from "../schedule/pipeline_folder.ts";
import type { Cli } from "./cli.ts";
import { inThread } from "./thread.ts";
import { type ThreadFlags, threadStart } from "./thread_task.ts";

/** Milliseconds that one file may take: a hundred times what the longest one needs. */
const PATIENCE = 60_000;

const NEVER = new AbortController().signal;

/** The folder that `serve` names, read as the flags say. */
export function servedFolder(
  path: string,
  flags: ThreadFlags,
  cli: Cli,
  { tell, onChange }: Pick<FolderHost, "tell" | "onChange">,
): PipelineFolder {
  const shown = path.replace(/\/+$/, "");
  return new PipelineFolder({
    path: folderPath(path, cli),
    clock: cli.clock,
    tell,
    onChange,
    read: (names) => readFiles(names.map((name) => `${shown}/${name}`), flags, cli),
  });
}

/** Reads files in a thread; one that takes too long is left out, and told. */
async function readFiles(
  files: readonly string[],
  flags: ThreadFlags,
  cli: Cli,
): Promise<readonly ReadFile[]> {
  const found: ReadFile[] = [];
  for (let at = 0; at < files.length;) {
    const first = at;
    const late = new AbortController();
    let timer = setTimeout(() => late.abort(), PATIENCE);
    try {
      const start = threadStart(cli, flags, { kind: "read", files: files.slice(first) });
      await inThread(start, NEVER, late.signal, (news) => {
        if (news.kind !== "file") return;
        at++;
        if (news.read !== null) found.push(news.read);
        clearTimeout(timer);
        timer = setTimeout(() => late.abort(), PATIENCE);
      });
    } catch (error) {
      if (at === files.length) break;
      const file = files[at++];
      const fault = late.signal.aborted
        ? `"${file}" was not read within ${PATIENCE / 1000} s`
        : `"${file}" cannot be read: ${error instanceof Error ? error.message : error}`;
      found.push({ file, served: null, fault });
    } finally {
      clearTimeout(timer);
    }
  }
  return found;
}

/** Whether there is such a folder, where {@link servedFolder} looks for it. */
export function folderThere(path: string, cli: Cli): boolean {
  return isFolder(folderPath(path, cli));
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

import { lstat, mkdir, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SluiceError } from "../core/error.ts";
import crontab from "./new_folder/crontab" with { type: "text" };
import envExample from "./new_folder/env.example" with { type: "text" };
import gitignore from "./new_folder/gitignore" with { type: "text" };
import workflow from "./new_folder/load.yaml" with { type: "text" };
import data from "./new_folder/orders.csv" with { type: "text" };
import pipeline from "./new_folder/orders.yaml" with { type: "text" };
import readme from "./new_folder/readme.md" with { type: "text" };
import { shellWord } from "./views/run_text.ts";

/** What the files of a new folder say of where they are. */
export interface NewFolder {
  /** Absolute. */
  readonly folder: string;
  /** Of Sluice. */
  readonly version: string;
  /** The JSON Schema of pipeline files. */
  readonly schema: string;
}

/** The files of a new folder, by their paths in it. */
export function newFiles({ folder, version, schema }: NewFolder): Readonly<Record<string, string>> {
  return {
    "pipelines/orders.yaml": pipeline,
    "data/orders.csv": data,
    "schemas/pipeline.schema.json": schema,
    ".env.example": envExample,
    ".gitignore": gitignore,
    ".github/workflows/load.yaml": workflow.replaceAll("{version}", version),
    // In a crontab a percent sign ends the line.
    "crontab.example": crontab.replaceAll("{folder}", shellWord(folder).replaceAll("%", "\\%")),
    "README.md": readme,
  };
}

/**
 * Writes files into a folder: all of them, or none where one is there already.
 *
 * @param name the folder as the user calls it
 * @throws SluiceError `cli/file_exists`, `cli/cannot_write`
 */
export async function writeNewFiles(
  folder: string,
  files: Readonly<Record<string, string>>,
  name: string,
): Promise<void> {
  const there: string[] = [];
  for (const path of Object.keys(files)) {
    if (await isThere(join(folder, path))) there.push(path);
  }
  if (there.length > 0) throw exists(name, there);
  /** What we made, the last first: it goes where not all of it can be made. */
  const made: (() => Promise<void>)[] = [];
  try {
    for (const [path, text] of Object.entries(files)) {
      const full = join(folder, path);
      const first = await mkdir(dirname(full), { recursive: true });
      if (first !== undefined) made.unshift(() => removeEmpty(dirname(full), first));
      await writeFile(full, text, { flag: "wx" });
      made.unshift(() => rm(full));
    }
  } catch (cause) {
    for (const undo of made) await undo().catch(() => {});
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    const { code, message, path } = cause as { code?: string; message?: string; path?: string };
    if (code === "EEXIST" && path !== undefined && Object.hasOwn(files, path)) {
      throw exists(name, [path]);
    }
    throw new SluiceError("cli/cannot_write", `"${name}" cannot be made: ${message ?? cause}`, {
      hint: "Name a folder that you may write to, or one that is not there yet",
      cause,
    });
  }
}

function exists(name: string, there: readonly string[]): SluiceError {
  return new SluiceError(
    "cli/file_exists",
    `"${name}" has ${there.join(", ")} already; nothing was written`,
    { hint: "Name another folder" },
  );
}

/** Something of that name, a link that leads nowhere included. */
async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(() => true, () => false);
}

/** Takes folders away from the last up to the first, as long as nothing is in them. */
async function removeEmpty(last: string, first: string): Promise<void> {
  for (let at = last; at.length >= first.length; at = dirname(at)) await rmdir(at);
}

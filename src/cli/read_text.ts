import { Buffer } from "node:buffer";
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { SluiceError } from "../core/error.ts";
import type { Surroundings } from "./surroundings.ts";

/** Bytes of the longest pipeline file: 1,600 columns with every key take a tenth of it. */
const LONGEST = 16 * 1024 * 1024;

/** Where a file is looked for. */
export type Folders = Pick<Surroundings, "workingFolder" | "invokedFolder">;

/** A pipeline file that was found. */
export interface FoundText {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/**
 * Reads a pipeline file, wherever it is found first.
 *
 * @param onlyFiles refuses pipes and devices at once, which a person at a terminal may name
 * @throws SluiceError `cli/…`
 */
export async function readText(
  file: string,
  { workingFolder, invokedFolder }: Folders,
  onlyFiles = false,
): Promise<FoundText> {
  for (const folder of new Set([workingFolder, invokedFolder ?? workingFolder])) {
    const path = resolve(folder, file);
    const bytes = await readBytes(file, path, onlyFiles);
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

/** Null where there is no such file. */
async function readBytes(
  file: string,
  path: string,
  onlyFiles: boolean,
): Promise<Uint8Array | null> {
  let handle: FileHandle | null = null;
  try {
    // Some devices do something when they are opened.
    if (onlyFiles && !isFileOrFolder(await stat(path))) throw notAFile(file);
    // A pipe without a writer would be waited for by a thread that nothing ends.
    const flags = constants.O_RDONLY | (onlyFiles ? constants.O_NONBLOCK ?? 0 : 0);
    handle = await open(path, flags);
    const info = await handle.stat();
    if (info.isDirectory()) throw isAFolder(file);
    if (!info.isFile() && (onlyFiles || info.isBlockDevice())) throw notAFile(file);
    return await readAll(file, handle);
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause;
    return refused(file, cause);
  } finally {
    await handle?.close();
  }
}

function isFileOrFolder(info: { isFile(): boolean; isDirectory(): boolean }): boolean {
  return info.isFile() || info.isDirectory();
}

async function readAll(file: string, handle: FileHandle): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const piece = new Uint8Array(1 << 16);
    const { bytesRead } = await handle.read(piece, 0, piece.length, null);
    if (bytesRead === 0) return Buffer.concat(pieces);
    length += bytesRead;
    pieces.push(piece.subarray(0, bytesRead));
    if (length <= LONGEST) continue;
    throw new SluiceError(
      "cli/file_too_long",
      `"${file}" has more than ${LONGEST / 1024 / 1024} MiB: it is not a pipeline file`,
      { hint: "Name the pipeline file, not its data" },
    );
  }
}

/** The operating system's words in ours; null where there is no such file. */
function refused(file: string, cause: unknown): null {
  if (cause instanceof Deno.errors.NotCapable) throw cause;
  const { code, message } = cause as { code?: string; message?: string };
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return null;
    case "EISDIR":
      throw isAFolder(file, cause);
    // A socket cannot be opened, nor a device without a driver.
    case "ENXIO":
    case "ENODEV":
      throw notAFile(file, cause);
    case "ELOOP":
      throw new SluiceError("cli/unreadable_file", `"${file}" is a link that leads to itself`, {
        hint: "Remove it, or point it at a file",
        cause,
      });
    case "EACCES":
    case "EPERM":
      throw new SluiceError("cli/unreadable_file", `This user may not read "${file}"`, {
        hint: "Check its owner and its mode",
        cause,
      });
  }
  throw new SluiceError("cli/unreadable_file", `"${file}" cannot be read: ${message ?? cause}`, {
    hint: "Check its name, and the disk or the network share that holds it",
    cause,
  });
}

function isAFolder(file: string, cause?: unknown): SluiceError {
  return new SluiceError("cli/is_a_folder", `"${file}" is a folder`, {
    hint: `Name the files in it, such as ${file.replace(/\/$/, "")}/*.yaml`,
    cause,
  });
}

function notAFile(file: string, cause?: unknown): SluiceError {
  return new SluiceError("cli/not_a_file", `"${file}" is a pipe, a socket or a device`, {
    hint: "Put a file in its place",
    cause,
  });
}

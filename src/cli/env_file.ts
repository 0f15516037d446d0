import { lstatSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { SluiceError } from "../core/error.ts";
import { filesOfPlan } from "./plan_file.ts";

/** A `.env` file that adds to the environment. */
export interface EnvFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/** Where a command was called. */
export interface Call {
  readonly args: readonly string[];
  readonly workingFolder: string;
  readonly invokedFolder: string | null;
}

/** Commands whose argument may be a folder. */
const WITH_FOLDERS = ["run", "plan", "validate", "serve", "page", "status", "doctor"];

/**
 * The `.env` file of a command: the nearest one beside its pipeline and upwards, else that of the
 * working folder. It is one file: what the nearest leaves out no other fills in, so that what it
 * says does not depend on where one stands.
 *
 * @throws SluiceError `cli/several_env_files` where pipelines of one command have different ones,
 *   `cli/unreadable_file`
 */
export function findEnvFile(call: Call): EnvFile | null {
  const found = new Map<string, string>();
  for (const place of placesOf(call)) {
    const path = nearest(place);
    if (path !== null) found.set(path, place.path);
  }
  const [path, other] = found.keys();
  if (other !== undefined) {
    throw new SluiceError(
      "cli/several_env_files",
      `"${found.get(path)}" has the settings of "${path}", and "${found.get(other)}" those of ` +
        `"${other}"`,
      { hint: "Name them in commands of their own: they may be meant for different databases" },
    );
  }
  return read(path ?? join(call.workingFolder, ".env"));
}

interface Place {
  /** A pipeline file or a folder. */
  readonly path: string;
  readonly folder: string;
  /** Of whoever it belongs to; null on Windows. */
  readonly owner: number | null;
}

/** The pipeline files and folders among the arguments; what is no file is told by who opens it. */
function placesOf({ args, workingFolder, invokedFolder }: Call): Place[] {
  const [command, ...rest] = args;
  const placeOf = (arg: string): Place[] => {
    const isFile = /\.ya?ml$/i.test(arg);
    if (!isFile && !WITH_FOLDERS.includes(command)) return [];
    for (const base of new Set([workingFolder, invokedFolder ?? workingFolder])) {
      const path = resolve(base, arg);
      const info = look(path);
      if (info === null || (isFile ? !info.isFile() : !info.isDirectory())) continue;
      return [{ path, folder: isFile ? dirname(path) : path, owner: ownerOf(info) }];
    }
    return [];
  };
  const named = rest.filter((arg) => !arg.startsWith("-"));
  /** The pipeline files that a plan file names; what cannot be read is told by who opens it. */
  const planned = (arg: string): readonly string[] => {
    for (const base of new Set([workingFolder, invokedFolder ?? workingFolder])) {
      const path = resolve(base, arg);
      if (!look(path)?.isFile()) continue;
      try {
        return filesOfPlan(readFileSync(path, "utf8"));
      } catch {
        return [];
      }
    }
    return [];
  };
  const places = (command === "apply" ? named.flatMap(planned) : named).flatMap(placeOf);
  // The folder that it looks at where none is named.
  return places.length === 0 && command === "status" ? placeOf("pipelines") : places;
}

/** Upwards to the root, or to the one of a repository. */
function nearest({ folder, owner }: Place): string | null {
  for (let at = folder;; at = dirname(at)) {
    const path = join(at, ".env");
    const info = look(path);
    // In a folder that others can write to, it may be theirs, and send the data to them.
    if (info?.isFile() && [owner, 0].includes(ownerOf(info))) return path;
    if (look(join(at, ".git")) !== null || dirname(at) === at) return null;
  }
}

function ownerOf({ uid }: { readonly uid: number }): number | null {
  return Deno.build.os === "windows" ? null : uid;
}

function look(path: string) {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function read(path: string): EnvFile | null {
  try {
    return { path, text: readFileSync(path, "utf8") };
  } catch (cause) {
    const { code, message } = cause as { code?: string; message?: string };
    if (code === "ENOENT" && !isLink(path)) return null;
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new SluiceError("cli/unreadable_file", `"${path}" cannot be read: ${message ?? cause}`, {
      hint: "Settings are read from it: check that it is a file, its owner and its mode",
      cause,
    });
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

import { Buffer } from "node:buffer";
import { dirname, join, relative } from "node:path";
import { lockFile } from "./file_lock.ts";
import type { PostgresPackage } from "./platform.ts";

/** The programs of Postgres, ready to run. */
export interface Runtime {
  readonly initdb: string;
  readonly pgCtl: string;
}

/** What a loader's server needs; compilers' and clients' files stay behind. */
const SKIP = /\.a$|[/\\]pkgconfig$|[/\\]pgxs$|[/\\]include$|libecpg|libpgtypes/;

/**
 * Copies Postgres out of npm's folder, and again where the copy is not equal to it, byte by byte.
 *
 * In place it would not run: the links to its libraries are missing (npm's install script makes
 * them, which Deno does not run), and another user may not be able to enter npm's folder. Files are
 * copied under the name that the loader looks for, so that no link is needed: Deno allows links
 * only with permissions for the whole disk.
 *
 * This process may write where the copy lies, and npm's folder it may not: what something else put
 * into the copy must never be run. Comparing 45 MB takes some 30 ms.
 */
export async function prepareRuntime(
  target: string,
  { folder }: PostgresPackage,
): Promise<Runtime> {
  // Several projects may share the place.
  await using _turn = await lockFile(`${target}.lock`);
  const files = await filesOf(folder, folder, await loadedNames(folder));
  if (!await isCopy(target, files)) {
    const fresh = `${target}.${crypto.randomUUID().slice(0, 8)}`;
    await makeOpen(fresh);
    await copyFiles(files, fresh);
    await replaceFolder(target, fresh);
  }
  const suffix = Deno.build.os === "windows" ? ".exe" : "";
  return {
    initdb: join(target, "bin", `initdb${suffix}`),
    pgCtl: join(target, "bin", `pg_ctl${suffix}`),
  };
}

/** For each library that programs load under other names, all the names it is copied to. */
async function loadedNames(folder: string): Promise<Map<string, string[]>> {
  const names = new Map<string, string[]>();
  const text = await Deno.readTextFile(join(folder, "pg-symlinks.json")).catch(() => "[]");
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    // `libx.so.6` and `libx.6.dylib` are what programs load; `libx.so` is for compilers.
    if (!/\.so\.\d|\.\d+\.dylib$/.test(target)) continue;
    // Both begin with the name of the folder.
    const path = join(folder, "..", source);
    // On Linux nothing asks for the name with the full version, and a library has up to 27 MB.
    const own = Deno.build.os === "linux" ? [] : [path];
    names.set(path, [...names.get(path) ?? own, join(folder, "..", target)]);
  }
  return names;
}

/** What a copy consists of: paths in it, each with the file of the package it is made from. */
async function filesOf(
  root: string,
  at: string,
  loaded: Map<string, string[]>,
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const entry of Deno.readDir(at)) {
    const source = join(at, entry.name);
    if (SKIP.test(source)) continue;
    if (entry.isDirectory) {
      for (const [path, from] of await filesOf(root, source, loaded)) files.set(path, from);
      continue;
    }
    for (const name of loaded.get(source) ?? [source]) files.set(relative(root, name), source);
  }
  return files;
}

/** Whether a folder holds these files and nothing else: a library more would be loaded as well. */
async function isCopy(target: string, files: ReadonlyMap<string, string>): Promise<boolean> {
  try {
    if (!(await Deno.lstat(target)).isDirectory) return false;
    const found = await pathsIn(target, target);
    if (found.length !== files.size) return false;
    if (!found.every((path) => files.has(path))) return false;
    let equal = true;
    const left = found.values();
    const compare = async () => {
      for (const path of left) {
        if (!equal) return;
        if (!await isSame(files.get(path)!, join(target, path))) equal = false;
      }
    };
    await Promise.all(Array.from({ length: 8 }, compare));
    return equal;
  } catch (error) {
    // Removed under our hands, or a link where a file should be.
    if (error instanceof Deno.errors.NotFound || error instanceof NotAFile) return false;
    throw error;
  }
}

class NotAFile extends Error {}

async function pathsIn(root: string, at: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(at)) {
    const path = join(at, name);
    if (isDirectory) paths.push(...await pathsIn(root, path));
    else if (isFile) paths.push(relative(root, path));
    else throw new NotAFile();
  }
  return paths;
}

async function isSame(a: string, b: string): Promise<boolean> {
  if ((await Deno.stat(a)).size !== (await Deno.stat(b)).size) return false;
  const [one, other] = await Promise.all([Deno.readFile(a), Deno.readFile(b)]);
  return Buffer.compare(one, other) === 0;
}

async function copyFiles(files: ReadonlyMap<string, string>, to: string): Promise<void> {
  const made = new Set([to]);
  const makeParents = async (folder: string): Promise<void> => {
    if (made.has(folder)) return;
    await makeParents(dirname(folder));
    await makeOpen(folder);
    made.add(folder);
  };
  for (const [path, source] of files) {
    const copy = join(to, path);
    await makeParents(dirname(copy));
    await copyOpen(source, copy);
  }
}

/** Readable (and runnable where it was) by all: Postgres may run as another user. */
async function copyOpen(from: string, to: string): Promise<void> {
  await Deno.copyFile(from, to);
  if (Deno.build.os === "windows") return;
  const runnable = dirname(to).endsWith("bin") || to.includes(".so") || to.includes(".dylib");
  await Deno.chmod(to, runnable ? 0o755 : 0o644);
}

async function makeOpen(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  if (Deno.build.os !== "windows") await Deno.chmod(folder, 0o755);
}

/** A server that runs from the old files keeps them until it ends. */
async function replaceFolder(target: string, fresh: string): Promise<void> {
  const old = `${fresh}.old`;
  try {
    await Deno.rename(target, old);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return await Deno.rename(fresh, target);
  }
  await Deno.rename(fresh, target);
  // A link goes, and not what it points to.
  await Deno.remove(old, { recursive: true });
}

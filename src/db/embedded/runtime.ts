import { dirname, join } from "node:path";
import { lockFile } from "./file_lock.ts";
import { readNote, statOrNull } from "./home.ts";
import type { PostgresPackage } from "./platform.ts";

/** The programs of Postgres, ready to run. */
export interface Runtime {
  readonly initdb: string;
  readonly pgCtl: string;
}

/** What a loader's server needs; compilers' and clients' files stay behind. */
const SKIP = /\.a$|[/\\]pkgconfig$|[/\\]pgxs$|[/\\]include$|libecpg|libpgtypes/;

/**
 * Copies Postgres out of npm's folder, once per version.
 *
 * In place it would not run: the links to its libraries are missing (npm's install script makes
 * them, which Deno does not run), and another user may not be able to enter npm's folder. Files are
 * copied under the name that the loader looks for, so that no link is needed: Deno allows links
 * only with permissions for the whole disk.
 */
export async function prepareRuntime(
  target: string,
  { folder, version }: PostgresPackage,
): Promise<Runtime> {
  // Several projects may share the place.
  await using _turn = await lockFile(`${target}.lock`);
  if (await readNote(join(target, "VERSION")) !== version) {
    const fresh = `${target}.${crypto.randomUUID().slice(0, 8)}`;
    await copyTree(folder, fresh, await loadedNames(folder));
    await Deno.writeTextFile(join(fresh, "VERSION"), version);
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

async function copyTree(from: string, to: string, loaded: Map<string, string[]>): Promise<void> {
  await makeOpen(to);
  for await (const entry of Deno.readDir(from)) {
    const source = join(from, entry.name);
    if (SKIP.test(source)) continue;
    if (entry.isDirectory) {
      await copyTree(source, join(to, entry.name), loaded);
      continue;
    }
    const names = loaded.get(source) ?? [source];
    for (const name of names) await copyOpen(source, join(to, name.slice(from.length + 1)));
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
  if (await statOrNull(target) !== null) {
    const old = `${fresh}.old`;
    await Deno.rename(target, old);
    await Deno.rename(fresh, target);
    await Deno.remove(old, { recursive: true });
    return;
  }
  await Deno.rename(fresh, target);
}

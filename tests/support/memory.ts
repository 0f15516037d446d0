import { createHash } from "node:crypto";
import { join } from "node:path";
import { quoteIdent, quoteLiteral } from "../../src/core/quote.ts";
import type { Queryable } from "../../src/db/database.ts";
import { statOrNull } from "../../src/db/embedded/home.ts";

/**
 * The tablespace of the test databases, which lies in memory.
 *
 * A file system on a disk does not give out an inode again soon after its file was deleted (ext4:
 * for minutes), and goes through all of those for each new file. Databases by the thousand, of 300
 * files each, made `create database` ten times and each run three times as slow as they began.
 */
export const MEMORY = "sluice_test_memory";
/** A file system that lies in memory. */
export const PLACE = "/dev/shm";
/** What it takes at the most, and as much again for whoever else has put something there. */
const MIN_FREE_BYTES = 4 * 1024 ** 3;
/** Beside the data folder: where its tablespace lies. */
const NOTE = "memory";

/**
 * Makes the tablespace of a server that has just been started, where there is memory for it.
 *
 * @param notes the folder beside the data folder
 */
export async function useMemory(db: Queryable, notes: string, dataFolder: string): Promise<void> {
  const found = await db.query("select from pg_tablespace where spcname = $1", [MEMORY]);
  if (found.length > 0 || !await hasRoom()) return;
  const name = createHash("sha256").update(dataFolder).digest("hex").slice(0, 16);
  const folder = join(PLACE, `sluice-test-${name}`);
  const { uid, gid } = await Deno.stat(dataFolder);
  // One of an earlier data folder may be there; nobody but root could remove another user's.
  if (await ask("test", "-e", folder) !== null) {
    if (await ask("stat", "-c", "%u", folder) !== String(uid)) return;
    await ask("rm", "-rf", folder);
  }
  const owner = Deno.uid() === 0 ? ["-o", String(uid), "-g", String(gid)] : [];
  if (await ask("install", "-d", "-m", "700", ...owner, folder) === null) return;
  await Deno.writeTextFile(join(notes, NOTE), JSON.stringify({ folder, dataFolder }));
  await db.query(`create tablespace ${quoteIdent(MEMORY)} location ${quoteLiteral(folder)}`);
}

/**
 * Removes the data folder whose tablespace is gone, as it is when the machine was started anew.
 * Nobody may use the server.
 */
export async function forgetLostMemory(notes: string): Promise<void> {
  const note = join(notes, NOTE);
  if (await statOrNull(note) === null) return;
  const { folder, dataFolder } = JSON.parse(await Deno.readTextFile(note));
  if (await ask("test", "-d", folder) !== null) return;
  if (await statOrNull(dataFolder) !== null) await Deno.remove(dataFolder, { recursive: true });
  await Deno.remove(note);
}

/** Whether it is there, and gives as much as tests take. */
export async function hasRoom(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  const [, numbers] = (await ask("df", "-Pk", PLACE) ?? "").split("\n");
  return Number(numbers?.split(/ +/)[3] ?? 0) * 1024 >= MIN_FREE_BYTES;
}

/**
 * What a program prints; null where it fails, or is not there.
 *
 * Deno lets nobody look below `/dev` without each and every permission.
 */
async function ask(program: string, ...args: readonly string[]): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command(program, {
      args: [...args],
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

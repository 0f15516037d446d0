import { createHash } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import { SluiceError } from "../../core/error.ts";
import {
  type Account,
  accountOf,
  chooseAccount,
  type FolderFacts,
  unreachableFolder,
} from "./account.ts";

/** Where the parts of an embedded server lie. */
export interface Home {
  /** `.sluice/postgres`: locks and notes of ours, always in the project. */
  readonly notes: string;
  /** The data folder (PGDATA). */
  readonly data: string;
  /** Our copy of the programs. */
  readonly runtime: string;
  readonly account: Account;
}

/**
 * Where data and programs go when root keeps the project from the user that runs Postgres.
 *
 * A fixed place, so that tasks can name it in their permissions.
 */
export const SHARED_PLACE = "/var/lib/sluice";

/** Remembers that the data lies in the shared place: data must never seem to vanish. */
const ELSEWHERE = "elsewhere";

/** Finds, or decides once and notes, where an embedded server lives; makes no data folder. */
export async function openHome(folder: string, sharedPlace = SHARED_PLACE): Promise<Home> {
  const notes = join(resolve(folder), "postgres");
  await makeFolder(resolve(folder), notes);
  const inProject = join(notes, "data");
  const elsewhere = await readNote(join(notes, ELSEWHERE));
  const data = elsewhere ?? inProject;
  if (Deno.build.os === "windows" || Deno.uid() !== 0) return await ownHome(notes, data);

  const passwd = await Deno.readTextFile("/etc/passwd");
  const existing = await statOrNull(data);
  const owner = existing ?? await Deno.stat(dirname(resolve(folder)));
  const account = existing !== null && existing.uid !== null && existing.uid !== 0
    ? accountOf(passwd, existing.uid, existing.gid ?? existing.uid)
    : chooseAccount(passwd, owner.uid);
  const barrier = elsewhere === null
    ? await unreachableFolder(notes, account, statIfAllowed)
    : null;
  if (barrier === null) {
    const runtime = elsewhere === null
      ? join(notes, "runtime")
      : join(dirname(dirname(data)), "runtime");
    return { notes, data, runtime, account };
  }
  if (existing !== null) throw unreachable(data, barrier, account.name);
  return await moveElsewhere(notes, sharedPlace, account);
}

/** What a note of ours says, or null where there is none. */
export async function readNote(path: string): Promise<string | null> {
  try {
    const text = (await Deno.readTextFile(path)).trim();
    return text === "" ? null : text;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** What is known about a path, or null where nothing is there. */
export async function statOrNull(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Folders above the project may be outside our permissions: then they count as passable. */
async function statIfAllowed(path: string): Promise<FolderFacts | null> {
  try {
    return await statOrNull(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return { uid: null, gid: null, mode: null };
    throw error;
  }
}

async function ownHome(notes: string, data: string): Promise<Home> {
  const existing = await statOrNull(data);
  const us = Deno.build.os === "windows" ? null : Deno.uid();
  if (existing !== null && us !== null && existing.uid !== us) {
    throw new SluiceError(
      "db/embedded_not_owner",
      `The data folder "${data}" belongs to user ${existing.uid}, and this is user ${us}`,
      { hint: "Run as the user that made it (root, perhaps), or delete it to start afresh" },
    );
  }
  return { notes, data, runtime: join(notes, "runtime"), account: null };
}

async function moveElsewhere(
  notes: string,
  sharedPlace: string,
  account: NonNullable<Account>,
): Promise<Home> {
  const project = dirname(dirname(notes));
  const hash = createHash("sha256").update(notes).digest("hex").slice(0, 12);
  const name = basename(project).replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 40);
  const place = join(sharedPlace, `${name}-${hash}`);
  await makeFolder(sharedPlace, place);
  const data = join(place, "data");
  await Deno.writeTextFile(join(notes, ELSEWHERE), `${data}\n`);
  return { notes, data, runtime: join(sharedPlace, "runtime"), account };
}

/** Readable by all, whatever the umask: the user that runs Postgres passes through. */
async function makeFolder(...paths: string[]): Promise<void> {
  for (const path of paths) {
    if (await statOrNull(path) !== null) continue;
    try {
      await Deno.mkdir(path, { recursive: true });
      if (Deno.build.os !== "windows") await Deno.chmod(path, 0o755);
    } catch (cause) {
      throw new SluiceError("db/embedded_folder", `The folder "${path}" cannot be made`, {
        hint: "Embedded Postgres keeps its data there: make it writable, or use --database",
        cause,
      });
    }
  }
}

function unreachable(data: string, barrier: string, user: string): SluiceError {
  return new SluiceError(
    "db/embedded_unreachable",
    `The user "${user}", who owns the data folder "${data}", cannot enter "${barrier}"`,
    { hint: `Let others pass through it: chmod o+x "${barrier}"` },
  );
}

import { basename, dirname, join } from "node:path";
import { SluiceError } from "../../core/error.ts";
import { type Home, readNote, statOrNull } from "./home.ts";
import { runProgram } from "./program.ts";
import type { Runtime } from "./runtime.ts";

/** The superuser of an embedded server, and its database. */
export const EMBEDDED_USER = "sluice";
export const EMBEDDED_DATABASE = "sluice";

/** Lies in the data folder, so that neither can be there without the other. */
const PASSWORD_FILE = "sluice_password";

/**
 * Makes the data folder where there is none.
 *
 * It is made under another name and renamed when complete: `data` is never incomplete, and an
 * incomplete folder never holds data.
 */
export async function ensureDataFolder(
  home: Home,
  prepare: () => Promise<Runtime>,
): Promise<void> {
  if (await statOrNull(home.data) !== null) return;
  await removeHalfMade(home);
  const fresh = `${home.data}.new-${crypto.randomUUID().slice(0, 8)}`;
  const passwordFile = `${fresh}.password`;
  const password = randomPassword();
  await makePrivate(home, fresh, passwordFile, password);
  const { success, text } = await runProgram((await prepare()).initdb, [
    `--pgdata=${fresh}`,
    `--username=${EMBEDDED_USER}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
  ], { account: home.account, cwd: dirname(home.data) });
  if (!success) {
    await removeHalfMade(home);
    throw new SluiceError("db/embedded_init", `Embedded Postgres could not be set up: ${text}`, {
      hint: "Check free disk space and the permissions of the folder",
      details: { folder: home.data },
    });
  }
  await Deno.rename(passwordFile, join(fresh, PASSWORD_FILE));
  await Deno.rename(fresh, home.data);
}

/**
 * The password of an embedded server.
 *
 * @throws SluiceError `db/embedded_foreign` where the data folder is not one of ours
 */
export async function readPassword(data: string): Promise<string> {
  const password = await readNote(join(data, PASSWORD_FILE));
  if (password !== null) return password;
  throw new SluiceError(
    "db/embedded_foreign",
    `The data folder "${data}" has no password file of Sluice`,
    { hint: `Put "${PASSWORD_FILE}" back, or move the folder away to start afresh` },
  );
}

/**
 * Refuses a data folder that another major version of Postgres wrote.
 *
 * @throws SluiceError `db/embedded_version`
 */
export async function requireVersion(data: string, packageVersion: string): Promise<void> {
  const theirs = await readNote(join(data, "PG_VERSION"));
  const ours = packageVersion.split(".")[0];
  if (theirs === ours) return;
  throw new SluiceError(
    "db/embedded_version",
    theirs === null
      ? `The folder "${data}" is not a data folder of Postgres`
      : `The data folder "${data}" was made by Postgres ${theirs}, and this is Postgres ${ours}`,
    { hint: "Move the folder away to start afresh; pg_upgrade or pg_dump carries the data over" },
  );
}

async function makePrivate(
  home: Home,
  folder: string,
  passwordFile: string,
  password: string,
): Promise<void> {
  await Deno.mkdir(folder, { mode: 0o700 });
  await Deno.writeTextFile(passwordFile, password, { mode: 0o600 });
  if (home.account === null) return;
  await Deno.chown(folder, home.account.uid, home.account.gid);
  await Deno.chown(passwordFile, home.account.uid, home.account.gid);
}

async function removeHalfMade({ data }: Home): Promise<void> {
  for await (const { name } of Deno.readDir(dirname(data))) {
    if (!name.startsWith(`${basename(data)}.new-`)) continue;
    await Deno.remove(join(dirname(data), name), { recursive: true });
  }
}

/** Hexadecimal, so that it needs no escaping in a URL. */
function randomPassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

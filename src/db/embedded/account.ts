import { dirname } from "node:path";
import { SluiceError } from "../../core/error.ts";

/** The operating system user that Postgres runs as; null means: the one we are. */
export type Account = { readonly uid: number; readonly gid: number; readonly name: string } | null;

/**
 * Who runs Postgres: we ourselves, or somebody else where we are root, which Postgres refuses.
 *
 * The owner of the project comes first, because whatever they own they can reach; then the users
 * that systems keep for such work.
 */
export function chooseAccount(
  passwd: string,
  projectOwner: number | null,
): NonNullable<Account> {
  const accounts = parsePasswd(passwd).filter(({ uid }) => uid !== 0);
  const chosen = accounts.find(({ uid }) => uid === projectOwner) ??
    accounts.find(({ name }) => name === "postgres") ??
    accounts.find(({ name }) => name === "nobody") ??
    accounts[0];
  if (chosen !== undefined) return chosen;
  throw new SluiceError(
    "db/embedded_no_account",
    'Postgres refuses to run as root, and "/etc/passwd" names no other user',
    { hint: "Add a user, or give another database with --database or DATABASE_URL" },
  );
}

/** The account with a uid, for a data folder that exists: it stays with its owner. */
export function accountOf(passwd: string, uid: number, gid: number): NonNullable<Account> {
  const name = parsePasswd(passwd).find((account) => account.uid === uid)?.name ?? String(uid);
  return { uid, gid, name };
}

/** What decides whether a folder can be entered. */
export interface FolderFacts {
  readonly uid: number | null;
  readonly gid: number | null;
  readonly mode: number | null;
}

/** The first folder on the way to `path` that the account may not enter, or null. */
export async function unreachableFolder(
  path: string,
  { uid, gid }: NonNullable<Account>,
  stat: (path: string) => Promise<FolderFacts | null>,
): Promise<string | null> {
  const folders: string[] = [];
  for (let at = path;; at = dirname(at)) {
    folders.unshift(at);
    if (dirname(at) === at) break;
  }
  for (const folder of folders) {
    const facts = await stat(folder);
    // What does not exist yet is made by us, open to all.
    if (facts === null) return null;
    const bit = facts.uid === uid ? 0o100 : facts.gid === gid ? 0o010 : 0o001;
    if (((facts.mode ?? 0o777) & bit) === 0) return folder;
  }
  return null;
}

function parsePasswd(passwd: string): NonNullable<Account>[] {
  return passwd.split("\n").flatMap((line) => {
    const [name, , uid, gid] = line.split(":");
    const valid = /^\d+$/.test(uid ?? "") && /^\d+$/.test(gid ?? "");
    return valid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

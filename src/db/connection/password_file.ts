import type { ConnectionTarget } from "./connection_url.ts";
import { isSocketFolder } from "./connection_url.ts";

/** What a password file gave: the password, or why the file was not used. */
export interface FoundPassword {
  /** Empty where none was found. */
  readonly password: string;
  /** Worth telling when the server wants a password; null: nothing was wrong. */
  readonly problem: string | null;
}

/**
 * The password for a target in a `.pgpass` file: lines of `host:port:database:user:password`.
 *
 * As libpq does, it passes over a file that others may read.
 */
export async function findPassword(
  path: string,
  target: Pick<ConnectionTarget, "host" | "port" | "database" | "user">,
): Promise<FoundPassword> {
  let text: string;
  try {
    const { mode } = await Deno.stat(path);
    if (Deno.build.os !== "windows" && mode !== null && (mode & 0o077) !== 0) {
      return none(`"${path}" was not used: others may read it (chmod 600)`);
    }
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return none(null);
    return none(`"${path}" was not used: ${(error as Error).message}`);
  }
  // A socket counts as localhost there.
  const host = isSocketFolder(target.host) ? "localhost" : target.host;
  const wanted = [host, String(target.port), target.database, target.user];
  for (const line of text.split(/\r?\n/)) {
    const fields = fieldsOf(line);
    if (fields === null) continue;
    const fits = wanted.every((value, at) => fields[at] === "*" || unescape(fields[at]) === value);
    if (fits) return { password: unescape(fields[4]), problem: null };
  }
  return none(null);
}

/** The five fields of a line, escapes kept; null for a comment or anything else. */
function fieldsOf(line: string): string[] | null {
  if (line.startsWith("#")) return null;
  const field = "((?:[^:\\\\]|\\\\.)*)";
  const parts = new RegExp(`^${field}:${field}:${field}:${field}:(.*)$`).exec(line);
  return parts === null ? null : parts.slice(1);
}

function unescape(field: string): string {
  return field.replace(/\\(.)/g, "$1");
}

function none(problem: string | null): FoundPassword {
  return { password: "", problem };
}

import { SluiceError } from "../../core/error.ts";
import { parseConnectionUrl } from "../connection/connection_url.ts";

/**
 * Opens the machine's psql on a database and returns its exit code; the npm packages bring none.
 *
 * The password goes through the environment, since arguments are seen by every user.
 *
 * @throws SluiceError `db/psql_missing`
 */
export async function openPsql(url: string, args: readonly string[] = []): Promise<number> {
  const { password, describe } = parseConnectionUrl(url);
  try {
    const { code } = await new Deno.Command("psql", {
      args: ["--dbname", describe, ...args],
      env: { PGPASSWORD: password },
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    return code;
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new SluiceError("db/psql_missing", "There is no psql on this machine", {
      hint: 'Install the Postgres client, or give another client what "db url" prints',
      cause,
    });
  }
}

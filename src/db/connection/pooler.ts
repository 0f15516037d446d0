import { SluiceError } from "../../core/error.ts";

/** What of a connection tells whether it has a server process of its own. */
interface Pooled {
  /** Where it leads to, without the password. */
  readonly describe: string;
  askPid(): Promise<number>;
  close(): Promise<void>;
}

/** Rounds of looking for two connections on one server process; others may come between. */
const ROUNDS = 4;

/** How a pooler that has nothing left to lend turns a client away. */
const NO_ROOM: ReadonlySet<string> = new Set([
  "db/connect_timeout",
  "db/hung_up",
  "db/connection_lost",
  "db/too_many_connections",
]);

/**
 * Makes sure that a pooler in front of Postgres gives each connection a server process of its own.
 *
 * A pooler in transaction mode hands the same process to the next client. The target's lock, which
 * belongs to a session, would then be held by that client, and our settings would be left behind in
 * other people's sessions. Nothing is set before this has been asked.
 *
 * @throws SluiceError `db/pooler`
 */
export async function requireSessionPooling(
  first: Pooled,
  openAnother: () => Promise<Pooled>,
): Promise<void> {
  let second: Pooled;
  try {
    second = await openAnother();
  } catch (error) {
    if (!(error instanceof SluiceError) || !NO_ROOM.has(error.code)) throw error;
    throw poolerError(
      `The pooler at ${first.describe} gives only one connection`,
      "Raise its default_pool_size and max_client_conn, or connect to Postgres itself",
      error,
    );
  }
  try {
    const pid = await first.askPid();
    for (let round = 1; round <= ROUNDS; round++) {
      // In session mode no two connections that are open at once have the same process.
      const pids = [await first.askPid(), await second.askPid()];
      if (pids[0] === pids[1] || pids[0] !== pid) {
        throw poolerError(
          `The pooler at ${first.describe} is in transaction mode, ` +
            "and a load needs a session of its own for its locks and settings",
          "Connect to Postgres itself, or to a pool with pool_mode = session",
        );
      }
    }
  } finally {
    await second.close();
  }
}

/** A login that a pooler refuses for reasons of its own, or null for any other. */
export function poolerRefusal(describe: string, message: string): SluiceError | null {
  if (message.startsWith("no more connections allowed")) {
    return new SluiceError(
      "db/too_many_connections",
      `Could not connect to ${describe}: ${message}`,
      { retry: "later", hint: "Raise the pooler's max_client_conn, or run less at once" },
    );
  }
  const [, name] = /^unsupported startup parameter(?: in options)?: (.+)$/.exec(message) ?? [];
  if (name === undefined) return null;
  return poolerError(
    `The pooler at ${describe} does not pass on the setting "${name}"`,
    "Leave it out of the URL and of PGOPTIONS, or connect to Postgres itself",
  );
}

function poolerError(message: string, hint: string, cause?: unknown): SluiceError {
  return new SluiceError("db/pooler", message, { hint, ...(cause === undefined ? {} : { cause }) });
}

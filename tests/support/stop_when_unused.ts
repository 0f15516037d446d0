import { join } from "node:path";
import { findRunning, stopEmbedded } from "../../src/db/embedded/mod.ts";
import { lockFile } from "../../src/db/embedded/file_lock.ts";

/**
 * Waits until no process uses the test server, and some seconds more, then stops it.
 *
 * Test files come one after another, each a user of its own: without the pause the server would be
 * stopped and started between them.
 */
const folder = Deno.args[0];
const PAUSE_MILLISECONDS = 5_000;

for (;;) {
  // Waits, without polling, until it could be held alone.
  await (await lockFile(join(folder, "postgres", "users.lock")))[Symbol.asyncDispose]();
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  if (await findRunning(folder) === null) break;
  if (await stopEmbedded(folder) !== "in_use") break;
}

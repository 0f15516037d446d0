import type { RunContext } from "../run/context.ts";
import { openDatabase, openQueue, runContext } from "./open_database.ts";
import type { Surroundings } from "./surroundings.ts";
import type { FromThread, RollbackTask, RunTask, ThreadFlags } from "./thread_task.ts";
import type { RunResult } from "../core/result.ts";
import type { RollbackResult } from "../publish/rollback.ts";

/** Runs a pipeline over connections of its own. */
export async function runTask(
  { spec, partitions, force, command }: RunTask,
  flags: ThreadFlags,
  around: Surroundings,
  tell: (message: FromThread) => void,
): Promise<RunResult> {
  await using stack = new AsyncDisposableStack();
  const where = whereOf(flags);
  const at = {
    cli: around,
    emit: (event: Parameters<RunContext["emit"]>[0]) => tell({ kind: "event", event }),
  };
  const { db } = stack.use(await openDatabase(where, [spec], "serve", at));
  let context: RunContext = runContext(db, at);
  if (command === "replay") {
    return await around.services.replayRejects(spec, partitions[0], context);
  }
  if (flags.distributed) {
    const queue = stack.use(await openQueue(where, "serve", at));
    context = { ...context, elsewhere: await around.services.loadElsewhere(queue, 0) };
  }
  const options = { partitions, force, allowDestructive: false };
  return await around.services.runPipeline(spec, options, context);
}

/** Puts an earlier version back, over connections of its own. */
export async function rollbackTask(
  { spec, request }: RollbackTask,
  flags: ThreadFlags,
  around: Surroundings,
): Promise<RollbackResult> {
  const at = { cli: around, emit: () => {} };
  await using database = await openDatabase(whereOf(flags), [spec], "serve", at);
  return await around.services.rollbackPipeline(spec, request, runContext(database.db, at));
}

function whereOf({ database }: ThreadFlags): { readonly database?: string } {
  return database === undefined ? {} : { database };
}

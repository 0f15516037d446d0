import type { RunContext } from "../run/context.ts";
import { openDatabase, openQueue, runContext } from "./open_database.ts";
import type { Surroundings } from "./surroundings.ts";
import type { FromThread, RunTask, ThreadFlags } from "./thread_task.ts";
import type { RunResult } from "../core/result.ts";

/** Runs a pipeline over connections of its own. */
export async function runTask(
  { spec, partitions, force }: RunTask,
  flags: ThreadFlags,
  around: Surroundings,
  tell: (message: FromThread) => void,
): Promise<RunResult> {
  await using stack = new AsyncDisposableStack();
  const { database } = flags;
  const where = database === undefined ? {} : { database };
  const at = {
    cli: around,
    emit: (event: Parameters<RunContext["emit"]>[0]) => tell({ kind: "event", event }),
  };
  const { db } = stack.use(await openDatabase(where, [spec], "serve", at));
  let context: RunContext = runContext(db, at);
  if (flags.distributed) {
    const queue = stack.use(await openQueue(where, "serve", at));
    context = { ...context, elsewhere: await around.services.loadElsewhere(queue, 0) };
  }
  const options = { partitions, force, allowDestructive: false };
  return await around.services.runPipeline(spec, options, context);
}

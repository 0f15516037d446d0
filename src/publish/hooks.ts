import { SluiceError } from "../core/error.ts";
import type { HookFacts, HookName } from "../core/hooks.ts";
import type { Queryable } from "../db/database.ts";
import { isError, missingNameHint } from "../db/sqlstate.ts";
import { withUserSettings } from "../db/user_settings.ts";
import type { RunPlan } from "../plan/load_plan.ts";
import { noteHook, ranHook } from "./hook_runs.ts";
import { exchange, type ExchangeContext } from "./exchange.ts";

/** Whose hooks run. */
export type HookOwner = Pick<RunPlan, "hooks" | "file">;

/**
 * Runs the statements of a hook within a transaction.
 *
 * @param userPath `Database.userPath`
 * @throws SluiceError `publish/hook_failed`, `load/hook_failed`
 */
export async function runHook(
  tx: Queryable,
  hook: HookName,
  { hooks, file }: HookOwner,
  facts: HookFacts,
  userPath: string | null,
): Promise<void> {
  const statements = hooks[hook] ?? [];
  if (statements.length === 0) return;
  await withUserSettings(tx, userPath, async () => {
    for (const { sql, params, line } of statements) {
      try {
        await tx.query(sql, params.map((name) => facts[name]));
      } catch (error) {
        throw hookError(error, hook, `${file}:${line}`);
      }
    }
  });
}

/**
 * Runs a hook in a transaction of its own, once for each partition of a run: the ledger knows of it
 * from the same commit.
 *
 * @throws SluiceError `load/hook_failed`
 */
export async function runOwnHook(
  hook: HookName,
  owner: HookOwner,
  facts: HookFacts,
  context: Omit<ExchangeContext, "committed">,
): Promise<void> {
  if (owner.hooks[hook] === undefined) return;
  const { run_id: runId, partition } = facts;
  const once = { runId: String(runId), partition: partition as string | null, hook };
  await exchange([{
    statements: [],
    facts: null,
    runsHooks: true,
    async before(tx) {
      if (!await noteHook(tx, once)) return;
      await runHook(tx, hook, owner, facts, context.db.userPath ?? null);
    },
  }], { ...context, committed: () => ranHook(context.ledger ?? context.db, once) });
}

/** What a hook says is its own: it is neither about rows of the source nor about our statements. */
function hookError(error: unknown, hook: HookName, place: string): unknown {
  if (!(error instanceof SluiceError) || error.postgres === undefined) return error;
  const isTransient = isError(error, "standsInTheWay");
  if (!isTransient && !isError(error, "query") && !isError(error, "canceled")) return error;
  const isPublishing = hook === "before_publish" || hook === "after_publish";
  return new SluiceError(
    isPublishing ? "publish/hook_failed" : "load/hook_failed",
    `${place}: hook "${hook}" failed: ${error.message}`,
    {
      retry: error.retry,
      hint: missingNameHint(error.postgres) ?? error.postgres.hint ??
        "Correct the hook, or what it works on",
      cause: error,
      // Behind it the publish is tried again; anything else would be taken for one of ours.
      ...(isTransient ? { postgres: error.postgres } : {}),
    },
  );
}

import { SluiceError } from "../../core/error.ts";
import type { HookFacts, HookName } from "../../core/hooks.ts";
import type { PartitionResult } from "../../core/result.ts";
import { storedText } from "../../db/storing.ts";
import type { PartitionPlan, RunPlan } from "../../plan/load_plan.ts";
import { runOwnHook } from "../../publish/hooks.ts";
import { publishContext, type RunContext } from "../context.ts";

/** A load whose hooks run. */
export interface HookedLoad {
  readonly plan: RunPlan;
  readonly partition: PartitionPlan;
  readonly runId: string;
  readonly context: RunContext;
}

/** What the hooks of a partition can ask for, as far as it is known. */
export async function hookFacts(
  { plan, partition: { partition, version }, runId, context: { db, secrets } }: HookedLoad,
  result: PartitionResult,
): Promise<HookFacts> {
  const { pipeline, targetKey, hooks } = plan;
  // A database's encoding may lack a character; without hooks nobody asks.
  const stored = async (text: string | null | undefined) =>
    text === null || text === undefined || Object.keys(hooks).length === 0
      ? null
      : await storedText(db, secrets.redact(text).replaceAll("\0", ""));
  const isRead = result.rows_read > 0 || result.sha256 !== null;
  const counted = (count: number) => isRead ? count : null;
  return {
    run_id: runId,
    pipeline,
    target: targetKey,
    partition,
    version,
    source: await stored(result.source),
    rows_read: counted(result.rows_read),
    rows_loaded: counted(result.rows_loaded),
    rows_rejected: counted(result.rows_rejected),
    rows_duplicate: counted(result.rows_duplicate),
    error: await stored(result.error?.message),
    error_code: result.error?.code ?? null,
  };
}

/** Runs a hook of a partition in a transaction of its own, once in a run. */
export async function runLoadHook(
  hook: HookName,
  load: HookedLoad,
  result: PartitionResult,
): Promise<void> {
  const { plan, partition, runId, context } = load;
  if (plan.hooks[hook] === undefined) return;
  context.signal.throwIfAborted();
  await runOwnHook(
    hook,
    plan,
    await hookFacts(load, result),
    publishContext(plan, partition.partition, runId, context),
  );
}

/** Runs `on_failure` of a partition that was refused or has failed; where it fails, that is told. */
export async function runFailureHook(load: HookedLoad, result: PartitionResult): Promise<void> {
  const { partition, runId, context } = load;
  if (result.status !== "failed" && result.status !== "refused") return;
  if (context.signal.aborted) return;
  try {
    await runLoadHook("on_failure", load, result);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    context.emit({
      type: "warning",
      runId,
      partition: partition.partition,
      stage: "load",
      message: error.message,
    });
  }
}

import { checkText, failedChecks, runChecks } from "../../check/run_checks.ts";
import type { CheckResult } from "../../core/result.ts";
import { recordChecks } from "../../ledger/mod.ts";
import type { PartitionPlan, RunPlan } from "../../plan/load_plan.ts";
import type { RunContext } from "../context.ts";

/**
 * Runs the checks on the staged rows, and records the results.
 *
 * @throws SluiceError `check/failed` where a check of severity `error` failed
 */
export async function checkStaging(
  plan: RunPlan,
  { partition, version, staging, checks }: PartitionPlan,
  runId: string,
  context: RunContext,
  seen: (results: readonly CheckResult[]) => void,
): Promise<void> {
  const results = await runChecks(context.db, checks, partition, plan.file);
  seen(results);
  const load = { runId, pipeline: plan.pipeline, target: plan.targetKey, version };
  await recordChecks(context.db, load, results);
  for (const result of results) {
    if (result.passed || result.severity === "error") continue;
    const message = `Check ${checkText(result)}`;
    context.emit({ type: "warning", runId, partition, stage: "check", message });
  }
  const failure = failedChecks(results, `${staging.schema}.${staging.table}`);
  if (failure !== null) throw failure;
}

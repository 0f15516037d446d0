import { failedChecks, runChecks } from "../check/run_checks.ts";
import { type ErrorRecord, SluiceError } from "../core/error.ts";
import { placeholdersOf } from "../core/period.ts";
import type { CheckResult } from "../core/result.ts";
import { readCatalog } from "../db/catalog/catalog.ts";
import { migrate, readLedger, recordChecks } from "../ledger/mod.ts";
import { targetKeyOf } from "../plan/target.ts";
import { compileChecks } from "../plan/compile_checks.ts";
import { layoutOf } from "../plan/layout.ts";
import { probeSql } from "./gather.ts";
import type { RunContext } from "./context.ts";
import { resolveTypes } from "./resolve_types.ts";
import type { CheckSpec } from "../spec/checks_spec.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";

/** What `check --output json` prints. */
export interface CheckReport {
  readonly pipeline: string;
  readonly target: string;
  readonly status: "passed" | "refused";
  readonly checks: readonly CheckResult[];
  /** Checks that look at one partition, of a table that does not keep partitions apart. */
  readonly skipped: readonly string[];
  readonly error: ErrorRecord | null;
}

/**
 * Runs a pipeline's checks on the live table; needs no run, and takes no lock.
 *
 * Comparisons with the live version compare it with itself, but for `row_count`, which sees whether
 * the table still has the rows that were loaded.
 *
 * @param only these partitions; all that are loaded when empty
 * @throws SluiceError `check/not_loaded`, `plan/bad_sql`, `check/not_run`
 */
export async function checkPipeline(
  written: PipelineSpec,
  only: readonly string[],
  context: Pick<RunContext, "db">,
): Promise<CheckReport> {
  const { db } = context;
  const spec = await resolveTypes(written, db);
  const target = targetKeyOf(spec);
  const layout = layoutOf(spec);
  const [ledger, catalog] = await Promise.all([
    readLedger(db, target),
    readCatalog(db, layout.target),
  ]);
  const live = ledger.loads.filter(({ state }) => state === "live");
  const missing = only.find((name) => !live.some(({ partition }) => partition === name));
  if (catalog.table === null || live.length === 0 || missing !== undefined) {
    throw new SluiceError(
      "check/not_loaded",
      missing === undefined
        ? `Nothing of "${target}" is loaded yet`
        : `Partition "${missing}" of "${target}" is not loaded`,
      { hint: "Load it first with `run`; `history` lists what is loaded" },
    );
  }
  await migrate(db);
  const whole = spec.partitions !== null && layout.partitionColumn === null;
  const chosen = live.filter(({ partition }) => only.length === 0 || only.includes(partition!));
  const looked = whole ? [{ partition: null, version: null }] : chosen;
  const skipped = whole ? spec.checks.filter(looksAtPartition) : [];
  const checked = { ...spec, checks: spec.checks.filter((check) => !skipped.includes(check)) };
  await probeSql(checked, looked[0].partition, true, db);
  const results: CheckResult[] = [];
  for (const { partition, version } of looked) {
    const plans = compileChecks(checked, layout, partition, {
      staging: null,
      targetStands: true,
      hasLive: false,
    });
    const seen = await runChecks(db, plans, partition, spec.file);
    await recordChecks(db, { runId: null, pipeline: spec.pipeline, target, version }, seen);
    results.push(...seen);
  }
  const failure = failedChecks(results, null);
  return {
    pipeline: spec.pipeline,
    target,
    status: failure === null ? "passed" : "refused",
    checks: results,
    skipped: skipped.map(({ name }) => name),
    error: failure?.toJSON() ?? null,
  };
}

function looksAtPartition(check: CheckSpec): boolean {
  return Object.values(check).some((value) =>
    typeof value === "string" &&
    placeholdersOf(value).some(({ name }) => name !== "staging" && name !== "target")
  );
}

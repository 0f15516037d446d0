import { sourceName } from "../core/source_name.ts";
import { mapConcurrently } from "../core/map_concurrently.ts";
import { SluiceError } from "../core/error.ts";
import type { PartitionResult } from "../core/result.ts";
import { readTableShape } from "../db/table_shape.ts";
import type { LoadPlan, PartitionPlan } from "../plan/load_plan.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { publishTogether } from "./together.ts";
import type { RunContext, RunOptions } from "./context.ts";
import { planPipeline } from "./gather.ts";
import { runFailureHook } from "./partition/hooks.ts";
import type { LoadSource } from "./partition/source.ts";
import type { RecordedRun } from "./recorded_run.ts";

/** A table that is altered under every load is somebody's mistake. */
const ATTEMPTS = 3;

/** What was asked for: partitions of it can be planned once more. */
export interface PlanRequest {
  readonly spec: PipelineSpec;
  readonly options: RunOptions;
}

/** What partitions are loaded from that are not loaded from their own source. */
export type Sources = ReadonlyMap<string | null, LoadSource>;

/**
 * Loads the partitions of a plan and publishes them.
 *
 * Where one could not be because somebody altered the target meanwhile, it is planned anew and
 * loaded again: what Postgres said is about a table that is no more.
 *
 * @param asked null: what was planned cannot be planned again here
 * @param sources of all partitions; null: each from its own
 */
export async function loadPartitions(
  plan: LoadPlan,
  run: RecordedRun,
  asked: PlanRequest | null,
  sources: Sources | null = null,
): Promise<readonly PartitionResult[]> {
  const context = run.fenced(plan);
  const told = new Set<string | null>();
  const plannedOf = new Map(plan.partitions.map((each) => [each.partition, each]));
  const tell = async (result: PartitionResult) => {
    told.add(result.partition);
    run.emit({ type: "partition_finished", result });
    const planned = plannedOf.get(result.partition);
    // Here, and not where it was loaded: another worker, or another plan, may have done better.
    if (planned === undefined) return;
    await runFailureHook({ plan, partition: planned, runId: run.id, context }, result);
  };
  let shape = await readTableShape(context.db, plan.target);
  let results = await loadOnce(plan, sources, tell, run.id, context);
  for (let attempt = 1; await isAltered(); attempt++) {
    const names = results.filter(({ partition, status }) =>
      status !== "published" && !told.has(partition)
    )
      .map(({ partition }) => partition);
    if (asked === null || attempt >= ATTEMPTS) {
      results = results.map((result) => isBroken(result) ? altered(plan, result) : result);
      break;
    }
    for (const partition of names) {
      run.emit({
        type: "warning",
        partition,
        stage: "publish",
        message: "The target was altered during the load: planning and loading again",
      });
    }
    const again = await anew(names, asked);
    const newer = new Map(again.map((result) => [result.partition, result]));
    results = results.map((result) => newer.get(result.partition) ?? result);
  }
  for (const result of results) if (!told.has(result.partition)) await tell(result);
  return results;

  async function anew(
    names: readonly (string | null)[],
    { spec, options }: PlanRequest,
  ): Promise<readonly PartitionResult[]> {
    let next: LoadPlan;
    try {
      const { from: _from, to: _to, ...rest } = options;
      const partitions = names.flatMap((name) => name ?? []);
      next = await planPipeline(spec, { ...rest, partitions }, run.context);
      await run.prepareTarget(next);
      shape = await readTableShape(context.db, next.target);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      // The table as it is now contradicts the pipeline file: that is what is wrong.
      shape = null;
      const affected = new Set(names);
      return results.filter(({ partition }) => affected.has(partition))
        .map((result) => ({ ...result, status: "failed", error: error.toJSON() }));
    }
    return await loadOnce(next, sources, tell, run.id, context);
  }

  async function isAltered(): Promise<boolean> {
    if (shape === null || context.signal.aborted || !results.some(isBroken)) return false;
    try {
      return await readTableShape(context.db, plan.target) !== shape;
    } catch (error) {
      // The database is away: what failed first is what the user must hear.
      if (error instanceof SluiceError) return false;
      throw error;
    }
  }
}

async function loadOnce(
  plan: LoadPlan,
  sources: Sources | null,
  tell: (result: PartitionResult) => Promise<void>,
  runId: string,
  context: RunContext,
): Promise<readonly PartitionResult[]> {
  const results = await mapConcurrently(
    plan.partitions,
    plan.concurrency,
    async (partition) => {
      const result = await loadOrSkip(plan, partition, sources, runId, context);
      // The others are not at their end yet.
      if (result.status !== "staged" && !isBroken(result)) await tell(result);
      return result;
    },
  );
  return await publishTogether(plan, results, runId, context);
}

/** Loads a partition here or elsewhere, unless there is no need or no time left to. */
async function loadOrSkip(
  plan: LoadPlan,
  partition: PartitionPlan,
  sources: Sources | null,
  runId: string,
  context: RunContext,
): Promise<PartitionResult> {
  if (partition.action !== "load" || context.signal.aborted) {
    const reason = context.signal.aborted ? "the run was interrupted" : partition.reason;
    return skipped(partition, reason, context);
  }
  // A run that loads nothing needs none of what reads and loads.
  const { runPartition } = await import("./partition/attempts.ts");
  if (sources !== null) {
    const source = sources.get(partition.partition)!;
    return await runPartition(plan, partition, runId, context, source);
  }
  return await (context.elsewhere?.load ?? runPartition)(plan, partition, runId, context);
}

function skipped(
  { partition, skipStatus, source }: PartitionPlan,
  reason: string,
  { secrets }: RunContext,
): PartitionResult {
  return {
    partition,
    status: skipStatus ?? "skipped",
    reason,
    version: null,
    rows_read: 0,
    rows_loaded: 0,
    rows_rejected: 0,
    rows_duplicate: 0,
    rows_discarded: 0,
    bytes_read: 0,
    seconds: 0,
    source: secrets.redact(sourceName(source)),
    sha256: null,
    phases: {},
    error: null,
  };
}

/** Whether what went wrong may be the altered table's doing. */
function isBroken({ status, error }: PartitionResult): boolean {
  if (status === "refused") return true;
  return status === "failed" && error !== null && error.retry !== "later" &&
    (error.code.startsWith("db/") || error.code.startsWith("publish/"));
}

function altered({ targetKey }: LoadPlan, result: PartitionResult): PartitionResult {
  if (result.status === "refused") return result;
  const error = new SluiceError(
    "publish/target_altered",
    `"${targetKey}" was altered during the load: ${result.error?.message ?? ""}`,
    {
      retry: "later",
      hint: "Nothing was published. Run again when the table is no longer altered",
    },
  );
  return { ...result, error: error.toJSON() };
}

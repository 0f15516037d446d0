import { mapConcurrently } from "../core/map_concurrently.ts";
import { SluiceError } from "../core/error.ts";
import type { PartitionResult } from "../core/result.ts";
import { readTableShape } from "../db/table_shape.ts";
import type { LoadPlan } from "../plan/load_plan.ts";
import { publishTogether } from "./together.ts";
import type { LoadPartition, RunContext } from "./context.ts";

/** A table that is altered under every load is somebody's mistake. */
const ATTEMPTS = 3;

/** How partitions that could not be published are planned anew; the target is ready afterwards. */
export type PlanAnew = (partitions: readonly (string | null)[]) => Promise<LoadPlan>;

/**
 * Loads the partitions of a plan and publishes them.
 *
 * Where one could not be because somebody altered the target meanwhile, it is planned anew and
 * loaded again: what Postgres said is about a table that is no more.
 *
 * @param planAnew null: what was planned cannot be planned again here
 */
export async function loadPartitions(
  plan: LoadPlan,
  runId: string,
  context: RunContext,
  load: LoadPartition,
  planAnew: PlanAnew | null,
): Promise<readonly PartitionResult[]> {
  const told = new Set<string | null>();
  const tell = (result: PartitionResult) => {
    told.add(result.partition);
    context.emit({ type: "partition_finished", result });
  };
  let shape = await readTableShape(context.db, plan.target);
  let results = await loadOnce(plan, load, tell, runId, context);
  for (let attempt = 1; await isAltered(); attempt++) {
    const names = results.filter(({ partition, status }) =>
      status !== "published" && !told.has(partition)
    )
      .map(({ partition }) => partition);
    if (planAnew === null || attempt >= ATTEMPTS) {
      results = results.map((result) => isBroken(result) ? altered(plan, result) : result);
      break;
    }
    for (const partition of names) {
      context.emit({
        type: "warning",
        partition,
        stage: "publish",
        message: "The target was altered during the load: it is planned and loaded again",
      });
    }
    const again = await anew(names, planAnew);
    results = results.map((result) =>
      again.find(({ partition }) => partition === result.partition) ?? result
    );
  }
  for (const result of results) if (!told.has(result.partition)) tell(result);
  return results;

  async function anew(
    names: readonly (string | null)[],
    planAnew: PlanAnew,
  ): Promise<readonly PartitionResult[]> {
    let next: LoadPlan;
    try {
      next = await planAnew(names);
      shape = await readTableShape(context.db, next.target);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      // The table as it is now contradicts the pipeline file: that is what is wrong.
      shape = null;
      return results.filter(({ partition }) => names.includes(partition))
        .map((result) => ({ ...result, status: "failed", error: error.toJSON() }));
    }
    return await loadOnce(next, load, tell, runId, context);
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
  load: LoadPartition,
  tell: (result: PartitionResult) => void,
  runId: string,
  context: RunContext,
): Promise<readonly PartitionResult[]> {
  const results = await mapConcurrently(
    plan.partitions,
    context.elsewhere?.concurrency ?? plan.concurrency,
    async (partition) => {
      const result = await load(plan, partition, runId, context);
      // The others are not at their end yet.
      if (result.status !== "staged" && !isBroken(result)) tell(result);
      return result;
    },
  );
  return await publishTogether(plan, results, runId, context);
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

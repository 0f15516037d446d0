import { versionTableName } from "../core/names.ts";
import { quoteTable } from "../core/quote.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { type Asked, askedBefore, recordAsked } from "./asked.ts";
import { beforeTableOf } from "./versions.ts";
import { compilePartition } from "./compile_partition.ts";
import { rowsPlan } from "./compile_rows.ts";
import { evolve } from "./evolve.ts";
import { type Layout, layoutOf } from "./layout.ts";
import type { LoadPlan, PartitionPlan, Statement, TableName } from "./load_plan.ts";
import type { PlanInput } from "./plan_input.ts";
import { requireLoadable } from "./require_loadable.ts";
import { requireIdentity } from "./replica_identity.ts";
import { setupStatements, targetIndexes } from "./setup.ts";
import { boundClause, STAGING_COMMENT } from "./staging.ts";
import { type TargetShape, targetShape } from "./target.ts";

/** COPY connections at work at once, over all partitions; see `docs/performance.md`. */
export const COPY_CONNECTIONS = 2;

/**
 * Compiles a pipeline into the statements that a run executes. Pure.
 *
 * @throws SluiceError `plan/…` where the target is not one this pipeline can publish into
 */
export function compilePlan(input: PlanInput): LoadPlan {
  const { spec, catalog, ledger } = input;
  const layout = layoutOf(spec);
  const shape = targetShape(spec, layout, catalog, ledger);
  const indexes = targetIndexes(spec, layout, catalog.serverVersion);
  const targetKey = targetKeyOf(spec);
  const declared = layoutOf(input.file ?? spec);
  const asked: Asked = catalog.table === null
    ? new Map()
    : askedBefore(spec, declared, catalog.table, ledger);
  const evolution = catalog.table === null || input.preliminary ? null : evolve({
    layout,
    table: catalog.table,
    managed: shape.managed,
    allowDestructive: input.allowDestructive,
    asked,
    surroundings: input.surroundings ?? null,
    kept: keptTables(input),
  });
  const common = { ...input, layout, shape, indexes, targetKey };
  const partitions = input.partitions.map((partition, at) =>
    compilePartition(common, partition, input.probes[at])
  );
  const loading = partitions.filter(({ action }) => action === "load");
  const concurrency = Math.max(
    1,
    Math.min(loading.length, input.concurrency ?? spec.partitions?.concurrency ?? 1),
  );
  const setup = setupStatements({
    spec,
    layout,
    indexes,
    catalog,
    migrations: input.migrations,
    managed: shape.managed,
    merges: shape.method === "merge",
    evolution,
    record: recordAsked(declared, catalog.table, asked, ledger.asked),
    leaves: missingLeaves(input, layout, shape, loading),
  });
  if (loading.length > 0) requireLoadable(spec, targetKey, catalog, shape);
  if (shape.method === "merge" && !shape.managed && loading.length > 0 && !input.preliminary) {
    if (spec.refresh.mode !== "append") requireIdentity(targetKey, catalog);
  }
  return {
    planVersion: 1,
    pipeline: spec.pipeline,
    file: spec.file,
    environment: spec.environment,
    specHash: spec.hash,
    mode: spec.refresh.mode,
    method: shape.method,
    methodReason: shape.mergesBecause,
    evolved: input.evolved ?? [],
    kept: input.kept ?? [],
    target: layout.target,
    targetKey,
    setup,
    sweep: sweepStatements(input),
    rows: rowsPlan(spec),
    onDuplicate: spec.onDuplicate,
    idempotencyKey: spec.idempotencyKey,
    rejectLimit: spec.rejects.limit,
    versions: spec.target.versions,
    concurrency,
    together: spec.partitions?.publish === "together",
    copyConnections: Math.max(1, Math.floor(COPY_CONNECTIONS / concurrency)),
    partitions,
  };
}

/** `schema.table`: how the ledger and the lock name a target. */
export function targetKeyOf(spec: PipelineSpec): string {
  return `${spec.target.schema}.${spec.target.table}`;
}

/** A merge into Sluice's own partitioned table needs a partition to go into. */
function missingLeaves(
  { spec, catalog }: PlanInput,
  layout: Layout,
  shape: TargetShape,
  loading: readonly PartitionPlan[],
): { name: TableName; bound: string }[] {
  if (shape.method !== "merge" || !shape.managed || layout.strategy === null) return [];
  if (catalog.table !== null && catalog.table.partitionKey === null) return [];
  return loading.flatMap(({ partition }) => {
    const name = versionTableName(spec.target.table, partition, 0);
    const anyVersion = name.slice(0, -1);
    const there = catalog.table?.partitions.some((each) => each.name.table.startsWith(anyVersion));
    if (there) return [];
    return [{
      name: { schema: spec.target.schema, table: name },
      bound: boundClause(spec, layout, partition),
    }];
  });
}

/** Tables that stand for rollback: versions that are not attached, and what merges wrote. */
function keptTables({ spec, tables, ledger }: PlanInput): readonly TableName[] {
  const known = new Set(ledger.loads.flatMap((load) => [load.table, beforeTableOf(load).table]));
  return tables
    .filter(({ name, attachedTo }) => attachedTo === null && known.has(name))
    .map(({ name }) => ({ schema: spec.target.schema, table: name }));
}

/** Tables that say they are staging: under the target's lock no run can still be at work on them. */
function sweepStatements({ spec, tables, ledger }: PlanInput): readonly Statement[] {
  const known = new Set(
    ledger.loads.filter(({ state }) => state !== "dropped").map(({ table }) => table),
  );
  return tables
    .filter((table) =>
      table.comment === STAGING_COMMENT && table.attachedTo === null && !known.has(table.name)
    )
    .map((table) => ({
      sql: `drop table if exists ${quoteTable({ schema: spec.target.schema, table: table.name })}`,
      params: [],
      why: "Left behind by a run that died before publishing",
      lock: null,
    }));
}

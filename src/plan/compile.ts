import { versionTableName } from "../core/names.ts";
import { quoteTable } from "../core/quote.ts";
import type { Catalog, ListedTable } from "../db/catalog.ts";
import type { Ledger, LoadRecord } from "../ledger/ledger.ts";
import type { Migration } from "../ledger/migrations.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { decide, type ProbedSource } from "./decide.ts";
import { type Layout, layoutOf, LINEAGE_COLUMNS, partitionValue } from "./layout.ts";
import { dropVersionRow, insertLoad, replaceLive } from "./ledger_rows.ts";
import type {
  ConstantColumn,
  LoadPlan,
  PartitionPlan,
  RetainedVersion,
  RowsPlan,
  Statement,
  TableName,
} from "./load_plan.ts";
import { MODES } from "./modes/mod.ts";
import {
  requireMatchingTarget,
  setupStatements,
  type TargetIndex,
  targetIndexes,
} from "./setup.ts";
import { sourcePlan } from "./source_plan.ts";
import {
  boundClause,
  cleanupStatements,
  deduplicatePlan,
  finishStatements,
  partitionBounds,
  stageStatements,
  STAGING_COMMENT,
} from "./staging.ts";

/** Everything a plan depends on; nothing else is looked at. */
export interface PlanInput {
  readonly spec: PipelineSpec;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly migrations: readonly Migration[];
  /** Tables whose name starts like this target's versions. */
  readonly tables: readonly ListedTable[];
  /** Partitions to look at, in order; `[null]` for a whole table. */
  readonly partitions: readonly (string | null)[];
  /** What each partition's source looks like now; null where it does not exist. */
  readonly probes: readonly (ProbedSource | null)[];
  readonly force: boolean;
  /** Overrides the pipeline's own. */
  readonly concurrency?: number;
}

/** COPY connections at work at once, over all partitions; see `docs/performance.md`. */
const COPY_CONNECTIONS = 2;

/**
 * Compiles a pipeline into the statements that a run executes. Pure.
 *
 * @throws SluiceError `plan/…` where the target is not one this pipeline can publish into
 */
export function compilePlan(input: PlanInput): LoadPlan {
  const { spec, catalog } = input;
  const layout = layoutOf(spec);
  requireMatchingTarget(layout, catalog);
  const indexes = targetIndexes(spec, layout, catalog.serverVersion);
  const partitions = input.partitions.map((partition, at) =>
    compilePartition(input, layout, indexes, partition, input.probes[at])
  );
  const loading = partitions.filter(({ action }) => action === "load").length;
  const concurrency = Math.max(
    1,
    Math.min(loading, input.concurrency ?? spec.partitions?.concurrency ?? 1),
  );
  return {
    planVersion: 1,
    pipeline: spec.pipeline,
    environment: spec.environment,
    specHash: spec.hash,
    mode: spec.refresh.mode,
    target: layout.target,
    targetKey: targetKeyOf(spec),
    setup: setupStatements(layout, indexes, catalog, input.migrations),
    sweep: sweepStatements(input),
    rows: rowsPlan(spec),
    onDuplicate: spec.onDuplicate,
    idempotencyKey: spec.idempotencyKey,
    rejectLimit: spec.rejects.limit,
    versions: spec.target.versions,
    concurrency,
    copyConnections: Math.max(1, Math.floor(COPY_CONNECTIONS / concurrency)),
    partitions,
  };
}

/** `schema.table`: how the ledger and the lock name a target. */
export function targetKeyOf(spec: PipelineSpec): string {
  return `${spec.target.schema}.${spec.target.table}`;
}

function compilePartition(
  input: PlanInput,
  layout: Layout,
  indexes: readonly TargetIndex[],
  partition: string | null,
  probe: ProbedSource | null,
): PartitionPlan {
  const { spec } = input;
  const targetKey = targetKeyOf(spec);
  const versions = input.ledger.loads.filter((load) => load.partition === partition);
  const newest = versions.at(-1);
  const live = versions.find(({ state }) => state === "live");
  const attached = live !== undefined && isAttached(input.catalog, live);
  const version = (newest?.version ?? 0) + 1;
  const staging: TableName = {
    schema: spec.target.schema,
    table: versionTableName(spec.target.table, partition, version),
  };
  const offsetColumn = rowsPlan(spec).offsetColumn;
  const replaces = live !== undefined && attached
    ? { version: live.version, table: { schema: live.schema, table: live.table } }
    : null;
  const standing = newest !== undefined &&
    (newest.state === "live" ? attached : stands(input.tables, newest));
  const publish: Statement[] = [];
  // The ledger's row first: when another run was faster, nothing is locked for nothing.
  if (live !== undefined) {
    publish.push(
      replaceLive(targetKey, partition, live.version, attached ? "retained" : "dropped"),
    );
  }
  publish.push(
    insertLoad(spec, targetKey, partition, version, staging),
    {
      sql: `comment on table ${quoteTable(staging)} is null`,
      params: [],
      why: "It is no longer staging",
      lock: null,
    },
    ...MODES[spec.refresh.mode].publish({
      parent: layout.target,
      bound: boundClause(spec, layout, partition),
      live: replaces === null ? null : { ...replaces.table, version: replaces.version },
      next: { ...staging, version },
    }),
  );
  return {
    partition,
    ...decide(spec, newest, standing, probe, input.force),
    source: sourcePlan(spec, partition),
    staging,
    version,
    replaces,
    constants: constantColumns(spec, layout, partition),
    bounds: partitionBounds(spec, layout, partition),
    stage: stageStatements(spec, layout, partition, staging, offsetColumn),
    deduplicate: deduplicatePlan(
      spec,
      staging,
      indexes,
      offsetColumn,
      input.catalog.serverVersion,
    ),
    finish: finishStatements(staging, indexes),
    publish,
    retain: retention(spec, targetKey, partition, versions),
    cleanup: cleanupStatements(staging),
  };
}

function rowsPlan(spec: PipelineSpec): RowsPlan {
  return {
    columns: spec.columns.map((
      { name, from, type, required, default: standIn, rules, options },
    ) => ({
      name,
      from,
      type,
      required,
      default: standIn,
      rules,
      options,
    })),
    newColumns: spec.schemaContract.newColumns,
    lineColumn: spec.target.lineage,
    offsetColumn: spec.idempotencyKey.length > 0 && spec.onDuplicate !== "fail",
  };
}

function constantColumns(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
): readonly ConstantColumn[] {
  const constants: ConstantColumn[] = [];
  if (layout.ownColumn !== null && partition !== null) {
    const { name, type } = layout.columns.find(({ name }) => name === layout.ownColumn)!;
    constants.push({ name, type, value: partitionValue(spec, partition) });
  }
  if (spec.target.lineage) {
    const facts = ["run_id", "loaded_at", "source_url"] as const;
    facts.forEach((fact, at) => {
      const { name, type } = LINEAGE_COLUMNS[at];
      constants.push({ name, type, value: { fact } });
    });
  }
  return constants;
}

/** What is dropped once this load is live: all but the newest `versions` of the earlier ones. */
function retention(
  spec: PipelineSpec,
  targetKey: string,
  partition: string | null,
  versions: readonly LoadRecord[],
): readonly RetainedVersion[] {
  return versions
    .filter(({ state }) => state !== "dropped")
    .sort((a, b) => b.version - a.version)
    .slice(spec.target.versions)
    .map(({ version, schema, table }) => ({
      version,
      table: { schema, table },
      statements: [
        dropVersionRow(targetKey, partition, version),
        {
          sql: `drop table if exists ${quoteTable({ schema, table })}`,
          params: [],
          why: `target.versions keeps ${spec.target.versions} earlier versions`,
          lock: null,
        },
      ],
    }));
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

function isAttached(catalog: Catalog, load: LoadRecord): boolean {
  return catalog.table?.partitions.some(({ name }) =>
    name.schema === load.schema && name.table === load.table
  ) ?? false;
}

function stands(tables: readonly ListedTable[], load: LoadRecord): boolean {
  return tables.some(({ name }) => name === load.table);
}

import { SluiceError } from "../core/error.ts";
import { beforeImageName, versionTableName } from "../core/names.ts";
import { quoteTable } from "../core/quote.ts";
import type { LoadRecord } from "../ledger/ledger.ts";
import { compileChecks } from "./compile_checks.ts";
import { constantColumns, needsOffset } from "./compile_rows.ts";
import { decide, knownVersion, type ProbedSource } from "./decide.ts";
import { type Layout, LINEAGE_COLUMNS, takesRowsAway } from "./layout.ts";
import { isolationPlan } from "./isolation.ts";
import { countChanges, dropVersionRow, insertLoad, replaceLive } from "./ledger_rows.ts";
import type { PartitionPlan, Statement, TableName } from "./load_plan.ts";
import { type Merge, mergeRecord } from "./merge/merge.ts";
import { MODES } from "./modes/mod.ts";
import type { PlanInput } from "./plan_input.ts";
import { preserveStaging, referencedTables } from "./preserve.ts";
import { requireKept } from "./preserve/require_kept.ts";
import { stagingIdentity } from "./replica_identity.ts";
import { replacedRow } from "./replaced_row.ts";
import { rulesPlan } from "./rules.ts";
import type { TargetIndex } from "./setup.ts";
import { sourcePlan } from "./source_plan.ts";
import {
  boundClause,
  cleanupStatements,
  deduplicatePlan,
  finishStatements,
  mergeStageStatements,
  partitionBounds,
  scopeCondition,
  stageStatements,
} from "./staging.ts";
import { hasUniqueKey, keyNames, type TargetShape } from "./target.ts";
import { verifyPlan } from "./verify.ts";
import { chainOf, momentOf, retention, rootOf, tableOf } from "./versions.ts";

/** What the partitions of one plan have in common. */
export interface PartitionInput extends PlanInput {
  readonly layout: Layout;
  readonly shape: TargetShape;
  readonly indexes: readonly TargetIndex[];
  /** `schema.table`. */
  readonly targetKey: string;
}

/** Compiles everything a run does with one partition. */
export function compilePartition(
  input: PartitionInput,
  partition: string | null,
  probe: ProbedSource | null,
): PartitionPlan {
  const { spec, layout, targetKey } = input;
  const versions = input.ledger.loads.filter((load) => load.partition === partition);
  const newest = versions.at(-1);
  const live = versions.find(({ state }) => state === "live");
  const holds = live !== undefined && isStanding(input, versions, live);
  const version = (newest?.version ?? 0) + 1;
  const staging: TableName = {
    schema: spec.target.schema,
    table: versionTableName(spec.target.table, partition, version),
  };
  const publishing = { input, partition, versions, live, holds, version, staging };
  const { refused, ...method } = input.shape.method === "exchange"
    ? exchangeStatements(publishing)
    : mergeStatements(publishing);
  const standing = newest !== undefined && isStanding(input, versions, newest);
  const decision = decide(spec, newest, standing, probe, input.force);
  if (decision.action === "load") requireKept(targetKey, partition, refused);
  return {
    partition,
    ...decision,
    known: newest !== undefined && standing && !input.force ? knownVersion(spec, newest) : null,
    source: sourcePlan(spec, partition),
    staging,
    version,
    replaces: live !== undefined && holds ? { version: live.version, table: tableOf(live) } : null,
    constants: constantColumns(spec, layout, partition),
    bounds: partitionBounds(spec, layout, partition),
    verify: spec.verify === "full" || input.verify === true
      ? verifyPlan(layout, staging, needsOffset(spec), input.catalog.serverVersion)
      : null,
    replacedRow: replacedRow(spec, layout, partition),
    rules: rulesPlan(spec, partition, staging),
    checks: compileChecks(spec, layout, partition, {
      staging,
      targetStands: input.catalog.table !== null,
      hasLive: live !== undefined && holds,
    }),
    deduplicate: deduplicatePlan(
      spec,
      staging,
      input.indexes,
      input.catalog.serverVersion,
    ),
    ...method,
    retain: retention({
      targetKey,
      partition,
      keep: spec.target.versions,
      versions: [
        ...versions.map((load) =>
          method.ended.includes(load) ? { ...load, state: "dropped" as const } : load
        ),
        method.record,
      ],
      standing: new Set(input.tables.map(({ name }) => name)),
    }),
    cleanup: cleanupStatements(staging),
  };
}

/** One load about to be published. */
interface Publishing {
  readonly input: PartitionInput;
  readonly partition: string | null;
  readonly versions: readonly LoadRecord[];
  readonly live: LoadRecord | undefined;
  /** The live version's rows are where the ledger says. */
  readonly holds: boolean;
  readonly version: number;
  readonly staging: TableName;
}

/** What differs between an exchange and a merge. */
type Method = Pick<PartitionPlan, "stage" | "finish" | "publish" | "isolation"> & {
  /** The load as the ledger will have it. */
  readonly record: LoadRecord;
  /** Versions that cannot be gone back to any more. */
  readonly ended: readonly LoadRecord[];
  /** What publishing would lose. */
  readonly refused: readonly string[];
};

function exchangeStatements(publishing: Publishing): Method {
  const { input, partition, versions, live, holds, version, staging } = publishing;
  const { spec, layout, indexes } = input;
  const root = live !== undefined && holds ? rootOf(versions, live) : null;
  // What was merged into the partition since cannot be told from it any more once it is detached.
  const ended = live !== undefined && live.merge !== null
    ? versions.filter((load) => load.state !== "dropped" && rootOf(versions, load) === root)
    : [];
  const exchange = MODES[spec.refresh.mode].exchange;
  if (exchange === null) throw new Error(`Mode ${spec.refresh.mode} has no exchange`);
  const bound = boundClause(spec, layout, partition);
  const leaf = root === null ? mergeLeaf(input, partition) : null;
  const identity = stagingIdentity(input.catalog, needsOffset(spec));
  const kept = preserveStaging({
    parent: input.properties ?? null,
    replaced: root === null ? leaf : tableOf(root),
    staging,
    version: staging,
    indexes,
    uniqueKey: layout.uniqueColumns,
    identity,
  });
  return {
    stage: [
      ...stageStatements(spec, layout, partition, staging, needsOffset(spec), identity),
      ...kept.stage,
    ],
    finish: [
      ...kept.constraints,
      ...finishStatements(staging, indexes, needsOffset(spec), kept.finish),
    ],
    isolation: isolationPlan({
      layout,
      staging,
      stage: [
        ...stageStatements(spec, layout, partition, staging, true, identity),
        ...kept.stage,
      ],
      constraints: kept.constraints,
      // Conditions of ours are the target's alone.
      indexes: [...indexes.map(({ definition }) => ({ definition, where: null })), ...kept.trials],
      finish: finishStatements(staging, indexes, true, kept.finish),
      merge: null,
    }),
    refused: kept.refused,
    publish: [
      ...ledgerStatements(publishing, null, ended.length > 0 ? "dropped" : "retained"),
      ...ended.filter((load) => load !== live).map((load) =>
        dropVersionRow(input.targetKey, partition, load.version)
      ),
      ...kept.publish,
      ...exchange({
        parent: layout.target,
        references: referencedTables(input.properties),
        bound,
        live: root === null
          ? leaf === null ? null : { ...leaf, version: 0 }
          : { ...tableOf(root), version: root.version },
        next: { ...staging, version },
      }),
      ...kept.attached,
      ...(leaf === null ? [] : [{
        sql: `drop table ${quoteTable(leaf)}`,
        params: [],
        why: "The empty partition that merges went into",
        lock: null,
      }]),
    ],
    record: recordOf(publishing, null, null),
    ended,
  };
}

function mergeStatements(publishing: Publishing): Method {
  const { input, partition, live, holds, version, staging } = publishing;
  const { spec, layout, targetKey } = input;
  const merge = mergeOf(input, partition, staging, version);
  const basedOn = live !== undefined && holds ? live.version : null;
  const identity = input.catalog.published ? "full" : null;
  return {
    stage: mergeStageStatements(layout, staging, needsOffset(spec), identity),
    finish: finishStatements(staging, [], needsOffset(spec)),
    isolation: isolationPlan({
      layout,
      staging,
      stage: mergeStageStatements(layout, staging, true, identity),
      constraints: [],
      indexes: [],
      finish: finishStatements(staging, [], true),
      merge,
    }),
    publish: [
      ...ledgerStatements(publishing, merge, "retained"),
      ...MODES[spec.refresh.mode].merge(merge),
      countChanges(targetKey, partition, version),
    ],
    record: recordOf(publishing, merge, basedOn),
    ended: [],
    refused: [],
  };
}

/** The ledger's rows first: when another run was faster, nothing is locked for nothing. */
function ledgerStatements(
  { input, partition, live, holds, version, staging }: Publishing,
  merge: Merge | null,
  leaves: "retained" | "dropped",
): Statement[] {
  const { spec, targetKey } = input;
  return [
    ...(live === undefined
      ? []
      : [replaceLive(targetKey, partition, live.version, holds ? leaves : "dropped")]),
    insertLoad(
      spec,
      targetKey,
      partition,
      version,
      staging,
      merge === null ? null : mergeRecord(merge),
      live !== undefined && holds ? live.version : null,
    ),
    {
      sql: `comment on table ${quoteTable(staging)} is null`,
      params: [],
      why: "It is no longer staging",
      lock: null,
    },
  ];
}

function mergeOf(
  input: PartitionInput,
  partition: string | null,
  staging: TableName,
  version: number,
): Merge {
  const { spec, layout, catalog, shape } = input;
  const { mode } = spec.refresh;
  const keyed = layout.uniqueColumns.length > 0 &&
    (shape.managed || (catalog.table !== null &&
      hasUniqueKey(catalog.table, layout.uniqueColumns, mode === "history")));
  const kind = MODES[mode].mergeKind(keyed);
  requireSafeMerge(input, keyed);
  const columns = layout.loaded.map(({ name }) => name);
  const lineage = spec.target.lineage ? LINEAGE_COLUMNS.map(({ name }) => name) : [];
  return {
    ...kind,
    key: kind.kind === "rows" && mode !== "append" ? [] : layout.uniqueColumns,
    target: layout.target,
    after: staging,
    beforeTable: { schema: staging.schema, table: beforeImageName(staging.table) },
    columns,
    compared: columns.filter((name) => !lineage.includes(name)),
    restored: catalog.table?.columns.filter(({ generated }) => !generated)
      .map(({ name }) => name) ?? layout.columns.map(({ name }) => name),
    scope: scopeCondition(spec, layout, partition),
    moment: momentOf(input.targetKey, partition, version),
    removesVanished: takesRowsAway(spec.refresh),
  };
}

/**
 * Refuses a merge that could hit the wrong rows, or more than the target's.
 *
 * @throws SluiceError `plan/key_not_unique`, `plan/referenced`, `plan/no_partition_column`
 */
function requireSafeMerge(
  { spec, layout, catalog, targetKey }: PartitionInput,
  keyed: boolean,
): void {
  const { table } = catalog;
  const { mode } = spec.refresh;
  const key = layout.uniqueColumns.join(", ");
  if ((mode === "upsert" || mode === "history") && !keyed) {
    const columns = mode === "history" ? `${key}, _valid_from` : key;
    throw new SluiceError(
      "plan/key_not_unique",
      `"${targetKey}" has no unique index on (${key}): a row could be taken for another one`,
      { hint: `create unique index on ${targetKey} (${columns})` },
    );
  }
  if (mode !== "full" && mode !== "partition" || table === null) return;
  const cascading = table.incomingKeys.filter(({ onDelete }) =>
    onDelete !== "no action" && onDelete !== "restrict"
  );
  if (cascading.length > 0) {
    throw new SluiceError(
      "plan/referenced",
      `Replacing rows of "${targetKey}" would reach into other tables: ${keyNames(cascading)}`,
      {
        hint:
          "Use refresh.mode: upsert, which deletes nothing, or change what the keys do on delete",
      },
    );
  }
  if (table.incomingKeys.length > 0 && !keyed) {
    throw new SluiceError(
      "plan/referenced",
      `Rows of "${targetKey}" cannot be replaced while foreign keys point to it: ${
        keyNames(table.incomingKeys)
      }`,
      {
        hint:
          "Give an idempotency_key, with a unique index on the table: then only rows that differ are touched",
      },
    );
  }
}

function recordOf(
  { input, partition, version, staging }: Publishing,
  merge: Merge | null,
  basedOn: number | null,
): LoadRecord {
  return {
    pipeline: input.spec.pipeline,
    partition,
    version,
    schema: staging.schema,
    table: staging.table,
    sourceUrl: "",
    etag: null,
    lastModified: null,
    bytes: null,
    sha256: null,
    rows: 0,
    specHash: input.spec.hash,
    state: "live",
    merge: merge === null ? null : mergeRecord(merge),
    basedOn,
  };
}

/** The partition that merges go into, where no version was exchanged into its place. */
export function mergeLeaf(
  { catalog, spec }: Pick<PartitionInput, "catalog" | "spec">,
  partition: string | null,
): TableName | null {
  const table = versionTableName(spec.target.table, partition, 0);
  return catalog.table?.partitions.find(({ name }) => name.table === table)?.name ?? null;
}

/** Whether a version's rows are where the ledger says. */
function isStanding(
  { catalog, tables }: PartitionInput,
  versions: readonly LoadRecord[],
  load: LoadRecord,
): boolean {
  const root = chainOf(versions, load).at(-1)!;
  if (root.merge !== null) return catalog.table !== null;
  if (load.state !== "live") return tables.some(({ name }) => name === root.table);
  return catalog.table?.partitions.some(({ name }) =>
    name.schema === root.schema && name.table === root.table
  ) ?? false;
}

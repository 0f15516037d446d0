import { versionTableName } from "../core/names.ts";
import { quoteTable } from "../core/quote.ts";
import type { LoadRecord } from "../ledger/ledger.ts";
import { compileChecks } from "./compile_checks.ts";
import { computedColumns, computePlan, readLayout } from "./computed.ts";
import { conversionPlan } from "./conversion.ts";
import { constantColumns, needsOffset } from "./rows_plan.ts";
import { knownVersion } from "./decide_partition.ts";
import { isolationPlan } from "./isolation.ts";
import {
  countChanges,
  dropVersionRow,
  insertFiles,
  insertLoad,
  markReplayed,
  replaceLive,
} from "./ledger_rows.ts";
import type { PartitionPlan, Statement, TableName } from "./load_plan.ts";
import { type Merge, mergeRecord } from "./merge/merge.ts";
import { MODES } from "./modes/mod.ts";
import { preserveStaging, referencedTables } from "./preserve/preserve.ts";
import { requireKept } from "./preserve/require_kept.ts";
import { stagingIdentity } from "./replica_identity.ts";
import { analyzeMerged, analyzeStatement } from "./statistics.ts";
import { replacedRow } from "./replaced_row.ts";
import { rulesPlan } from "./rules.ts";
import { mayBeSeveral, sourcePlan } from "./source_plan.ts";
import {
  boundClause,
  cleanupStatements,
  deduplicatePlan,
  finishStatements,
  mergeStageStatements,
  partitionBounds,
  stageStatements,
} from "./staging.ts";
import { verifyPlan } from "./verify.ts";
import {
  dropOwned,
  publishTable,
  releaseTable,
  requirePartition,
  requireTarget,
} from "./identity.ts";
import type { OwnedTable } from "../ledger/tables.ts";
import { isSame } from "./owned.ts";
import { occupationOf } from "./occupant.ts";
import { faultOf, isAttached } from "./fault.ts";
import type { PartitionDecision, PartitionInput } from "./partition_input.ts";
import { mergeOf } from "./partition_merge.ts";
import { freeVersion, isKept, mayDrop, takenAway, versionOf } from "./partition_tables.ts";
import { retention, rootOf, tableOf } from "./versions.ts";

/** What a run does with a partition that it leaves alone. */
const NOTHING = {
  compute: null,
  verify: null,
  replacedRow: null,
  rules: null,
  checks: [],
  conversion: null,
  deduplicate: null,
  isolation: null,
  stage: [],
  finish: [],
  publish: [],
  retain: [],
  cleanup: [],
} as const satisfies Partial<PartitionPlan>;

/** Compiles everything a run does with one partition. */
export function compilePartition(
  input: PartitionInput,
  decision: PartitionDecision,
): PartitionPlan {
  const { partition, action, reason, skipStatus, versions, newest, fault } = decision;
  const { spec, layout, targetKey } = input;
  const live = versions.find(({ state }) => state === "live");
  const liveFault = live === undefined ? null : faultOf(input, versions, live);
  const holds = live !== undefined && liveFault === null;
  const version = freeVersion(input, partition, (versions.at(-1)?.version ?? 0) + 1);
  const staging: TableName = {
    schema: spec.target.schema,
    table: versionTableName(spec.target.table, partition, version),
  };
  const bounds = partitionBounds(spec, layout, partition);
  const isComputed = computedColumns(spec).some(({ name }) => name === bounds?.column);
  const common = {
    partition,
    action,
    reason,
    skipStatus,
    known: newest !== undefined && fault === null && !input.force
      ? knownVersion(spec, newest)
      : null,
    source: sourcePlan(spec, partition),
    staging,
    version,
    replaces: live !== undefined && holds ? { version: live.version, table: tableOf(live) } : null,
    constants: constantColumns(spec, layout, partition),
    bounds: isComputed ? null : bounds,
  };
  // Of many partitions nearly all are: what is not done needs no statements.
  if (action === "skip") return { ...common, ...NOTHING };
  const lost = live === undefined ? null : takenAway(input, versions, live);
  const publishing = { input, partition, versions, live, holds, lost, version, staging };
  const { refused, ...method } = input.shape.method === "exchange"
    ? exchangeStatements(publishing)
    : mergeStatements(publishing);
  requireKept(targetKey, partition, refused);
  return {
    ...common,
    compute: computePlan({ spec, layout, partition, staging, bounds: isComputed ? bounds : null }),
    verify: spec.verify === "full" || input.verify === true
      ? verifyPlan(
        readLayout(spec, layout),
        staging,
        needsOffset(spec),
        input.catalog.serverVersion,
      )
      : null,
    replacedRow: replacedRow(spec, layout, partition),
    rules: rulesPlan(spec, partition, staging),
    checks: compileChecks(spec, layout, partition, {
      staging,
      targetStands: input.catalog.table !== null,
      hasLive: live !== undefined && holds,
    }),
    conversion: conversionPlan(
      spec,
      readLayout(spec, layout),
      staging,
      needsOffset(spec),
      input.catalog.serverVersion,
    ),
    deduplicate: deduplicatePlan(
      spec,
      staging,
      input.indexes,
      input.catalog.serverVersion,
    ),
    ...method,
    publish: input.replays === true ? [...method.publish, markReplayed()] : method.publish,
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
      isDroppable: (name) => mayDrop(input, lost, name),
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
  /** Its table, where somebody has detached it: it is theirs now. */
  readonly lost: OwnedTable | null;
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
  const { input, partition, versions, live, version, staging } = publishing;
  const { spec, layout, indexes } = input;
  const root = live !== undefined && isAttached(input, versions, live)
    ? rootOf(versions, live)
    : null;
  // What was merged into the partition since cannot be told from it any more once it is detached.
  const ended = live !== undefined && live.merge !== null
    ? versions.filter((load) => load.state !== "dropped" && rootOf(versions, load) === root)
    : [];
  const exchange = MODES[spec.refresh.mode].exchange;
  if (exchange === null) throw new Error(`Mode ${spec.refresh.mode} has no exchange`);
  const bound = boundClause(spec, layout, partition);
  const occupation = occupationOf(input, partition);
  const out = occupation.kind === "ours" ? occupation.table : null;
  const leaf = out?.kind === "partition" ? out.now : null;
  const identity = stagingIdentity(input.catalog, needsOffset(spec));
  const analyze = analyzeStatement(staging, layout.columns.length);
  const kept = preserveStaging({
    parent: input.properties ?? null,
    replaced: out?.now ?? null,
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
      ...finishStatements(staging, indexes, needsOffset(spec), analyze, kept.finish),
    ],
    isolation: isolationPlan({
      layout,
      passing: spec.passing ?? [],
      staging,
      stage: [
        ...stageStatements(spec, layout, partition, staging, true, identity),
        ...kept.stage,
      ],
      constraints: kept.constraints,
      // Conditions of ours are the target's alone.
      indexes: [...indexes.map(({ definition }) => ({ definition, where: null })), ...kept.trials],
      finish: finishStatements(staging, indexes, true, analyze, kept.finish),
      merge: null,
    }),
    refused: kept.refused,
    publish: [
      ...ledgerStatements(publishing, null, ended.length > 0 ? "dropped" : "retained"),
      ...ended.filter((load) => load !== live).map((load) =>
        dropVersionRow(input.targetKey, partition, load.version)
      ),
      ...kept.publish,
      ...requireTarget(
        layout.target,
        input.catalog.table?.oid ?? null,
        out === null ? "share update exclusive" : "access exclusive",
      ),
      ...(out === null ? [] : requirePartition(layout.target, out.now, out.oid)),
      ...exchange({
        parent: layout.target,
        references: referencedTables(input.properties),
        bound,
        live: out === null ? null : { ...out.now, version: versionOf(versions, out) },
        next: { ...staging, version },
      }),
      ...kept.attached,
      ...(leaf === null ? [] : [
        dropOwned(leaf, ["partition"], "The partition that merges went into"),
      ]),
      ...(out === null || leaf !== null || (root !== null && isSame(out.made, out.now)) ||
          isKept(versions, out)
        ? []
        : [releaseTable(out.now, out.oid)]),
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
  const analyze = analyzeMerged(staging, merge.key, merge.columns);
  return {
    stage: mergeStageStatements(layout, staging, needsOffset(spec), identity),
    finish: finishStatements(staging, [], needsOffset(spec), analyze),
    isolation: isolationPlan({
      layout,
      passing: spec.passing ?? [],
      staging,
      stage: mergeStageStatements(layout, staging, true, identity),
      constraints: [],
      indexes: [],
      finish: finishStatements(staging, [], true, analyze),
      merge,
    }),
    publish: [
      ...requireTarget(layout.target, input.catalog.table?.oid ?? null, "access share"),
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
  { input, partition, live, holds, lost, version, staging }: Publishing,
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
      input.catalog.table?.oid ?? null,
    ),
    ...(mayBeSeveral(spec) ? [insertFiles(targetKey, partition, version)] : []),
    ...(lost === null ? [] : [releaseTable(lost.now, lost.oid)]),
    {
      sql: `comment on table ${quoteTable(staging)} is null`,
      params: [],
      why: "It is no longer staging, and nobody can rename it from here on",
      lock: null,
    },
    publishTable(targetKey, staging),
  ];
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
    targetOid: input.catalog.table?.oid ?? null,
  };
}

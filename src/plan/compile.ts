import { deepFreeze } from "../core/deep_freeze.ts";
import { nextName, versionNameIn, versionTableName } from "../core/names.ts";
import { quoteTable } from "../core/quote.ts";
import type { OwnedTable } from "../ledger/tables.ts";
import { type Asked, askedBefore, recordAsked } from "./asked.ts";
import { basisOf } from "./basis.ts";
import { beforeTableOf } from "./versions.ts";
import { compilePartition } from "./compile_partition.ts";
import { decideLoads } from "./decide_loads.ts";
import { rowsPlan } from "./rows_plan.ts";
import { evolve } from "./evolve.ts";
import { hooksPlan } from "./hooks.ts";
import { referenceCautions } from "./incoming_keys.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { lockCautions } from "./lock_room.ts";
import type { LoadPlan, PartitionPlan, Statement, TableName } from "./load_plan.ts";
import type { PlanInput } from "./plan_input.ts";
import { requireIdentity } from "./replica_identity.ts";
import { setupChanges, type SetupInput, setupStatements, targetIndexes } from "./setup.ts";
import { dropOwned, forgetGone, nameOf, releaseTable } from "./identity.ts";
import { requireFree } from "./occupant.ts";
import { isDroppable, isInPlace, isSame, takenVersionNames } from "./owned.ts";
import { boundClause } from "./staging.ts";
import type { TargetShape } from "./target.ts";

/** COPY connections at work at once, over all partitions; see `docs/performance.md`. */
const COPY_CONNECTIONS = 2;

/**
 * Compiles a pipeline into the statements that a run executes: frozen, so that what `plan` prints
 * is what `run` obeys. Pure.
 *
 * @throws SluiceError `plan/…` where the target is not one this pipeline can publish into
 */
export function compilePlan(input: PlanInput): LoadPlan {
  const { spec, catalog, ledger } = input;
  const { partitions: decisions, ...decided } = decideLoads(input);
  const { layout, shape, targetKey } = decided;
  const indexes = targetIndexes(spec, layout, catalog, input.names);
  const declared = layoutOf(input.file ?? spec);
  const asked: Asked = catalog.table === null
    ? new Map()
    : askedBefore(spec, declared, catalog.table, ledger);
  const evolution = catalog.table === null ? null : evolve({
    layout,
    table: catalog.table,
    managed: shape.managed,
    allowDestructive: input.allowDestructive,
    asked,
    surroundings: input.surroundings ?? null,
    kept: keptTables(input).map(({ now }) => now),
  });
  const taken = takenVersionNames(input.names, leftovers(input));
  const common = { ...input, ...decided, indexes, taken };
  const partitions = decisions.map((decision) => compilePartition(common, decision));
  const loading = partitions.filter(({ action }) => action === "load");
  const atOnce = input.offered ?? input.concurrency ?? spec.partitions?.concurrency ?? 1;
  const concurrency = Math.max(1, Math.min(loading.length, atOnce));
  const preparing: SetupInput = {
    spec,
    layout,
    indexes,
    catalog,
    migrations: input.migrations,
    managed: shape.managed,
    merges: shape.method === "merge",
    evolution,
    record: recordAsked(declared, catalog.table, asked, ledger.asked),
    kept: keptTables(input),
    leaves: missingLeaves(input, layout, shape, loading),
  };
  // The columns first: what they say is about the file, not about replication.
  const setup = setupStatements(preparing);
  if (shape.method === "merge" && !shape.managed && loading.length > 0) {
    if (spec.refresh.mode !== "append") requireIdentity(targetKey, catalog);
  }
  return deepFreeze<LoadPlan>({
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
    changes: setupChanges(preparing),
    notes: notesOf(input, targetKey, loading),
    cautions: loading.length === 0 ? [] : [
      ...referenceCautions(spec, layout, targetKey, input.referring ?? []),
      ...lockCautions({
        room: catalog.lockRoom ?? null,
        indexes: indexes.length,
        altered: (evolution?.statements.length ?? 0) === 0
          ? 0
          : catalog.table?.partitions.length ?? 0,
        together: shape.method === "exchange" && spec.partitions?.publish === "together",
        loading,
      }),
    ],
    referredBy: (catalog.table?.incomingKeys ?? []).filter(({ self }) => !self)
      .map(({ name, table }) => ({ name, ...table })),
    sweep: sweepStatements(input, targetKey),
    hooks: hooksPlan(spec),
    rows: rowsPlan(spec),
    onDuplicate: spec.onDuplicate,
    idempotencyKey: spec.idempotencyKey,
    rejectLimit: input.replays === true ? { kind: "percent", percent: 100 } : spec.rejects.limit,
    versions: spec.target.versions,
    concurrency,
    together: spec.partitions?.publish === "together",
    // A worker has all connections to itself.
    copyConnections: input.offered === undefined
      ? Math.max(1, Math.floor(COPY_CONNECTIONS / concurrency))
      : COPY_CONNECTIONS,
    partitions,
    basis: basisOf(input),
  });
}

/**
 * A merge into Sluice's own partitioned table needs a partition to go into, whoever made it.
 *
 * @throws SluiceError `plan/partition_taken` where others hold a part of its values
 */
function missingLeaves(
  input: PlanInput,
  layout: Layout,
  shape: TargetShape,
  loading: readonly PartitionPlan[],
): { name: TableName; bound: string }[] {
  const { spec, catalog, slots } = input;
  if (shape.method !== "merge" || !shape.managed || layout.strategy === null) return [];
  if (catalog.table !== null && catalog.table.partitionKey === null) return [];
  return loading.flatMap(({ partition }) => {
    const slot = slots.get(partition);
    if (slot?.partitions.some(({ exact }) => exact) || slot?.inDefault) return [];
    // With a default partition every row has a place, if not a partition of its own.
    const fallback = catalog.table?.partitions.some(({ bound }) => bound === "DEFAULT") ?? false;
    if (slot !== undefined && slot.partitions.length > 0) {
      if (fallback) return [];
      requireFree({ ...input, layout }, partition);
    }
    return [{
      name: { schema: spec.target.schema, table: leafName(input, partition) },
      bound: boundClause(spec, layout, partition),
    }];
  });
}

function leafName({ spec, names }: PlanInput, partition: string | null): string {
  const name = versionTableName(spec.target.table, partition, 0);
  for (let n = 0;; n++) {
    const candidate = n === 0 ? name : nextName(`${name}_`, n);
    if (!names.includes(candidate)) return candidate;
  }
}

/** Tables that stand for rollback: versions that are not attached, and what merges wrote. */
function keptTables({ ledger }: PlanInput): readonly OwnedTable[] {
  const known = new Set(
    ledger.loads.flatMap((load) => [load, { ...load, table: beforeTableOf(load).table }])
      .map(nameOf),
  );
  return ledger.tables.filter((table) => isDroppable(table) && known.has(nameOf(table.now)));
}

/** Staging of runs that died: under the target's lock no run can still be at work on it. */
function leftovers({ ledger }: PlanInput): readonly TableName[] {
  return ledger.tables.filter((table) => table.kind === "staging" && isDroppable(table))
    .map(({ now }) => now);
}

/** Tables that somebody has renamed or moved: they are theirs now. */
function takenOver({ ledger, catalog }: PlanInput): readonly OwnedTable[] {
  return ledger.tables.filter((table) =>
    table.proven && !isInPlace(table) &&
    // A partition of the target is what readers see, whatever it is called.
    (table.parent === null || table.parent.oid !== catalog.table?.oid)
  );
}

function sweepStatements(input: PlanInput, targetKey: string): readonly Statement[] {
  const gone = leftovers(input).map((table) =>
    dropOwned(table, ["staging"], "Left behind by a run that died before publishing", true)
  );
  const released = takenOver(input).map(({ now, oid }) => releaseTable(now, oid));
  if (gone.length + released.length === 0) return [];
  return [...gone, ...released, forgetGone(targetKey)];
}

/** What somebody has done to tables of Sluice's, and what becomes of them. */
function notesOf(input: PlanInput, targetKey: string, partitions: readonly PartitionPlan[]) {
  const { ledger, catalog } = input;
  const stays = (name: string) => `${name} stays as it is, and Sluice no longer touches it`;
  const going = partitions.flatMap(({ retain }) => retain);
  return [
    ...(catalog.table === null && ledger.renamedTarget !== null
      ? [
        `${targetKey} is ${ledger.renamedTarget} now, and a new table takes its name; ${
          stays(ledger.renamedTarget)
        }`,
      ]
      : []),
    ...takenOver(input).map(({ made, now }) =>
      `${nameOf(made)} is ${nameOf(now)} now: ${stays(nameOf(now))}`
    ),
    ...ledger.tables.filter(({ proven, now, parent }) =>
      !proven && parent === null && going.some(({ table }) => isSame(table, now))
    ).map(({ now }) =>
      `${
        nameOf(now)
      } is from before Sluice knew tables by their OID, or from another database: it is not dropped; drop it when nobody needs it`
    ),
    ...(input.strays ?? []).filter(({ table }) => versionNameIn(table) !== null).map((stray) =>
      `${
        nameOf(stray)
      } looks like what an earlier version of Sluice left behind, and nothing proves it: it stays; when nobody needs it: drop table ${
        quoteTable(stray)
      }`
    ),
  ];
}

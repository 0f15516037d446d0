import { deepFreeze } from "../core/deep_freeze.ts";
import { SluiceError } from "../core/error.ts";
import { quoteIdent, quoteLiteral, quoteTable } from "../core/quote.ts";
import type { OwnedTable } from "../ledger/tables.ts";
import type { LoadRecord } from "../ledger/ledger.ts";
import { targetKeyOf } from "./target.ts";
import { changesRows, foreignKeysTo, keyNames } from "./incoming_keys.ts";
import { type Layout, layoutOf, LINEAGE_COLUMNS } from "./layout.ts";
import { replaceLive, reviveVersion } from "./ledger_rows.ts";
import type { Statement } from "./load_plan.ts";
import type { Merge } from "./merge/merge.ts";
import { equal, keyIn, keyOf, sameKey } from "./merge/sql.ts";
import { moveMerge } from "./merge/undo.ts";
import {
  NOTHING_TO_PRESERVE,
  type Preservation,
  preserve,
  referencedTables,
} from "./preserve/preserve.ts";
import { requireKept } from "./preserve/require_kept.ts";
import { recordTable, requireKeptTable, requirePartition, requireTarget } from "./identity.ts";
import { exchangePartition } from "./modes/exchange.ts";
import { standingTable } from "./owned.ts";
import {
  keptTable,
  namesOf,
  occupant,
  requireMergedInto,
  requirePartitioned,
  requireSameColumns,
  requireSameTypes,
  requireStanding,
  tableGone,
} from "./rollback_tables.ts";
import type { RollbackInput } from "./rollback_input.ts";
import { identifyTarget } from "./replica_identity.ts";
import { boundClause, scopeCondition } from "./staging.ts";
import { beforeTableOf, chainOf, momentOf, tableOf, versionsOf } from "./versions.ts";

/** Which partitions go back, and to which version. */
export interface RollbackRequest {
  /** One partition; all that have an earlier version when left out. */
  readonly partition?: string;
  /** A version, 0 for before the first one; the one before the live one when left out. */
  readonly to?: number;
}

/** One partition's way back. */
export interface RollbackStep {
  readonly partition: string | null;
  readonly from: number;
  readonly to: number;
  /** One transaction. */
  readonly statements: readonly Statement[];
}

/**
 * Compiles a rollback into one transaction per partition. Pure.
 *
 * @throws SluiceError `plan/nothing_to_roll_back`, `plan/unknown_partition`, `plan/unknown_version`
 */
export function compileRollback(
  input: RollbackInput,
  request: RollbackRequest,
): readonly RollbackStep[] {
  const { spec, ledger } = input;
  const partitions = [...new Set(ledger.loads.map(({ partition }) => partition))];
  const chosen = request.partition === undefined
    ? partitions
    : partitions.filter((partition) => partition === request.partition);
  if (request.partition !== undefined && chosen.length === 0) {
    throw new SluiceError(
      "plan/unknown_partition",
      `Partition "${request.partition}" of "${targetKeyOf(spec)}" is not loaded`,
      { hint: `Loaded: ${partitions.join(", ") || "nothing"}` },
    );
  }
  const steps = chosen.flatMap((partition) => step(input, partition, request) ?? []);
  if (steps.length > 0) return deepFreeze(steps);
  throw new SluiceError(
    "plan/nothing_to_roll_back",
    `No earlier version of "${targetKeyOf(spec)}" is kept`,
    {
      hint:
        "`history` lists the versions; `target.versions` says how many are kept; `--to 0` takes the first one away",
    },
  );
}

function step(
  input: RollbackInput,
  partition: string | null,
  request: RollbackRequest,
): RollbackStep | null {
  const versions = versionsOf(input.ledger, partition);
  const live = versions.find(({ state }) => state === "live") ?? null;
  const to = chooseVersion(versions, live, request, partition);
  if (to === undefined) return null;
  const targetKey = targetKeyOf(input.spec);
  const statements: Statement[] = [];
  if (live !== null) {
    // Going forward again leaves an earlier version behind, which was never rolled back itself.
    const left = (to?.version ?? 0) < live.version ? "rolled_back" : "retained";
    statements.push(replaceLive(targetKey, partition, live.version, left));
  }
  if (to !== null) statements.push(reviveVersion(targetKey, partition, to.version));
  statements.push(...pathStatements(input, versions, live, to));
  return { partition, from: live?.version ?? 0, to: to?.version ?? 0, statements };
}

/** The version to go to; null is the state before the first one, undefined that there is none. */
function chooseVersion(
  versions: readonly LoadRecord[],
  live: LoadRecord | null,
  request: RollbackRequest,
  partition: string | null,
): LoadRecord | null | undefined {
  const kept = versions.filter(({ state }) => state === "retained" || state === "rolled_back");
  if (request.to === undefined) {
    if (live === null) return undefined;
    const below = live.merge === null
      ? kept.filter(({ version }) => version < live.version).at(-1)
      : kept.find(({ version }) => version === live.basedOn);
    if (below !== undefined) return below;
    // A first merge can be taken back as well: what stood before is still there.
    return live.merge !== null && live.basedOn === null ? null : undefined;
  }
  if (request.to === 0 && live !== null) return null;
  const to = kept.find(({ version }) => version === request.to);
  if (to !== undefined) return to;
  const of = partition === null ? "" : ` of partition "${partition}"`;
  const choices = [...kept.map(({ version }) => version), ...(live === null ? [] : [0])];
  throw new SluiceError(
    "plan/unknown_version",
    (live?.version ?? 0) === request.to
      ? `Version ${request.to}${of} is live already`
      : `Version ${request.to}${of} is not kept`,
    { hint: `Versions that can be put back: ${choices.sort((a, b) => a - b).join(", ")}` },
  );
}

/**
 * From one version to another: merges are taken back down to what both have in common, and done
 * again from there; exchanged versions change places.
 */
function pathStatements(
  input: RollbackInput,
  versions: readonly LoadRecord[],
  live: LoadRecord | null,
  to: LoadRecord | null,
): Statement[] {
  const down = live === null ? [] : chainOf(versions, live);
  const up = to === null ? [] : chainOf(versions, to);
  const leaving = down.filter((load) => !up.includes(load));
  const entering = up.filter((load) => !down.includes(load)).reverse();
  const undone = leaving.filter(({ merge }) => merge !== null);
  const redone = entering.filter(({ merge }) => merge !== null);
  const out = leaving.find(({ merge }) => merge === null) ?? null;
  const into = entering.find(({ merge }) => merge === null) ?? null;
  const layout = layoutOf(input.spec);
  const partition = (live ?? to)!.partition;
  if (out !== null) requireUnreferenced(input);
  const exchanges = out !== null || into !== null;
  const target = requireStanding(input, versions, live ?? to!);
  if (exchanges) requirePartitioned(input, layout, (into ?? out)!);
  for (const load of redone) requireMergedInto(input, target, load);
  const outgoing = exchanges ? occupant(input, layout, partition) : null;
  const incoming = into === null ? null : keptTable(input, into, "version");
  if (into !== null) requireSameColumns(input, into);
  const kept = into === null ? NOTHING_TO_PRESERVE : preservation(input, outgoing, into);
  const moves = input.ledger.madeTarget && undone.length + redone.length > 0;
  return [
    ...(moves ? identifyTarget(input.catalog.table?.unidentified ?? []) : []),
    ...undone.flatMap((load) => mergeStatements(input, layout, load, "undo")),
    ...kept.stage,
    ...kept.constraints,
    ...kept.finish,
    ...kept.publish,
    ...(exchanges ? requireTarget(layout.target, target, "access exclusive") : []),
    ...(outgoing === null ? [] : requirePartition(layout.target, outgoing.now, outgoing.oid)),
    ...(incoming === null ? [] : [
      ...requireKeptTable(incoming.now, incoming.oid),
      recordTable(targetKeyOf(input.spec), incoming.now, "version"),
    ]),
    ...(!exchanges ? [] : exchangePartition({
      parent: layout.target,
      references: referencedTables(input.properties),
      bound: boundClause(input.spec, layout, partition),
      live: outgoing === null ? null : { ...outgoing.now, version: out?.version ?? 0 },
      next: into === null ? null : { ...tableOf(into), version: into.version },
    })),
    ...kept.attached,
    ...redone.flatMap((load) => mergeStatements(input, layout, load, "redo")),
  ];
}

/** What belongs to the partition that leaves, handed over to the version that comes back. */
function preservation(
  { spec, properties: parent }: RollbackInput,
  out: OwnedTable | null,
  into: LoadRecord,
): Preservation {
  const standing = parent?.leaves[into.table];
  if (parent === null || parent === undefined || standing === undefined) {
    return NOTHING_TO_PRESERVE;
  }
  const kept = preserve({
    parent,
    leaf: out === null ? null : parent.leaves[out.now.table] ?? null,
    standing,
    staging: tableOf(into),
    version: tableOf(into),
    indexesMadeBySluice: {},
    uniqueKey: [],
    identity: null,
  });
  requireKept(targetKeyOf(spec), into.partition, kept.refused);
  return kept;
}

/** Postgres lets no partition go that rows of other tables may refer to. */
function requireUnreferenced({ spec, catalog }: RollbackInput): void {
  const keys = catalog.table === null ? [] : foreignKeysTo(catalog.table);
  if (keys.length === 0) return;
  throw new SluiceError(
    "plan/referenced",
    `Versions of "${targetKeyOf(spec)}" cannot be exchanged while foreign keys point to it: ${
      keyNames(keys)
    }`,
    {
      hint: "Drop the keys, roll back, and create them again; or load the data that you want live",
    },
  );
}

function mergeStatements(
  input: RollbackInput,
  layout: Layout,
  load: LoadRecord,
  direction: "undo" | "redo",
): readonly Statement[] {
  const merge = mergeOf(input, layout, load);
  return [
    ...requireTarget(layout.target, input.catalog.table!.oid, "access share"),
    ...[merge.after, ...(merge.before ? [merge.beforeTable] : [])].flatMap((name) => {
      const table = standingTable(input.ledger, name, "version", "before")!;
      return requireKeptTable(table.now, table.oid);
    }),
    ...guardReferences(input, merge, direction),
    ...moveMerge(merge, direction),
  ];
}

function mergeOf(input: RollbackInput, layout: Layout, load: LoadRecord): Merge {
  const { spec, catalog, columns } = input;
  const { table, merge } = load;
  if (merge === null) throw new Error("A version that was not merged has no merge to move");
  keptTable(input, load, "version");
  if (merge.before) keptTable(input, load, "before");
  const after = namesOf(columns.get(table));
  const before = merge.before ? namesOf(columns.get(beforeTableOf(load).table)) : undefined;
  if (catalog.table === null || after === undefined) throw tableGone(spec, load);
  requireSameTypes(input, load, [table, ...(merge.before ? [beforeTableOf(load).table] : [])]);
  const writable = new Set(
    catalog.table.columns.filter(({ generated }) => !generated).map(({ name }) => name),
  );
  const loaded = after.filter((name) => writable.has(name));
  const lineage = new Set(LINEAGE_COLUMNS.map(({ name }) => name));
  return {
    ...merge,
    match: keyOf(merge.key, catalog.table.columns),
    target: layout.target,
    after: tableOf(load),
    beforeTable: beforeTableOf(load),
    columns: loaded,
    compared: loaded.filter((name) => !lineage.has(name) && !merge.key.includes(name)),
    // What changed hands since may be of any type.
    likeness: new Map(),
    restored: (before ?? []).filter((name) => writable.has(name)),
    scope: scopeCondition(spec, layout, load.partition),
    moment: momentOf(targetKeyOf(spec), load.partition, load.version),
    removesVanished: false,
  };
}

/** Rows that this would delete must not take rows of other tables with them. */
function guardReferences(
  { catalog }: RollbackInput,
  merge: Merge,
  direction: "undo" | "redo",
): Statement[] {
  if (direction === "redo" || catalog.table === null) return [];
  return catalog.table.incomingKeys
    .filter(({ onDelete, enforced }) => enforced && changesRows(onDelete))
    .filter(({ references }) => references.every((name) => merge.columns.includes(name)))
    .map(({ name, table, columns, references, self }) => {
      const { elsewhere } = keyOf(references, catalog.table!.columns);
      const same = columns.map((column, at) =>
        equal(
          `c.${quoteIdent(column)}`,
          `s.${quoteIdent(references[at])}`,
          elsewhere.has(references[at]),
        )
      ).join(" and ");
      const stays = merge.kind === "keyed" && merge.before
        ? ` and not exists (select from ${quoteTable(merge.beforeTable)} b where ${
          sameKey(merge.match, "b", "s")
        })`
        : "";
      // A row that refers to one of the same version goes with it anyway.
      const goesToo = self && merge.key.length > 0
        ? ` and not ${keyIn(merge.match, merge.after, "g", "c")}`
        : "";
      return {
        sql: `select to_jsonb(c) as example from ${quoteTable(table)} c
where exists (select from ${quoteTable(merge.after)} s where ${same}${stays})${goesToo} limit 5`,
        params: [],
        why: `Deleting rows would change rows of ${table.schema}.${table.table} (${
          quoteLiteral(name)
        })`,
        lock: null,
        expectNone: `Rows of "${table.schema}.${table.table}" refer to rows that would be deleted`,
      };
    });
}

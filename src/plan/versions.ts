import { beforeImageName } from "../core/names.ts";
import { quoteLiteral } from "../core/quote.ts";
import type { Ledger, LoadRecord } from "../ledger/ledger.ts";
import { dropVersionRow } from "./ledger_rows.ts";
import { dropOwned } from "./identity.ts";
import type { RetainedVersion, Statement, TableName } from "./load_plan.ts";

/** Versions by partition, looked up once for each ledger: there may be many of both. */
const BY_PARTITION = new WeakMap<
  readonly LoadRecord[],
  ReadonlyMap<string | null, readonly LoadRecord[]>
>();

/** The versions of one partition, the newest last. */
export function versionsOf(
  { loads }: Pick<Ledger, "loads">,
  partition: string | null,
): readonly LoadRecord[] {
  let versions = BY_PARTITION.get(loads);
  if (versions === undefined) {
    versions = Map.groupBy(loads, (load) => load.partition);
    BY_PARTITION.set(loads, versions);
  }
  return versions.get(partition) ?? [];
}

/** The table of a load: the content itself where it was exchanged, what it wrote where merged. */
export function tableOf({ schema, table }: LoadRecord): TableName {
  return { schema, table };
}

/** Where a merge keeps the rows it changed or removed, as they were. */
export function beforeTableOf({ schema, table }: LoadRecord): TableName {
  return { schema, table: beforeImageName(table) };
}

/**
 * A version and those below it, down to the exchanged version that holds its rows.
 *
 * The last one is exchanged, or was merged into what stood before Sluice.
 */
export function chainOf(
  versions: readonly LoadRecord[],
  load: LoadRecord,
): readonly LoadRecord[] {
  const chain = [load];
  if (load.merge === null) return chain;
  const byVersion = new Map(versions.map((each) => [each.version, each]));
  for (let at = load; at.merge !== null && at.basedOn !== null;) {
    const below = byVersion.get(at.basedOn);
    if (below === undefined) break;
    chain.push(below);
    at = below;
  }
  return chain;
}

/** The exchanged version that a version's rows lie in; null where there is none. */
export function rootOf(versions: readonly LoadRecord[], load: LoadRecord): LoadRecord | null {
  const last = chainOf(versions, load).at(-1)!;
  return last.merge === null ? last : null;
}

/** SQL: when a version was published. */
export function momentOf(targetKey: string, partition: string | null, version: number): string {
  return `(select published_at from sluice.loads where target = ${quoteLiteral(targetKey)}
  and coalesce(partition, '') = ${quoteLiteral(partition ?? "")} and version = ${version})`;
}

/** What retention depends on. */
export interface RetentionInput {
  readonly targetKey: string;
  readonly partition: string | null;
  /** Earlier versions to keep. */
  readonly keep: number;
  /** Every version there was, the one about to be published last. */
  readonly versions: readonly LoadRecord[];
  /** Whether a table of this name stands and is Sluice's to drop. */
  readonly isDroppable: (name: TableName) => boolean;
}

/**
 * What is dropped once the newest version is live. Pure.
 *
 * All but the newest `keep` of the earlier versions are dropped. Their tables go, but for one that
 * a kept version still lies in; and the tables of a kept merge go when nothing is left below it.
 */
export function retention(input: RetentionInput): readonly RetainedVersion[] {
  const { versions, keep } = input;
  const live = versions.at(-1)!;
  const earlier = versions.filter((load) => load !== live && load.state !== "dropped")
    .sort((a, b) => b.version - a.version);
  const kept = new Set([live, ...earlier.slice(0, keep)]);
  const roots = new Set([...kept].map((load) => rootOf(versions, load)));
  const useful = (load: LoadRecord): boolean => {
    if (load.merge === null) return kept.has(load) || roots.has(load);
    if (!kept.has(load) || keep === 0) return false;
    if (load.basedOn === null) return true;
    return [...kept].some(({ version }) => version === load.basedOn);
  };
  return [...versions].sort((a, b) => b.version - a.version).flatMap((load) => {
    const statements: Statement[] = [];
    if (earlier.includes(load) && !kept.has(load)) {
      statements.push(dropVersionRow(input.targetKey, input.partition, load.version));
    }
    if (!useful(load)) {
      const tables = [tableOf(load), ...(load.merge?.before ? [beforeTableOf(load)] : [])];
      statements.push(
        ...tables
          .filter((name) => load === live || input.isDroppable(name))
          .map((table) =>
            dropOwned(
              table,
              ["version", "before"],
              `target.versions keeps ${keep} earlier versions`,
            )
          ),
      );
    }
    if (statements.length === 0) return [];
    return [{ version: load.version, table: tableOf(load), statements }];
  });
}

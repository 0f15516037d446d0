import { SluiceError } from "../core/error.ts";
import type { NamedColumn } from "../db/catalog/catalog.ts";
import type { LoadRecord } from "../ledger/ledger.ts";
import type { OwnedTable } from "../ledger/tables.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { targetKeyOf } from "./target.ts";
import type { RollbackInput } from "./rollback_input.ts";
import { nameOf } from "./identity.ts";
import type { Layout } from "./layout.ts";
import { occupationOf } from "./occupant.ts";
import { isSame, standingTable } from "./owned.ts";
import { beforeTableOf, rootOf, tableOf } from "./versions.ts";

export function namesOf(
  columns: readonly NamedColumn[] | undefined,
): readonly string[] | undefined {
  return columns?.map(({ name }) => name);
}

/**
 * The OID of the target, which must be the one that the live version lies in.
 *
 * @throws SluiceError `plan/version_gone`
 */
export function requireStanding(
  { spec, catalog, ledger }: RollbackInput,
  versions: readonly LoadRecord[],
  load: LoadRecord,
): number {
  const name = targetKeyOf(spec);
  const { table } = catalog;
  if (table === null) {
    throw new SluiceError(
      "plan/version_gone",
      `"${name}" is gone, and no version can be put back`,
      {
        hint: "The next run creates it",
      },
    );
  }
  const merged = rootOf(versions, load) === null;
  if (load.state === "live" && merged && load.targetOid !== null && load.targetOid !== table.oid) {
    throw new SluiceError(
      "plan/version_gone",
      `"${name}" is not the table that version ${load.version} was loaded into${
        ledger.renamedTarget === null ? "" : `, which is "${ledger.renamedTarget}" now`
      }`,
      { hint: "Run the pipeline: it loads into the existing table" },
    );
  }
  return table.oid;
}

/**
 * Versions change places in a table that is partitioned as the pipeline partitions it.
 *
 * @throws SluiceError `plan/version_gone`
 */
export function requirePartitioned(
  { spec, catalog }: RollbackInput,
  layout: Layout,
  load: LoadRecord,
): void {
  const key = catalog.table?.partitionKey ?? null;
  if (key?.strategy === layout.strategy && key?.columns.join() === layout.partitionColumn) return;
  throw new SluiceError(
    "plan/version_gone",
    `Version ${load.version} cannot be put back: "${
      targetKeyOf(spec)
    }" is another table than the ` +
      `partitioned one that it was part of`,
    { hint: "Run the pipeline: it loads into the existing table" },
  );
}

/**
 * What was merged into one table is not merged again into another one of its name.
 *
 * @throws SluiceError `plan/version_gone`
 */
export function requireMergedInto(
  { spec }: RollbackInput,
  target: number,
  load: LoadRecord,
): void {
  if (load.targetOid === null || load.targetOid === target) return;
  throw new SluiceError(
    "plan/version_gone",
    `Version ${load.version} was loaded into another table than "${targetKeyOf(spec)}" is now`,
    { hint: "Run the pipeline: it loads into the existing table" },
  );
}

/**
 * Sluice's partition that leaves; null where nothing is there.
 *
 * @throws SluiceError `plan/partition_taken`
 */
export function occupant(
  input: RollbackInput,
  layout: Layout,
  partition: string | null,
): OwnedTable | null {
  const occupation = occupationOf({ ...input, layout }, partition);
  if (occupation.kind === "taken") {
    throw new SluiceError("plan/partition_taken", occupation.message, { hint: occupation.hint });
  }
  return occupation.kind === "ours" ? occupation.table : null;
}

/**
 * The table of a version that is put back: it stands alone, under the name it was given.
 *
 * @throws SluiceError `plan/version_gone`
 */
export function keptTable(
  { spec, ledger }: RollbackInput,
  load: LoadRecord,
  kind: "version" | "before",
): OwnedTable {
  const name = kind === "version" ? tableOf(load) : beforeTableOf(load);
  const table = standingTable(ledger, name, kind);
  if (table !== null && table.parent === null) return table;
  const elsewhere = ledger.tables.find((each) => each.kind === kind && isSame(each.made, name));
  if (elsewhere === undefined) throw tableGone(spec, load);
  const { now, parent } = elsewhere;
  throw new SluiceError(
    "plan/version_gone",
    `The table of version ${load.version} of "${targetKeyOf(spec)}" is ${
      parent === null ? `called "${nameOf(now)}" now` : `a partition of "${nameOf(parent)}" now`
    }`,
    {
      hint: `Restore it (detached, and named ${nameOf(name)}), or load again`,
    },
  );
}

/**
 * Postgres attaches only what has the very columns of the table.
 *
 * @throws SluiceError `plan/version_gone`
 */
export function requireSameColumns(
  { spec, catalog, columns }: RollbackInput,
  load: LoadRecord,
): void {
  const types = new Map(columns.get(load.table)?.map(({ name, type }) => [name, type]));
  const wanted = catalog.table?.columns ?? [];
  const differs = wanted.find(({ name, fullType }) => types.get(name) !== fullType)?.name ??
    [...types.keys()].find((name) => wanted.every((column) => column.name !== name));
  if (differs === undefined) return;
  throw new SluiceError(
    "plan/version_gone",
    `Version ${load.version} of "${
      targetKeyOf(spec)
    }" cannot be put back: its column "${differs}" differs from the table's`,
    { hint: `Compare ${nameOf(tableOf(load))} with ${targetKeyOf(spec)}, or load again` },
  );
}

/**
 * Refuses to move a merge whose tables have other types than the target by now.
 *
 * @throws SluiceError `plan/version_gone`
 */
export function requireSameTypes(
  { spec, catalog, columns }: RollbackInput,
  load: LoadRecord,
  names: readonly string[],
): void {
  const wanted = new Map(catalog.table?.columns.map(({ name, fullType }) => [name, fullType]));
  for (const name of names) {
    const table = columns.get(name) ?? [];
    const differs = table.find((column) =>
      wanted.has(column.name) && wanted.get(column.name) !== column.type
    );
    if (differs === undefined) continue;
    throw new SluiceError(
      "plan/version_gone",
      `Version ${load.version} of "${
        targetKeyOf(spec)
      }" cannot be moved: its column "${differs.name}" was ${differs.type}, and is ${
        wanted.get(differs.name)
      } in the table now`,
      { hint: "Alter the table's column back, roll back, and alter it again; or load again" },
    );
  }
}

export function tableGone(spec: PipelineSpec, load: LoadRecord): SluiceError {
  return new SluiceError(
    "plan/version_gone",
    `The rows that version ${load.version} of "${targetKeyOf(spec)}" replaced are no longer kept`,
    { hint: "Its tables were dropped: raise target.versions to keep more of them" },
  );
}

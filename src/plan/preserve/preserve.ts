import { childIndexName } from "../../core/names.ts";
import type { TableProperties } from "../../db/catalog/table_properties.ts";
import type { Statement, TableName } from "../load_plan.ts";
import { belongings } from "./belongings.ts";
import type { PreserveInput } from "./input.ts";
import { indexWork, type TrialIndex } from "./index_work.ts";
import { keyWork } from "./key_work.ts";
import { likeParent, modelOf } from "./like_parent.ts";
import { refusals } from "./refusals.ts";
import { settings } from "./table_settings.ts";
import type { TargetIndex } from "../setup.ts";

/** How a table comes to have all that belongs to the partition whose place it takes. */
export interface Preservation {
  /** What would be lost all the same. */
  readonly refused: readonly string[];
  /** While it is empty. */
  readonly stage: readonly Statement[];
  /** What rows can break: made beforehand where those that do are looked for. */
  readonly constraints: readonly Statement[];
  /** Indexes of `finish`: made beforehand as well where rows that break something are looked for. */
  readonly trials: readonly TrialIndex[];
  /** When its rows are in. */
  readonly finish: readonly Statement[];
  /** In the publishing transaction, before the exchange; all of it touches the catalog only. */
  readonly publish: readonly Statement[];
  /** In the publishing transaction, after the exchange. */
  readonly attached: readonly Statement[];
}

/**
 * Plans what carries everything that belongs to a partition over to the table that replaces it, and
 * builds beforehand what ATTACH would build under its lock. Pure.
 */
export function preserve(input: PreserveInput): Preservation {
  const { parent, leaf, standing, staging, version, identity } = input;
  const has = standing ?? likeParent(parent, identity);
  const wanted = leaf ?? standing ?? modelOf(parent, identity);
  const indexes = indexWork(input);
  const keys = keyWork(parent, wanted, has, staging);
  const table = settings(parent, wanted, has, staging, standing === null);
  const things = belongings(parent, wanted, has, version);
  return {
    refused: refusals(parent, leaf),
    stage: table.stage,
    constraints: [...keys.drop, ...keys.notNull, ...indexes.unique, ...keys.add],
    trials: indexes.trials,
    finish: [...indexes.other, ...table.finish],
    publish: things.publish,
    attached: things.attached,
  };
}

/** The same for a staging table that `stageStatements` makes and `finishStatements` finishes. */
export function preserveStaging(
  { parent, replaced, staging, version, indexes, uniqueKey, identity }:
    & Pick<PreserveInput, "staging" | "version" | "uniqueKey" | "identity">
    & {
      /** Null where the target is not there yet. */
      readonly parent: TableProperties | null;
      readonly replaced: TableName | null;
      readonly indexes: readonly TargetIndex[];
    },
): Preservation {
  if (parent === null) return NOTHING_TO_PRESERVE;
  const declared = indexes.filter(({ unique }) => !unique);
  return preserve({
    parent,
    leaf: replaced === null ? null : parent.leaves[replaced.table] ?? null,
    standing: null,
    staging,
    version,
    uniqueKey,
    identity,
    indexesMadeBySluice: Object.fromEntries(indexes.map((index) => [
      index.name,
      childIndexName(staging.table, index.unique ? "key" : declared.indexOf(index) + 1),
    ])),
  });
}

/** Tables that the target's foreign keys point to. */
export function referencedTables(parent: TableProperties | null | undefined): readonly TableName[] {
  return parent?.own.constraints.flatMap(({ references }) => references ?? []) ?? [];
}

/** Nothing to carry: the table is not there yet. */
export const NOTHING_TO_PRESERVE: Preservation = {
  refused: [],
  stage: [],
  constraints: [],
  trials: [],
  finish: [],
  publish: [],
  attached: [],
};

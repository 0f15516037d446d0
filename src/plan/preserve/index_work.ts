import { quoteIdent, quoteTable } from "../../core/quote.ts";
import type { IndexProperties } from "../../db/catalog/table_properties.ts";
import type { Statement, TableName } from "../load_plan.ts";
import type { PreserveInput } from "./input.ts";
import { change, commentOn, freeNames, optionChanges, optionList, same } from "./change.ts";

/** An index that is built when the rows are in, and that a value of them may be too long for. */
export interface TrialIndex {
  /** What follows `create index NAME on TABLE`. */
  readonly definition: string;
  /** The condition after WHERE; null: all rows are in it. */
  readonly where: string | null;
}

/** An index the table must have, and where its own settings come from. */
interface Wish {
  readonly index: IndexProperties;
  readonly settings: IndexProperties;
  /** Null where it must be built. */
  readonly standing: { readonly name: string; readonly index: IndexProperties } | null;
}

/**
 * Builds what the parent would build at ATTACH, and what only the partition has.
 *
 * A name is the schema's: each version's index has one of its own.
 */
export function indexWork(
  input: PreserveInput,
): {
  readonly unique: readonly Statement[];
  readonly other: readonly Statement[];
  readonly trials: readonly TrialIndex[];
} {
  const { staging, standing, parent: { newTablespace } } = input;
  const nextName = freeNames(staging.table, "p", [
    ...(standing?.indexes ?? []).map(({ name }) => name),
    ...Object.values(input.indexesMadeBySluice),
  ]);
  const unique: Statement[] = [];
  const other: Statement[] = [];
  const trials: TrialIndex[] = [];
  const { wishes, beyond } = compare(input);
  for (const wish of wishes) {
    const { index, settings } = wish;
    const name = wish.standing?.name ?? nextName();
    const builds = wish.standing === null
      ? build(index, settings, staging, name, newTablespace)
      : [];
    const breaks = mayBreak(index, input.uniqueKey);
    (breaks ? unique : other).push(...builds);
    if (!breaks && wish.standing === null && index.definition !== null) {
      trials.push({ definition: index.definition, where: index.where });
    }
    other.push(...adjust(wish, staging, name, newTablespace));
  }
  return { unique: [...beyond.map((index) => drop(index, staging)), ...unique], other, trials };
}

/** Whether rows can break it: rows whose keys differ cannot break what holds the whole key. */
function mayBreak(index: IndexProperties, uniqueKey: readonly string[]): boolean {
  if (!index.unique) return index.constraint !== null;
  return uniqueKey.length === 0 || !uniqueKey.every((name) => index.columns.includes(name));
}

function compare({ parent, leaf, standing, indexesMadeBySluice }: PreserveInput): {
  readonly wishes: readonly Wish[];
  /** What the table has, and neither the parent nor the partition. */
  readonly beyond: readonly IndexProperties[];
} {
  const free = [...standing?.indexes ?? []];
  const take = (index: IndexProperties): Wish["standing"] => {
    const at = free.findIndex((other) => other.valid && alike(other, index));
    if (at < 0) return null;
    const [found] = free.splice(at, 1);
    return { name: found.name, index: found };
  };
  const replaced = parent.own.indexes.filter(builtAnew).flatMap((index) =>
    take(index)?.index ?? []
  );
  const ofParent = parent.own.indexes.filter((index) => !builtAnew(index)).map((index) => {
    const made = indexesMadeBySluice[index.name];
    const standing = made === undefined
      ? take(index)
      : { name: made, index: bare(index, parent.newTablespace) };
    const settings = leaf?.indexes.find(({ parent }) => parent === index.name) ??
      (made === undefined ? standing?.index : undefined) ??
      withoutComments(index);
    return { index, settings, standing };
  });
  const ofLeaf = (leaf?.indexes ?? [])
    .filter(({ parent, valid }) => parent === null && valid)
    .map((index) => ({ index, settings: index, standing: take(index) }));
  return {
    // ATTACH gives each index of the parent, the oldest first, the oldest like it that is free. Only a
    // constraint asks for one with a constraint: an index without one must not find that one first.
    wishes: [...ofParent, ...ofLeaf].sort((a, b) =>
      Number(a.index.constraint !== null) - Number(b.index.constraint !== null)
    ),
    beyond: leaf === null ? replaced : [...replaced, ...free],
  };
}

/** Exclusion constraints of the table: ATTACH adopts none, but builds its own beside it. */
function builtAnew({ constraint }: IndexProperties): boolean {
  return constraint?.definition.startsWith("EXCLUDE ") ?? false;
}

/** A comment of the parent's index is on the parent's index. */
function withoutComments(index: IndexProperties): IndexProperties {
  const constraint = index.constraint === null ? null : { ...index.constraint, comment: null };
  return { ...index, comment: null, constraint };
}

function alike(a: IndexProperties, b: IndexProperties): boolean {
  return a.unique === b.unique && a.definition === b.definition && a.where === b.where &&
    same(a.constraint?.definition, b.constraint?.definition);
}

/** As it is right after it was made. */
function bare(index: IndexProperties, tablespace: string): IndexProperties {
  return {
    ...withoutComments(index),
    options: [],
    tablespace,
    clustered: false,
    replicaIdentity: false,
    statistics: [],
  };
}

function drop({ name, constraint }: IndexProperties, table: TableName): Statement {
  return change(
    constraint === null
      ? `drop index ${quoteIdent(table.schema)}.${quoteIdent(name)}`
      : `alter table ${quoteTable(table)} drop constraint ${quoteIdent(constraint.name)}`,
    "Neither the table nor its partition has it any more",
  );
}

/**
 * Makes an index, or the constraint behind it.
 *
 * @param only not on its partitions
 */
export function build(
  index: IndexProperties,
  settings: IndexProperties,
  table: TableName,
  name: string,
  newTablespace: string,
  only = false,
): Statement[] {
  const on = `${only ? "only " : ""}${quoteTable(table)}`;
  if (index.constraint !== null) {
    return [change(
      `alter table ${on} add constraint ${quoteIdent(name)} ${index.constraint.definition}`,
      `As constraint "${index.constraint.name}" has it`,
    )];
  }
  const options = settings.options.length === 0 ? "" : ` with ${optionList(settings.options)}`;
  const space = settings.tablespace === null || settings.tablespace === newTablespace
    ? ""
    : ` tablespace ${quoteIdent(settings.tablespace)}`;
  const where = index.where === null ? "" : ` where ${index.where}`;
  return [change(
    `create ${index.unique ? "unique " : ""}index ${quoteIdent(name)}
  on ${on} ${index.definition}${options}${space}${where}`,
    `As index "${index.name}" has it, built before anybody waits for it`,
  )];
}

function adjust(
  { index, settings, standing }: Wish,
  table: TableName,
  name: string,
  newTablespace: string,
): Statement[] {
  const quoted = `${quoteIdent(table.schema)}.${quoteIdent(name)}`;
  const built = index.constraint === null
    ? { ...bare(index, newTablespace), options: settings.options, tablespace: settings.tablespace }
    : bare(index, newTablespace);
  const has = standing?.index ?? built;
  const changes = optionChanges(settings.options, has.options);
  if (settings.tablespace !== null && settings.tablespace !== has.tablespace) {
    changes.push(`set tablespace ${quoteIdent(settings.tablespace)}`);
  }
  for (const { position, target } of settings.statistics) {
    if (has.statistics.some((other) => other.position === position && other.target === target)) {
      continue;
    }
    changes.push(`alter column ${position} set statistics ${target}`);
  }
  const statements = changes.map((each) =>
    change(`alter index ${quoted} ${each}`, `As index "${settings.name}" is set`)
  );
  if (settings.clustered && !has.clustered) {
    statements.push(change(
      `alter table ${quoteTable(table)} cluster on ${quoteIdent(name)}`,
      "CLUSTER orders the partition by it",
    ));
  }
  if (settings.replicaIdentity && !has.replicaIdentity) {
    statements.push(change(
      `alter table ${quoteTable(table)} replica identity using index ${quoteIdent(name)}`,
      "Replication identifies rows by it",
    ));
  }
  return [
    ...statements,
    ...commentOn(`index ${quoted}`, settings.comment, has.comment),
    ...(index.constraint === null ? [] : commentOn(
      `constraint ${quoteIdent(name)} on ${quoteTable(table)}`,
      settings.constraint?.comment ?? null,
      has.constraint?.comment ?? null,
    )),
  ];
}

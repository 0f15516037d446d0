import { createHash } from "node:crypto";
import { nextName } from "../core/names.ts";
import { quoteIdent, quoteLiteral, quoteTable } from "../core/quote.ts";
import type { TableInfo } from "../db/catalog/catalog.ts";
import type { Dependents } from "../db/dependents.ts";
import type { IndexProperties, TableProperties } from "../db/catalog/table_properties.ts";
import { addToPublication } from "./column_users.ts";
import type { Layout } from "./layout.ts";
import type { Statement, TableName } from "./load_plan.ts";
import { belongings } from "./preserve/belongings.ts";
import { change, commentOn } from "./preserve/change.ts";
import { build } from "./preserve/index_work.ts";
import { likeParent } from "./preserve/like_parent.ts";
import { settings } from "./preserve/table_settings.ts";

/** What the rebuild of a partitioned table depends on. */
export interface RebuildInput {
  readonly layout: Layout;
  readonly table: TableInfo;
  readonly parent: TableProperties;
  readonly dependents: Dependents;
  /** What it is made anew for: `alter column "id" type bigint using "id"::bigint`. */
  readonly alter: readonly { readonly column: string; readonly action: string }[];
  /** Names of the schema that may be those of helpers, and are taken. */
  readonly taken: readonly string[];
  /** Tables kept for rollback. */
  readonly kept: readonly TableName[];
  readonly why: string;
}

/**
 * Changes the type of the column that a table is partitioned by, which ALTER TABLE refuses:
 * rebuilds the parent around the same partitions, with everything on it, in the one transaction of
 * the setup.
 *
 * Nothing is dropped with CASCADE: what could not be carried over makes Postgres refuse, and then
 * nothing has happened. Views are the caller's.
 */
export function rebuildParent(input: RebuildInput): Statement[] {
  const { layout, table, parent, dependents, alter, kept, taken, why } = input;
  const { own } = parent;
  const { target } = layout;
  const quoted = quoteTable(target);
  const old = aside(target, "old", taken);
  const shape = aside(target, "shape", taken);
  const leaves = table.partitions.map(({ name }) => name);
  const made = "As on the table before";
  const on = (action: string) => change(`alter table ${quoted} ${action}`, made);
  const foreign = own.constraints.filter(({ type, inherited }) =>
    type === "foreign key" && !inherited
  );
  const unproven = own.constraints.filter(({ type, valid }) => type === "check" && !valid);
  const wanted = { ...own, statistics: [], publications: [], replicaIdentity: "default" as const };
  const has = { ...likeParent(parent, null), accessMethod: own.accessMethod };
  const things = belongings(parent, wanted, has, target);
  return [
    change(
      `lock table ${quoted} in access exclusive mode`,
      `${why}. Postgres changes no column that a table is partitioned by: the table is rebuilt around its partitions, with everything on it`,
      `ACCESS EXCLUSIVE on ${target.schema}.${target.table}, while every row is rewritten`,
    ),
    ...dependents.incomingKeys.map((key) =>
      change(
        `alter table ${quoteTable(key.table)} drop constraint ${quoteIdent(key.name)}`,
        "It refers to the table: created again below",
      )
    ),
    ...leaves.map((leaf) =>
      change(`alter table ${quoted} detach partition ${quoteTable(leaf)}`, "It keeps its rows")
    ),
    ...leaves.flatMap((leaf) =>
      alter.map(({ action }) => change(`alter table ${quoteTable(leaf)} ${action}`, why))
    ),
    ...kept.flatMap((each) =>
      alter.map(({ column, action }) =>
        change(
          alterKept(each, column, action),
          "A version kept for rollback must have the same columns",
        )
      )
    ),
    change(
      `create table ${
        quoteTable(shape)
      } (like ${quoted} including all excluding indexes excluding statistics)`,
      "The rebuilt table",
    ),
    ...alter.map(({ action }) => change(`alter table ${quoteTable(shape)} ${action}`, why)),
    ...own.indexes.map(({ name, constraint }) =>
      change(
        constraint === null
          ? `drop index ${quoteTable({ schema: target.schema, table: name })}`
          : `alter table ${quoted} drop constraint ${quoteIdent(constraint.name)}`,
        "Its name goes to the rebuilt table",
      )
    ),
    ...own.statistics.map(({ name }) =>
      change(`drop statistics ${quoteTable(name)}`, "Its name goes to the rebuilt table")
    ),
    change(`alter table ${quoted} rename to ${quoteIdent(old.table)}`, "Makes room"),
    change(
      `create table ${quoted} (like ${quoteTable(shape)} including all)
  partition by ${layout.strategy} (${quoteIdent(layout.partitionColumn ?? "")})`,
      made,
    ),
    change(`drop table ${quoteTable(shape)}`, "It is no longer needed"),
    ...own.columns.filter(({ sequence, default: value }) => sequence !== null && value === null)
      .map(({ name, sequence }) =>
        change(
          `select setval(pg_get_serial_sequence($1, $2), last_value, is_called) from ${sequence}`,
          "Numbers go on where they were",
          null,
          [quoted, name],
        )
      ),
    ...unproven.flatMap(({ name, definition }) => [
      on(`drop constraint ${quoteIdent(name)}`),
      on(`add constraint ${quoteIdent(name)} ${definition}`),
    ]),
    ...settings(parent, wanted, has, target, false).stage,
    ...table.partitions.map(({ name, bound }) =>
      change(
        `alter table ${quoted} attach partition ${quoteTable(name)} ${bound}`,
        "The same rows as before",
      )
    ),
    ...constraintsFirst(own.indexes).flatMap((index) => [
      ...rebuildIndex(index, parent, leaves, target),
      ...commentOn(
        `index ${quoteTable({ schema: target.schema, table: index.name })}`,
        index.comment,
        null,
      ),
      ...(index.constraint === null ? [] : commentOn(
        `constraint ${quoteIdent(index.constraint.name)} on ${quoted}`,
        index.constraint.comment,
        null,
      )),
    ]),
    ...foreign.flatMap(({ name, definition, comment }) => [
      on(`add constraint ${quoteIdent(name)} ${definition}`),
      ...commentOn(`constraint ${quoteIdent(name)} on ${quoted}`, comment, null),
    ]),
    ...own.statistics.flatMap(({ name, kinds, columns, target: level, comment }) => [
      change(
        `create statistics ${quoteTable(name)}${
          kinds.length === 0 ? "" : ` (${kinds.join(", ")})`
        } on ${columns} from ${quoted}`,
        made,
      ),
      ...(level === null
        ? []
        : [change(`alter statistics ${quoteTable(name)} set statistics ${level}`, made)]),
      ...commentOn(`statistics ${quoteTable(name)}`, comment, null),
    ]),
    ...identity(parent, quoted),
    ...dependents.rules.flatMap(({ statements }) => statements.map((sql) => change(sql, made))),
    ...own.publications.map((member) => addToPublication(member, quoted, made)),
    ...things.publish,
    change(
      `drop table ${quoteTable(old)}`,
      "Empty now; refused where something still depends on it",
    ),
    ...dependents.incomingKeys.flatMap(({ name, table: other, definition, comment }) => [
      change(
        `alter table ${quoteTable(other)} add constraint ${quoteIdent(name)} ${definition}`,
        "As it was",
      ),
      ...commentOn(`constraint ${quoteIdent(name)} on ${quoteTable(other)}`, comment, null),
    ]),
  ];
}

/**
 * ATTACH later gives each index of the parent, the oldest first, the first one like it of the new
 * partition. What has no constraint would take what a constraint needs.
 */
function constraintsFirst(indexes: readonly IndexProperties[]): readonly IndexProperties[] {
  return indexes.toSorted((a, b) => Number(a.constraint === null) - Number(b.constraint === null));
}

/**
 * Makes an index of the parent of those that the partitions have for it. Postgres, which looks for
 * any that is like it, might take the one that a primary key needs.
 */
function rebuildIndex(
  index: IndexProperties,
  parent: TableProperties,
  leaves: readonly TableName[],
  target: TableName,
): Statement[] {
  const parts = leaves.flatMap(({ schema, table }) => {
    const leaf = parent.leaves[table];
    if (leaf?.name.schema !== schema) return [];
    const part = leaf.indexes.find(({ parent }) => parent === index.name);
    return part === undefined ? [] : [{ schema, table: part.name }];
  });
  const complete = parts.length === leaves.length;
  const made = build(index, index, target, index.name, parent.newTablespace, complete);
  if (!complete) return made;
  const name = quoteTable({ schema: target.schema, table: index.name });
  return [
    ...made,
    ...parts.map((part) =>
      change(`alter index ${name} attach partition ${quoteTable(part)}`, "The partition's own")
    ),
  ];
}

/** Alters a column of a version kept for rollback, which may lack what the target got since. */
export function alterKept(table: TableName, column: string, action: string): string {
  const quoted = quoteTable(table);
  const body = `begin
  if exists (
    select from pg_catalog.pg_attribute
    where attrelid = ${quoteLiteral(quoted)}::pg_catalog.regclass
      and attname = ${quoteLiteral(column)} and not attisdropped
  ) then
    alter table ${quoted} ${action};
  end if;
end`;
  return `do ${quoteLiteral(body)}`;
}

/** The objects that cannot be carried over to a rebuilt table; empty where all can. */
export function rebuildRefusals({ own, role }: TableProperties): string[] {
  return [
    ...own.labels.map((provider) => `security label of "${provider}"`),
    ...(own.owner === role || own.ownable ? [] : [`owner "${own.owner}"`]),
    ...own.indexes.filter(({ definition, constraint }) =>
      definition === null && constraint === null
    )
      .map(({ name }) => `index "${name}" (its definition is unreadable)`),
    ...own.triggers.filter(({ inherited, tail }) => !inherited && tail === null)
      .map(({ name }) => `trigger "${name}" (its definition is unreadable)`),
    ...own.publications.filter(({ changeable }) => !changeable)
      .map(({ name }) => `publication "${name}" ("${role}" does not own it)`),
    ...own.constraints.filter(({ references }) =>
      references?.schema === own.name.schema && references.table === own.name.table
    ).map(({ name }) => `foreign key "${name}" (it points to the table itself)`),
  ];
}

function identity({ own }: TableProperties, quoted: string): Statement[] {
  const index = own.indexes.find(({ replicaIdentity }) => replicaIdentity);
  if (own.replicaIdentity === "default") return [];
  return [change(
    `alter table ${quoted} replica identity ${
      own.replicaIdentity === "index" && index !== undefined
        ? `using index ${quoteIdent(index.name)}`
        : own.replicaIdentity
    }`,
    "Replication identifies rows by it",
  )];
}

/** What the names of tables begin with that stand only while a table is rebuilt. */
export const ASIDE = "sluice_";

/** A name in the same schema that nobody else has. */
function aside({ schema, table }: TableName, what: string, taken: readonly string[]): TableName {
  const hash = createHash("sha256").update(table).digest("hex").slice(0, 12);
  const name = `${ASIDE}${what}_${hash}`;
  for (let n = 0;; n++) {
    const candidate = n === 0 ? name : nextName(`${name}_`, n);
    if (!taken.includes(candidate)) return { schema, table: candidate };
  }
}

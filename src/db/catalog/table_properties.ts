import type { QualifiedName } from "../../core/quote.ts";
import type { Queryable } from "../database.ts";
import { BELONGINGS, type Belongings, propertiesQuery } from "./properties_query.ts";

/** What belongs to a table and to its partitions, beyond rows: whatever an exchange could lose. */
export interface TableProperties {
  readonly serverVersion: number;
  /** Who is asking: tables made now belong to it. */
  readonly role: string;
  /** What a table made now by this role in this schema would grant. */
  readonly newGrants: readonly Grant[];
  /** `heap`, unless the database says otherwise. */
  readonly newAccessMethod: string;
  /** Where a table or index made now lies: `default_tablespace`, or the database's own. */
  readonly newTablespace: string;
  readonly own: LeafProperties;
  /** All partitions, or the tables asked for, by name. */
  readonly leaves: Readonly<Record<string, LeafProperties>>;
}

/** What belongs to one table. */
export interface LeafProperties {
  readonly name: QualifiedName;
  readonly owner: string;
  /** The role that asks can give tables to the owner. */
  readonly ownable: boolean;
  readonly grants: readonly Grant[];
  readonly comment: string | null;
  readonly unlogged: boolean;
  readonly rowSecurity: boolean;
  readonly forcedRowSecurity: boolean;
  /** `fillfactor=70`; those of its TOAST table begin with `toast.`. */
  readonly options: readonly string[];
  /** Null: partitioned, and its partitions lie where the session says. */
  readonly tablespace: string | null;
  readonly accessMethod: string | null;
  /** `index` names none: the index says so. */
  readonly replicaIdentity: "default" | "nothing" | "full" | "index";
  readonly columns: readonly ColumnProperties[];
  /** The oldest first. */
  readonly indexes: readonly IndexProperties[];
  /** CHECK and FOREIGN KEY. */
  readonly constraints: readonly ConstraintProperties[];
  readonly statistics: readonly StatisticsProperties[];
  readonly policies: readonly PolicyProperties[];
  readonly triggers: readonly TriggerProperties[];
  readonly publications: readonly PublicationMember[];
  /** Sequences that go when a column goes. */
  readonly sequences: readonly { readonly name: QualifiedName; readonly column: string }[];
  /** Names of rules. */
  readonly rules: readonly string[];
  /** Providers of security labels. */
  readonly labels: readonly string[];
  /** Whatever refers to this very table, as Postgres describes it: `view public.recent`. */
  readonly dependents: readonly string[];
}

export interface Grant {
  /** Null: everybody. */
  readonly grantee: string | null;
  readonly privilege: string;
  /** Null: the whole table. */
  readonly column: string | null;
  readonly grantable: boolean;
}

export interface ColumnProperties {
  readonly name: string;
  readonly notNull: boolean;
  /** Name of the NOT NULL constraint; null before Postgres 18, where it has none. */
  readonly notNullName: string | null;
  /** SQL; null where there is none, or where the column is computed. */
  readonly default: string | null;
  readonly identity: boolean;
  /** The sequence of an identity, quoted. */
  readonly sequence: string | null;
  /** Null: the server's default. */
  readonly statistics: number | null;
  readonly storage: "plain" | "external" | "extended" | "main";
  readonly compression: "default" | "pglz" | "lz4";
  /** `n_distinct=5`. */
  readonly options: readonly string[];
  readonly comment: string | null;
}

export interface IndexProperties {
  readonly name: string;
  /** The index of the parent that this one is a part of. */
  readonly parent: string | null;
  readonly unique: boolean;
  /** Columns of the key that are no expressions. */
  readonly columns: readonly string[];
  readonly valid: boolean;
  /** What follows the table's name, up to WITH: `USING btree (id)`; null where it cannot be told. */
  readonly definition: string | null;
  readonly where: string | null;
  readonly options: readonly string[];
  /** Null: partitioned, as with tables. */
  readonly tablespace: string | null;
  /** Null where no constraint is behind it. */
  readonly constraint: {
    readonly name: string;
    readonly definition: string;
    readonly comment: string | null;
  } | null;
  readonly clustered: boolean;
  readonly replicaIdentity: boolean;
  readonly comment: string | null;
  /** Statistics targets of expressions, by position from 1. */
  readonly statistics: readonly { readonly position: number; readonly target: number }[];
}

export interface ConstraintProperties {
  readonly name: string;
  readonly type: "check" | "foreign key";
  readonly definition: string;
  readonly valid: boolean;
  /** It comes from the parent. */
  readonly inherited: boolean;
  /** The table a foreign key points to. */
  readonly references: QualifiedName | null;
  readonly comment: string | null;
}

export interface StatisticsProperties {
  readonly name: QualifiedName;
  /** `ndistinct`, `dependencies`, `mcv`; none for a lone expression. */
  readonly kinds: readonly string[];
  /** What follows ON. */
  readonly columns: string;
  readonly target: number | null;
  readonly comment: string | null;
}

export interface PolicyProperties {
  readonly name: string;
  readonly permissive: boolean;
  readonly command: "all" | "select" | "insert" | "update" | "delete";
  /** Null: everybody. */
  readonly roles: readonly string[] | null;
  readonly using: string | null;
  readonly check: string | null;
  readonly comment: string | null;
}

export interface TriggerProperties {
  readonly name: string;
  /** It comes from the parent. */
  readonly inherited: boolean;
  /** What stands before and after ON with the table's name; null where it cannot be told. */
  readonly head: string | null;
  readonly tail: string | null;
  readonly enabled: "origin" | "disabled" | "replica" | "always";
  readonly comment: string | null;
}

export interface PublicationMember {
  readonly name: string;
  /** The role that asks can change it. */
  readonly changeable: boolean;
  /** Null: all of them. */
  readonly columns: readonly string[] | null;
  readonly where: string | null;
}

/**
 * Reads what belongs to a table and to its partitions, in two round trips.
 *
 * @param names tables of its schema that are read in place of all partitions, attached or not; each
 *   costs about a millisecond
 * @returns null where there is no such table
 */
export async function readTableProperties(
  db: Queryable,
  parent: QualifiedName,
  names: readonly string[] | null = null,
): Promise<TableProperties | null> {
  const params = [parent.schema, parent.table, names === null ? null : JSON.stringify(names)];
  const [belongings] = await db.query<Belongings>(BELONGINGS, params);
  const [{ properties }] = await db.query<{
    properties:
      | Omit<TableProperties, "own" | "leaves"> & {
        readonly relations: readonly (LeafProperties & { readonly own: boolean })[];
      }
      | null;
  }>(propertiesQuery(belongings), params);
  if (properties === null) return null;
  const { relations, ...rest } = properties;
  const leaves: Record<string, LeafProperties> = {};
  let own: LeafProperties | null = null;
  for (const { own: isOwn, ...relation } of relations) {
    if (isOwn) own = relation;
    else leaves[relation.name.table] = relation;
  }
  if (own === null) throw new Error("The table is not among what was read of it");
  return { ...rest, own, leaves };
}

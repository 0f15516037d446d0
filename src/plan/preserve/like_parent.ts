import type { LeafProperties, TableProperties } from "../../db/catalog/table_properties.ts";
import type { StagingIdentity } from "../replica_identity.ts";

/** The CHECK that spares ATTACH a scan; each version has its own. */
export const BOUNDS_CHECK = "sluice_partition";

/** What a staging table has when it was just made in the likeness of the parent. */
export function likeParent(
  { own, role, newGrants, newAccessMethod, newTablespace }: TableProperties,
  identity: StagingIdentity,
): LeafProperties {
  return {
    name: own.name,
    owner: role,
    ownable: true,
    grants: newGrants,
    comment: null,
    unlogged: false,
    rowSecurity: false,
    forcedRowSecurity: false,
    options: [],
    tablespace: newTablespace,
    accessMethod: newAccessMethod,
    replicaIdentity: identity ?? "default",
    columns: own.columns.map((column) => ({
      ...column,
      identity: false,
      sequence: null,
      statistics: null,
      options: [],
    })),
    indexes: [],
    constraints: own.constraints.filter(({ type }) => type === "check"),
    statistics: [],
    policies: [],
    triggers: [],
    publications: [],
    sequences: [],
    rules: [],
    labels: [],
    dependents: [],
  };
}

/** What a partition without predecessor gets: the parent's settings, as far as they are for rows. */
export function modelOf(parent: TableProperties, identity: StagingIdentity): LeafProperties {
  const { own } = parent;
  const like = likeParent(parent, identity);
  const keyed = own.indexes.some(({ constraint }) =>
    constraint?.definition.startsWith("PRIMARY KEY") ?? false
  );
  // Where rows are published and nothing else tells them apart, the whole row does.
  const whole = identity === "full" && own.replicaIdentity === "default" && !keyed;
  return {
    ...like,
    tablespace: own.tablespace ?? like.tablespace,
    accessMethod: own.accessMethod ?? like.accessMethod,
    replicaIdentity: whole ? "full" : own.replicaIdentity,
    columns: own.columns.map((column) => ({ ...column, identity: false, sequence: null })),
    constraints: own.constraints.filter(({ type }) => type === "check")
      .map((constraint) => ({ ...constraint, inherited: true })),
    statistics: own.statistics,
  };
}

import type { LeafProperties, TableProperties } from "../../db/catalog/table_properties.ts";
import type { TableName } from "../load_plan.ts";
import type { StagingIdentity } from "../replica_identity.ts";

/** What a table must get before it takes the place of a partition. */
export interface PreserveInput {
  readonly parent: TableProperties;
  /** The partition whose place it takes; null where there is none. */
  readonly leaf: LeafProperties | null;
  /** What the table has already; null: it will be made as staging is. */
  readonly standing: LeafProperties | null;
  /** Its name while it is loaded and finished. */
  readonly staging: TableName;
  /** Its name when it is published. */
  readonly version: TableName;
  /** Indexes of the parent that staging gets without us, and their names on it. */
  readonly indexesMadeBySluice: Readonly<Record<string, string>>;
  /** No two rows of a finished staging table are alike in these; empty: that may be. */
  readonly uniqueKey: readonly string[];
  /** How staging tells its rows apart already. */
  readonly identity: StagingIdentity;
}

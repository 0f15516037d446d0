/** What a plan was made from, as far as somebody who approves it relies on it. */
export interface PlanBasis {
  /** The keys of the pipeline file that a load obeys, with their values. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** Null: it did not stand. */
  readonly target: TargetBasis | null;
  /** By name; `WHOLE` is the one of a table that has none. */
  readonly partitions: Readonly<Record<string, PartitionBasis>>;
}

/** The target as it stood. */
export interface TargetBasis {
  readonly oid: number;
  readonly kind: string;
  readonly key: string | null;
  /** By name: the type, and what else it says. */
  readonly columns: Readonly<Record<string, string>>;
  /** By name. */
  readonly indexes: Readonly<Record<string, string>>;
  /** Constraints, triggers and policies; left out where nobody is asked to approve the plan. */
  readonly parts?: Readonly<Record<string, string>>;
}

/** What was known of one partition. */
export interface PartitionBasis {
  /** Null: it did not exist. */
  readonly source: ProbedSource | null;
  /** Null: none. */
  readonly live: number | null;
  /** The newest that was ever published; null: none. */
  readonly newest: number | null;
  /** Tables that hold its values, by `schema.table`. */
  readonly tables: Readonly<Record<string, { readonly oid: number; readonly bound: string }>>;
}

/** What is known of a source before it is read. */
export interface ProbedSource {
  /** Without secrets. */
  readonly url: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly bytes: number | null;
  readonly sha256: string | null;
}

import type { SecretText } from "../core/secret.ts";
import type {
  ColumnOptions,
  ColumnRules,
  ColumnType,
  CsvOptions,
  OnDuplicate,
  RefreshMode,
  RejectLimit,
} from "../spec/pipeline_spec.ts";

/**
 * Everything a run will do, decided: frozen, JSON-safe, without a secret.
 *
 * `plan` prints this object and `run` obeys it; the back half decides nothing.
 */
export interface LoadPlan {
  readonly planVersion: 1;
  readonly pipeline: string;
  readonly environment: string | null;
  readonly specHash: string;
  readonly mode: RefreshMode;
  readonly target: TableName;
  /** `schema.table` as the ledger keys it. */
  readonly targetKey: string;
  /** Makes what is missing before the first load (schema, parent, indexes); idempotent. */
  readonly setup: readonly Statement[];
  readonly rows: RowsPlan;
  readonly onDuplicate: OnDuplicate;
  readonly idempotencyKey: readonly string[];
  readonly rejectLimit: RejectLimit;
  /** Earlier versions kept for rollback. */
  readonly versions: number;
  /** Partitions loaded at once. */
  readonly concurrency: number;
  /** COPY connections that feed one staging table. */
  readonly copyConnections: number;
  readonly partitions: readonly PartitionPlan[];
}

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** One SQL statement, with what a reader of the plan wants to know about it. */
export interface Statement {
  readonly sql: string;
  /** Bound as `$1…`; {@link LedgerFact} placeholders are filled by `run`. */
  readonly params: readonly (string | number | boolean | null)[];
  readonly why: string;
  /** The strongest lock taken and on what, or null where it blocks nobody. */
  readonly lock: string | null;
}

/** One partition (or the whole table): load it, or leave it alone and say why. */
export interface PartitionPlan {
  /** `2021-01`; null for a whole table. */
  readonly partition: string | null;
  readonly action: "load" | "skip";
  /** `unchanged`, `pending` … in words a user understands. */
  readonly reason: string;
  /** For `skip`: which status the result carries. */
  readonly skipStatus: "unchanged" | "pending" | null;
  readonly source: SourcePlan;
  readonly staging: TableName;
  /** The version this load will publish. */
  readonly version: number;
  /** The live version it takes the place of, or null. */
  readonly replaces: { readonly version: number; readonly table: TableName } | null;
  /** Values of the columns that are the same in each row: partition column, lineage. */
  readonly constants: readonly ConstantColumn[];
  /** Makes the staging table. */
  readonly stage: readonly Statement[];
  /** Deduplicates after COPY; empty where there is no key. */
  readonly deduplicate: readonly Statement[];
  /** Builds indexes, then ANALYZE. */
  readonly finish: readonly Statement[];
  /** One transaction: the exchange. The ledger row is added to it by `publish`. */
  readonly publish: readonly Statement[];
  /** Drops versions beyond `versions`, after the publish. */
  readonly retain: readonly RetainedVersion[];
  /** Undoes staging after a failure. */
  readonly cleanup: readonly Statement[];
}

export interface RetainedVersion {
  readonly version: number;
  readonly table: TableName;
  readonly statements: readonly Statement[];
}

/** Where the bytes come from. */
export interface SourcePlan {
  /** Absolute path, `file:`, `http:` or `https:` URL; may hold `${NAME}` references. */
  readonly url: SecretText;
  readonly headers: Readonly<Record<string, SecretText>>;
  readonly format: CsvOptions;
  readonly compression: "auto" | "none" | "gzip";
  readonly retries: number;
  readonly timeoutSeconds: number;
  /** A 404 (or a missing file) means "not published yet". */
  readonly missing: "pending" | "fail";
}

/** How a record becomes a row. */
export interface RowsPlan {
  readonly columns: readonly ColumnPlan[];
  readonly newColumns: "freeze" | "discard_value";
  /** Appends `_sluice_offset` (bigint: the record's byte offset), which orders duplicates. */
  readonly offsetColumn: boolean;
}

/** A target column that is read from a field. */
export interface ColumnPlan {
  readonly name: string;
  readonly from: string;
  readonly type: ColumnType;
  readonly required: boolean;
  readonly default: string | null;
  readonly rules: ColumnRules;
  readonly options: ColumnOptions;
}

/** A target column whose value is the same in every row of a load, encoded once. */
export interface ConstantColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly value: string | null;
}

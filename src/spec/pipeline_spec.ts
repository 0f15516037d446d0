import type { Recurrence } from "../core/occurrences.ts";
import type { PartitionRange, Period } from "../core/period.ts";
import type { SecretText } from "../core/secret.ts";
import type { Compression } from "../core/codecs.ts";
import type { FormatOptions, Naming } from "./formats/mod.ts";
import type { ExpectSpec, NotifySpec } from "./notify_spec.ts";
import type { CheckSpec, RuleSpec } from "./checks_spec.ts";
import type { RejectLimit } from "./reject_limit.ts";

export type { CheckSpec, FormatOptions, Period, RejectLimit, RuleSpec };

/** A pipeline file after parsing: one environment chosen, defaults filled in, nothing unknown left. */
export interface PipelineSpec {
  /** Path of the file as the user gave it. */
  readonly file: string;
  /** Absolute path of the folder that relative source paths start from. */
  readonly folder: string;
  readonly pipeline: string;
  readonly description: string | null;
  readonly environment: string | null;
  readonly vars: Readonly<Record<string, string>>;
  /** Null: the whole table is one load. */
  readonly partitions: PartitionsSpec | null;
  readonly source: SourceSpec;
  readonly target: TargetSpec;
  readonly refresh: RefreshSpec;
  /** Target column names; empty where the file names none. */
  readonly idempotencyKey: readonly string[];
  readonly onDuplicate: OnDuplicate;
  readonly columns: readonly ColumnSpec[];
  readonly rejects: {
    readonly limit: RejectLimit;
    /** Days that rejected rows are kept; null: for ever. */
    readonly keepDays: number | null;
  };
  readonly rules: readonly RuleSpec[];
  readonly checks: readonly CheckSpec[];
  readonly schemaContract: SchemaContract;
  /** Whether what Postgres holds is compared with the source before publishing; left out: `none`. */
  readonly verify?: "full" | "none";
  /** Who is told what of its runs. */
  readonly notify: readonly NotifySpec[];
  /** What a run should be like; null: like the last ones. */
  readonly expect: ExpectSpec | null;
  /** When `serve` runs it; left out: only by hand. */
  readonly schedule?: ScheduleSpec;
  /** SHA-256 (hex) of everything that can change the published rows. */
  readonly hash: string;
}

/** When a pipeline runs by itself: `schedule:` of its file. */
export interface ScheduleSpec extends Recurrence {
  /** Attempts after one that may succeed later (exit code 75). */
  readonly retries: number;
  /** Seconds before the first of them; each wait is twice the one before, up to an hour. */
  readonly retryDelaySeconds: number;
  /** Each run starts up to so many seconds after its time, by the pipeline's name and that time. */
  readonly jitterSeconds: number;
  /** Whether a start missed while no server ran happens later, once. */
  readonly catchUp: boolean;
}

/** What the file may change. */
export interface SchemaContract {
  /** A field that is no column. */
  readonly newColumns: ContractMode;
  /** A column without a field. */
  readonly missingColumns: ContractMode;
  /** A value that its column's type cannot hold. */
  readonly typeChanges: ContractMode;
}

/** Follow the file, refuse it (or the row), do without the value, or without the row. */
export type ContractMode = "evolve" | "freeze" | "discard_value" | "discard_row";

/** What a load does to the table. */
export interface RefreshSpec {
  readonly mode: RefreshMode;
  /** `history`: what becomes of current rows whose key is no longer in the source. */
  readonly hardDeletes: "ignore" | "invalidate";
  /** A load without rows may take the place of rows. */
  readonly allowEmpty: boolean;
}

/** Refresh modes; `plan/modes/mod.ts` lists their implementations. */
export type RefreshMode = "full" | "partition" | "append" | "upsert" | "history";

/** What happens to rows of one load that share an idempotency key. */
export type OnDuplicate = "reject" | "keep_first" | "keep_last" | "fail";

export interface PartitionsSpec extends PartitionRange {
  /** Partitions loaded at once. */
  readonly concurrency: number;
  /** Each partition is published when it is ready, or all that load in one transaction. */
  readonly publish: "each" | "together";
  readonly missing: "pending" | "fail";
}

export interface SourceSpec {
  /** `{base}` variables filled in; `{month}`-like placeholders and `${NAME}` references kept. */
  readonly url: SecretText;
  readonly format: FormatOptions;
  readonly naming: Naming;
  readonly compression: Compression;
  readonly headers: Readonly<Record<string, SecretText>>;
  readonly retries: number;
  readonly timeoutSeconds: number;
}

export interface TargetSpec {
  readonly schema: string;
  readonly table: string;
  /**
   * Null for a whole table. Left out of a partitioned pipeline it is `_partition` with `full` and
   * `partition`, and null with `append`, `upsert` and `history`: keys are unique in the whole table.
   */
  readonly partitionColumn: string | null;
  /** Earlier versions kept for rollback. */
  readonly versions: number;
  readonly indexes: readonly IndexSpec[];
  readonly lineage: boolean;
  /** Other pipelines may load it as well. */
  readonly shared: boolean;
}

export interface IndexSpec {
  readonly columns: readonly string[];
  readonly method: "btree" | "hash" | "brin" | "gin" | "gist";
}

/** A Postgres type of the contract, with its modifiers. */
export type ColumnType =
  | { readonly name: SimpleTypeName }
  | { readonly name: "numeric"; readonly precision: number | null; readonly scale: number | null }
  | { readonly name: "varchar" | "char"; readonly length: number | null };

export type SimpleTypeName =
  | "smallint"
  | "integer"
  | "bigint"
  | "real"
  | "double precision"
  | "boolean"
  | "text"
  | "date"
  | "time"
  | "timestamp"
  | "timestamptz"
  | "interval"
  | "uuid"
  | "json"
  | "jsonb"
  | "bytea";

export interface ColumnSpec {
  readonly name: string;
  /** Header of the field, or its number from 1. */
  readonly from: string;
  /** Other headers of the same field, tried in order where the file has no `from`. */
  readonly aliases: readonly string[];
  /** The file may do without it, whatever the contract says: another file brought it. */
  readonly optional?: true;
  /** `from` is the number of a field that has no name; a field with one is another field. */
  readonly unnamed?: true;
  readonly type: ColumnType;
  /** NULL is a reject, and the column is NOT NULL. */
  readonly required: boolean;
  /** Text read in place of NULL, by the column's own type. Null: no default. */
  readonly default: string | null;
  readonly rules: ColumnRules;
  readonly options: ColumnOptions;
}

/** Limits on a column's values, as the user wrote them; `rows/rules/mod.ts` implements them. */
export interface ColumnRules {
  readonly min?: string;
  readonly max?: string;
  /** Unicode code points. */
  readonly max_length?: number;
  /** A JavaScript regular expression (`u` flag), searched, not anchored. */
  readonly pattern?: string;
  readonly one_of?: readonly string[];
}

/** Ways to read looser than Postgres does; all off unless asked for. */
export interface ColumnOptions {
  /** Date pattern such as `MM/dd/yyyy HH:mm`. */
  readonly format?: string;
  /** IANA zone for timestamptz input without an offset; UTC when left out. */
  readonly timezone?: string;
  readonly true_values?: readonly string[];
  readonly false_values?: readonly string[];
  /** Replaces the format's null values for this column. */
  readonly null_values?: readonly string[];
  readonly thousands?: string;
  readonly decimal?: string;
  readonly trim?: boolean;
  /** A quoted empty field is NULL too. */
  readonly empty_as_null?: boolean;
}

/** Above this nothing is published. */

import type { HookName } from "../core/hooks.ts";
import type { Recurrence } from "../core/occurrences.ts";
import type { PartitionRange, Period } from "../core/period.ts";
import type { SecretText } from "../core/secret.ts";
import type { CheckSpec, RuleSpec } from "./checks_spec.ts";
import type { ColumnType, ServerType } from "./column_type.ts";
import type { FormatOptions, Naming } from "./formats/mod.ts";
import type { RejectLimit } from "./reject_limit.ts";
import type { ColumnOptions, ColumnRules } from "./schema/columns.ts";
import type { Alert, expectSchema, NotifySpec } from "./schema/notify.ts";
import type { partitionsSchema } from "./schema/partitions.ts";
import type {
  contractSchema,
  PipelineInput,
  refreshSchema,
  rejectsSchema,
} from "./schema/pipeline.ts";
import type { scheduleSchema } from "./schema/schedule.ts";
import type { SectionSpec } from "./schema/section.ts";
import type { sourceSchema } from "./schema/source.ts";
import type { IndexSpec, targetSchema } from "./schema/target.ts";

export type { Alert, CheckSpec, ColumnOptions, ColumnRules, ColumnType, FormatOptions, IndexSpec };
export type { ServerType };
export type { NotifySpec, Period, RejectLimit, RuleSpec };

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
  /** Columns that are read for expressions alone: the table does not have them. */
  readonly passing?: readonly ColumnSpec[];
  readonly rejects: SectionSpec<typeof rejectsSchema>;
  readonly rules: readonly RuleSpec[];
  readonly checks: readonly CheckSpec[];
  /** SQL around each load, by when it runs; left out: none. */
  readonly hooks?: HooksSpec;
  readonly schemaContract: SchemaContract;
  /** Whether what Postgres holds is compared with the source before publishing; left out: `none`. */
  readonly verify?: "full" | "none";
  /** Who is told what of its runs. */
  readonly notify: readonly NotifySpec[];
  /** What a run should be like; null: like the last ones. */
  readonly expect: ExpectSpec | null;
  /** Names of pipelines that are loaded before it; left out: none. */
  readonly after?: readonly string[];
  /** When `serve` runs it; left out: only by hand. */
  readonly schedule?: ScheduleSpec;
  /** SHA-256 (hex) of everything that can change the published rows. */
  readonly hash: string;
}

/** When a pipeline runs by itself: `schedule:` of its file. */
export interface ScheduleSpec extends Recurrence, SectionSpec<typeof scheduleSchema> {}

type Expected = SectionSpec<typeof expectSchema>;

/** What a run should be like: `expect:` of its file; null: like the last ones. */
export type ExpectSpec = { readonly [Key in keyof Expected]: Expected[Key] | null };

/** A statement of a hook. */
export interface HookSpec {
  readonly sql: string;
  /** Line in the pipeline file, from 1. */
  readonly line: number;
}

/** Statements by when they run, in their order. */
export type HooksSpec = Readonly<Partial<Record<HookName, readonly HookSpec[]>>>;

/** What the file may change. */
export type SchemaContract = SectionSpec<typeof contractSchema>;

/** Follow the file, refuse it (or the row), do without the value, or without the row. */
export type ContractMode = SchemaContract["newColumns"];

/** What a load does to the table. */
export type RefreshSpec = {
  readonly [Key in keyof SectionSpec<typeof refreshSchema>]: NonNullable<
    SectionSpec<typeof refreshSchema>[Key]
  >;
};

/** Refresh modes; `plan/modes/mod.ts` lists their implementations. */
export type RefreshMode = RefreshSpec["mode"];

/** What happens to rows of one load that share an idempotency key. */
export type OnDuplicate = NonNullable<PipelineInput["on_duplicate"]>;

export interface PartitionsSpec
  extends PartitionRange, Omit<SectionSpec<typeof partitionsSchema>, keyof PartitionRange> {}

export interface SourceSpec extends Omit<SectionSpec<typeof sourceSchema>, "url" | "format"> {
  /** `{base}` variables filled in; `{month}`-like placeholders and `${NAME}` references kept. */
  readonly url: SecretText;
  /** Where there are several: each of them; `url` names them all. */
  readonly urls?: readonly SecretText[];
  readonly headers: Readonly<Record<string, SecretText>>;
  readonly format: FormatOptions;
  readonly naming: Naming;
}

export interface TargetSpec extends Omit<SectionSpec<typeof targetSchema>, "indexes"> {
  readonly schema: string;
  /** Without its schema. */
  readonly table: string;
  /**
   * Null for a whole table. Left out of a partitioned pipeline it is `_partition` with `full` and
   * `partition`, and null with `append`, `upsert` and `history`: keys are unique in the whole table.
   */
  readonly partitionColumn: string | null;
  readonly indexes: readonly IndexSpec[];
}

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
  /** SQL over the columns that are read, whose value it is; it is read from no field. */
  readonly expression?: string;
  /** Line of the expression in the file, from 1. */
  readonly expressionLine?: number;
}

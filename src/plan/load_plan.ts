import type { HookFact, HookName } from "../core/hooks.ts";
import type { PlanBasis } from "./plan_basis.ts";
import type { ComputePlan } from "./compute_plan.ts";
import type { ConversionPlan } from "./conversion_plan.ts";
import type { Naming } from "../spec/formats/mod.ts";
import type { SecretText } from "../core/secret.ts";
import type { CheckBase, CheckKind, RuleSpec } from "../spec/checks_spec.ts";
import type {
  ColumnSpec,
  ColumnType,
  ContractMode,
  OnDuplicate,
  RefreshMode,
  RejectLimit,
  SourceSpec,
} from "../spec/pipeline_spec.ts";

/**
 * Everything a run will do, decided: frozen, JSON-safe, without a secret.
 *
 * `plan` prints this object and `run` obeys it; the back half decides nothing.
 */
export interface LoadPlan extends RunPlan {
  readonly partitions: readonly PartitionPlan[];
  /** What it was made from: `apply` refuses it where that has moved. */
  readonly basis: PlanBasis;
}

/** What the partitions of a plan have in common. */
export interface RunPlan {
  readonly planVersion: 1;
  readonly pipeline: string;
  /** The pipeline file, as errors name it. */
  readonly file: string;
  readonly environment: string | null;
  readonly specHash: string;
  readonly mode: RefreshMode;
  /** How a load becomes visible: staging itself takes its place, or its rows are merged in. */
  readonly method: PublishMethod;
  /** Why a mode that could exchange merges here; null where it does not. */
  readonly methodReason: string | null;
  /** How the columns follow the sources, beyond what the pipeline file says. */
  readonly evolved: readonly EvolvedColumn[];
  /** Where the table is stricter than the pipeline file. */
  readonly kept: readonly KeptColumn[];
  readonly target: TableName;
  /** `schema.table` as the ledger keys it. */
  readonly targetKey: string;
  /** Makes what is missing before the load (schema, table, columns, indexes); one transaction. */
  readonly setup: readonly Statement[];
  /** What the set-up makes or alters, in words: `creates ny.trips`; the ledger apart. */
  readonly changes: readonly string[];
  /** What somebody has done to the target or to tables below it, and what becomes of them. */
  readonly notes: readonly string[];
  /** What may stop a load once its rows are staged, and the way out. */
  readonly cautions: readonly string[];
  /** Foreign keys of other tables that point to the target. */
  readonly referredBy: readonly ForeignKeyName[];
  /** Tables that died runs left behind, dropped before anything else. */
  readonly sweep: readonly Statement[];
  /** SQL of the pipeline file around the load of each partition. */
  readonly hooks: HooksPlan;
  readonly rows: RowsPlan;
  readonly onDuplicate: OnDuplicate;
  readonly idempotencyKey: readonly string[];
  readonly rejectLimit: RejectLimit;
  /** Earlier versions kept for rollback. */
  readonly versions: number;
  /** Partitions loaded at once. */
  readonly concurrency: number;
  /** All partitions are published in one transaction, or none; else each on its own. */
  readonly together: boolean;
  /** COPY connections that feed one staging table. */
  readonly copyConnections: number;
}

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** A foreign key and the table that has it. */
export interface ForeignKeyName extends TableName {
  readonly name: string;
}

/** A column that a source brought, or made wider. */
export interface EvolvedColumn {
  readonly column: string;
  readonly change: "added" | "widened";
  /** As DDL writes it. */
  readonly type: string;
  readonly evidence: string;
}

/** What somebody else made stricter in the table: it stays, and rows that break it are rejects. */
export interface KeptColumn {
  readonly column: string;
  /** `NOT NULL`, `varchar(5), narrower than text in the pipeline file`. */
  readonly what: string;
}

export type PublishMethod = "exchange" | "merge";

/** One SQL statement, with what a reader of the plan wants to know about it. */
export interface Statement {
  readonly sql: string;
  /** Bound as `$1…`. */
  readonly params: readonly Param[];
  readonly why: string;
  /** The strongest lock taken and on what, or null where it blocks nobody. */
  readonly lock: string | null;
  /** Rows that must come back; any other number aborts the transaction. */
  readonly expectRows?: number;
  /** Returns one row with the number `n`, which becomes this fact. */
  readonly captures?: CountName;
  /** Any row that comes back aborts the transaction with this message and the row's `example`. */
  readonly expectNone?: string;
  /** Of the ledger's own set-up: the number of the migration that it belongs to. */
  readonly migration?: number;
  /** Makes what another run may make meanwhile, and does nothing then. */
  readonly ifMissing?: true;
}

/** A parameter: a value, or a fact that only the run can know. */
export type Param = string | number | boolean | null | FactParam | CountParam;

export interface FactParam {
  readonly fact: FactName;
}

/** A number that a statement before this one has counted. */
export interface CountParam {
  readonly count: CountName;
}

/** What a run learns while it loads. */
export type FactName =
  | "run_id"
  | "loaded_at"
  /** JSON of the ids of rejected rows that a replay takes in. */
  | "replayed"
  | "rows"
  | "bytes"
  | "sha256"
  | "etag"
  | "last_modified"
  | "source_url"
  /** JSON of the files that were read; null where the source has one. */
  | "files";

/** What a merge counts: `rows` staged = known + unchanged + updated + inserted. */
export type CountName =
  /** Left alone because their key is there already (`append`). */
  | "rows_known"
  /** Already there, to the byte. */
  | "rows_unchanged"
  | "rows_updated"
  | "rows_inserted"
  /** Taken away, or closed (`history`). */
  | "rows_deleted";

/** The values of all facts, once known. */
export type Facts = Readonly<Record<FactName, string | number | null>>;

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
  /** The live version it takes the place of, or is merged into; null where there is none. */
  readonly replaces: { readonly version: number; readonly table: TableName } | null;
  /** The newest version, if the source can still turn out to be its very file; null: load anyway. */
  readonly known: KnownVersion | null;
  /** Values of the columns that are the same in each row: partition column, lineage. */
  readonly constants: readonly ConstantColumn[];
  /** Null unless a declared column holds the partition (RANGE). */
  readonly bounds: PartitionBounds | null;
  /** Makes the staging table. */
  readonly stage: readonly Statement[];
  /** Fills columns that are computed; null where there are none, and COPY fills staging itself. */
  readonly compute: ComputePlan<Statement> | null;
  /** Proves that Postgres holds what was sent; null where nobody asked for it. */
  readonly verify: VerifyPlan | null;
  /** Conditions over columns; null where the pipeline has none. */
  readonly rules: RulesPlan | null;
  /** Null where nothing is loaded. */
  readonly isolation: IsolationPlan | null;
  /** Columns that only Postgres can read; null where the pipeline has none. */
  readonly conversion: ConversionPlan<Statement> | null;
  /** What happens to rows that share an idempotency key; null where there is no key. */
  readonly deduplicate: DeduplicatePlan | null;
  /**
   * Finds a row that this load takes the place of; a load without rows is refused where there is
   * one. Null: it takes none away, or may be empty.
   */
  readonly replacedRow: Statement | null;
  /** What must hold of staging before it is published. */
  readonly checks: readonly CheckPass[];
  /** Builds indexes, then ANALYZE. */
  readonly finish: readonly Statement[];
  /** One transaction: the exchange and the ledger's rows. */
  readonly publish: readonly Statement[];
  /** Drops versions beyond `versions`, after the publish. */
  readonly retain: readonly RetainedVersion[];
  /** Undoes staging after a failure. */
  readonly cleanup: readonly Statement[];
}

/** A version, and the bytes it was loaded from. */
export interface KnownVersion {
  readonly version: number;
  readonly sourceUrl: string;
  readonly sha256: string;
}

/** What is asked of the table that COPY filled, before anything takes rows out of it. */
export interface VerifyPlan {
  readonly staging: readonly VerifyQuery[];
  /** In place of it where the rows are isolated: of `IsolationPlan.raw`. */
  readonly raw: readonly VerifyQuery[];
  /** In place of both where there is a conversion: of `ConversionPlan.texts`; else empty. */
  readonly texts: readonly VerifyQuery[];
}

/** Returns one row: `rows`, and for the n-th column `n…` values, hash `h…`, least `lo…`, greatest `hi…`. */
export interface VerifyQuery {
  readonly columns: readonly string[];
  readonly statement: Statement;
}

/** A rule, as messages show it. */
export type RulePlan = Omit<RuleSpec, "line">;

/** Checks that one read-only statement judges: those that can share a pass over the rows do. */
export interface CheckPass {
  readonly checks: readonly CheckPlan[];
  /** Returns `at`, `passed`, `observed`, `expected` and `examples` of each check. */
  readonly sql: string;
  /** Bound as `$1…`. */
  readonly params: readonly string[];
  /** Whether it holds SQL of the pipeline file. */
  readonly userSql: boolean;
}

/** One check of a pass. */
export interface CheckPlan extends CheckBase {
  /** Its place among the checks of the pipeline file, from 0. */
  readonly at: number;
  readonly kind: CheckKind["kind"];
}

/** Conditions that Postgres judges on staging, before duplicates are looked for. */
export interface RulesPlan {
  /** Those whose rows are rejected, and the statement that removes them. */
  readonly rejecting: readonly RulePlan[];
  /** Returns `offset` (`_sluice_offset`), `rule` (index in `rejecting`) and `total` of each row. */
  readonly reject: Statement | null;
  /** Those whose rows are only counted: `warn` and `fail`. */
  readonly telling: readonly RulePlan[];
  /** Returns `rule` (index in `telling`), `failed` and up to three `examples`. */
  readonly count: Statement | null;
}

/**
 * Finding the rows that only Postgres can refuse: constraints, domains, triggers, partition bounds.
 *
 * Used when a load fails for such a row: it is read again into a table without constraints, and its
 * rows are tried in ever smaller ranges of offsets until each bad one stands alone.
 */
export interface IsolationPlan {
  readonly raw: TableName;
  /** Rows carry their place in the file, whatever `RowsPlan` says. */
  readonly offsetColumn: true;
  /** Makes `raw`; then staging with everything that rows can break. */
  readonly stage: readonly Statement[];
  /** Returns `least` and `beyond`: all offsets are in `[least, beyond)`; null where there is no row. */
  readonly bounds: Statement;
  /** Returns `rows` and `middle` (offset of the last row of the lower half) of `[$1, $2)`. */
  readonly split: Statement;
  /** Takes the offsets of the JSON array `$1` out of `raw`. */
  readonly remove: Statement;
  /** Done once before the attempts: what the load takes the place of cannot be in their way. */
  readonly begin: readonly Statement[];
  /** Tries the rows whose offset is in `[$1, $2)`. */
  readonly attempt: readonly Statement[];
  /** The attempts are the transfer itself (exchange), or are taken back at the end (merge). */
  readonly keep: boolean;
  /** Puts what is left in `raw` into staging; null where the attempts did. */
  readonly transfer: Statement | null;
  /** Drops `raw`. */
  readonly tidy: Statement;
  /** In place of the plan's own: what stands already is not built again. */
  readonly finish: readonly Statement[];
}

/** A statement of a hook. */
export interface HookPlan {
  readonly sql: string;
  /** Bound as `$1…`. */
  readonly params: readonly HookFact[];
  /** Line in the pipeline file, from 1. */
  readonly line: number;
}

/** Statements by when they run; what is left out has none. */
export type HooksPlan = Readonly<Partial<Record<HookName, readonly HookPlan[]>>>;

/** A query that reads no table, and fails where SQL of the pipeline file is wrong. */
export interface Probe {
  /** `rule "fares_add_up"`. */
  readonly what: string;
  /** Line in the pipeline file, from 1. */
  readonly line: number;
  readonly sql: string;
  readonly params: readonly string[];
}

/**
 * Finding duplicates costs a unique index, which the table wants anyway.
 *
 * Only when `prove` fails with a unique violation are the other statements run, and `prove` again.
 */
export interface DeduplicatePlan {
  /** Postgres 14: an index does not see NULLs as equal and proves nothing; count first. */
  readonly countFirst: boolean;
  /** Creates the unique index on staging. */
  readonly prove: Statement;
  /** Returns one row: `duplicates`, the rows beyond the one that is kept of each key. */
  readonly count: Statement;
  /** Returns up to 20 examples: the key columns as text, and `copies`. */
  readonly examples: Statement;
  /** Removes the rows beyond the one that is kept; returns their `_sluice_offset`. */
  readonly remove: Statement | null;
}

export interface RetainedVersion {
  readonly version: number;
  readonly table: TableName;
  readonly statements: readonly Statement[];
}

/** Where the bytes come from. */
export interface SourcePlan extends Omit<SourceSpec, "naming"> {
  /** Absolute path, `file:`, `http:` or `https:` URL; may hold `${NAME}` references. */
  readonly url: SecretText;
  /** Where there are several: each, as `url` is; `url` names them all. */
  readonly urls?: readonly SecretText[];
  /** Only what is wanted of a file is read, where its server can. */
  readonly byRanges?: true;
  /** A 404 (or a missing file) means "not published yet". */
  readonly missing: "pending" | "fail";
}

/** How a record becomes a row. */
export interface RowsPlan {
  /** What says which field is which. */
  readonly naming: Naming;
  /** Texts that are NULL in columns that do not name their own. */
  readonly nullValues: readonly string[];
  /** Those texts are NULL in quotes too. */
  readonly quotedNulls?: true;
  /** Blanks around texts are dropped where a column does not say otherwise. */
  readonly trim: boolean;
  readonly columns: readonly ColumnPlan[];
  readonly newColumns: ContractMode;
  readonly missingColumns: ContractMode;
  readonly typeChanges: ContractMode;
  /** Appends `_source_line` (bigint), for lineage. */
  readonly lineColumn: boolean;
  /** Appends `_sluice_offset` (bigint: the record's byte offset), which orders duplicates. */
  readonly offsetColumn: boolean;
}

/** A target column that is read from a field. */
export type ColumnPlan = ColumnSpec;

/** Rows whose value is NULL or outside `[start, end)` are rejects: they belong to another partition. */
export interface PartitionBounds {
  readonly column: string;
  readonly start: string;
  readonly end: string;
}

/** A target column whose value is the same in every row of a load, encoded once. */
export interface ConstantColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly value: string | null | FactParam;
}

import { buildChecks } from "./build_checks.ts";
import { parseColumnType } from "./column_type.ts";
import type {
  ColumnSpec,
  ColumnType,
  IndexSpec,
  PartitionsSpec,
  PipelineSpec,
  RuleSpec,
  ScheduleSpec,
} from "./pipeline_spec.ts";
import { buildFormat, namingOf } from "./formats/mod.ts";
import type { NotifySpec } from "./notify_spec.ts";
import type { ColumnInput } from "./schema/columns.ts";
import { rejectLimit } from "./schema/limit.ts";
import type { NotifyInput } from "./schema/notify.ts";
import type { PipelineInput } from "./schema/pipeline.ts";
import type { RuleInput } from "./schema/rules.ts";
import type { Path } from "./yaml_tree.ts";
import { durationSeconds } from "./schema/text.ts";

/** What the file itself does not say. */
export interface BuildContext {
  readonly file: string;
  readonly folder: string;
  readonly environment: string | null;
  readonly vars: Readonly<Record<string, string>>;
  /** `source.url` with variables filled in. */
  readonly url: string;
  /** Column names in the order of the file: a JavaScript object moves `1` to the front. */
  readonly columnOrder: readonly string[];
  /** Line of the key that a path ends with, from 1. */
  lineOf(path: Path): number;
}

/** Makes the spec of a file that the schema has accepted. */
export function buildSpec(input: PipelineInput, context: BuildContext): Omit<PipelineSpec, "hash"> {
  const [table, schema = "public"] = input.target.table.split(".").reverse();
  const partitions = input.partitions === undefined ? null : buildPartitions(input.partitions);
  const { timeout } = input.source;
  const mode = input.refresh?.mode ?? (partitions === null ? "full" : "partition");
  const merging = mode !== "full" && mode !== "partition";
  const format = buildFormat(input.source.format);
  const naming = namingOf(format);
  const keys = new Set(input.idempotency_key);
  return {
    file: context.file,
    folder: context.folder,
    pipeline: input.pipeline,
    description: input.description ?? null,
    environment: context.environment,
    vars: context.vars,
    partitions,
    source: {
      url: context.url,
      format,
      naming,
      compression: input.source.compression,
      headers: input.source.headers,
      retries: input.source.retries,
      timeoutSeconds: typeof timeout === "number" ? timeout : durationSeconds(timeout),
    },
    target: {
      schema,
      table,
      partitionColumn: input.target.partition_column ??
        (partitions === null || merging ? null : "_partition"),
      versions: input.target.versions,
      indexes: input.target.indexes.map((index): IndexSpec =>
        Array.isArray(index) ? { columns: index, method: "btree" } : index
      ),
      lineage: input.target.lineage,
      shared: input.target.shared,
    },
    refresh: {
      mode,
      hardDeletes: input.refresh?.hard_deletes ?? "ignore",
      allowEmpty: input.refresh?.allow_empty ?? false,
    },
    idempotencyKey: input.idempotency_key,
    onDuplicate: input.on_duplicate ?? "reject",
    columns: context.columnOrder.map((name, at) =>
      // Fields that nothing names have their numbers.
      buildColumn(
        name,
        input.columns[name],
        naming === "position" ? String(at + 1) : name,
        // Rows are found by their key, and nothing equals NULL.
        merging && keys.has(name),
      )
    ),
    rejects: {
      limit: rejectLimit(input.rejects.limit),
      keepDays: input.rejects.keep_days ?? null,
    },
    rules: Object.entries(input.rules).map(([name, rule]) =>
      buildRule(name, rule, context.lineOf(["rules", name]))
    ),
    checks: buildChecks(input.checks, context.lineOf),
    schemaContract: {
      newColumns: input.schema_contract.new_columns,
      missingColumns: input.schema_contract.missing_columns,
      typeChanges: input.schema_contract.type_changes,
    },
    verify: input.verify,
    notify: input.notify.map(buildNotify),
    expect: input.expect === undefined
      ? null
      : { durationSeconds: durationSeconds(input.expect.duration) },
    ...(input.schedule === undefined ? {} : { schedule: buildSchedule(input.schedule) }),
  };
}

function buildNotify({ on, webhook, format, command }: NotifyInput): NotifySpec {
  return {
    on,
    ...(webhook === undefined ? {} : { webhook }),
    ...(format === undefined ? {} : { format }),
    ...(command === undefined ? {} : { command }),
  };
}

function buildSchedule(input: NonNullable<PipelineInput["schedule"]>): ScheduleSpec {
  const { cron, timezone, retries, retry_delay, jitter, catch_up } = input;
  return {
    cron,
    timezone,
    retries,
    retryDelaySeconds: durationSeconds(retry_delay),
    jitterSeconds: durationSeconds(jitter),
    catchUp: catch_up,
  };
}

function buildPartitions(input: NonNullable<PipelineInput["partitions"]>): PartitionsSpec {
  const { by, concurrency, publish, missing } = input;
  return {
    by,
    from: input.from ?? null,
    to: input.to ?? null,
    values: input.values ?? [],
    concurrency,
    publish,
    missing,
  };
}

function buildRule(name: string, rule: RuleInput, line: number): RuleSpec {
  if (typeof rule === "string") return { name, check: rule, onFail: "reject", limit: null, line };
  const { check, on_fail: onFail, limit } = rule;
  return { name, check, onFail, limit: limit === undefined ? null : rejectLimit(limit), line };
}

function buildColumn(
  name: string,
  input: PipelineInput["columns"][string],
  field: string,
  isKey: boolean,
): ColumnSpec {
  const column: Partial<ColumnInput> & { type: string } = typeof input === "string"
    ? { type: input }
    : input;
  const { min, max, max_length, pattern, one_of } = column;
  const [from, ...aliases] = column.from === undefined ? [] : [column.from].flat();
  const { format, timezone, true_values, false_values, null_values } = column;
  const { thousands, decimal, trim, empty_as_null } = column;
  return {
    name,
    from: from ?? field,
    aliases,
    type: parseColumnType(column.type) as ColumnType,
    required: isKey || (column.required ?? false),
    default: column.default ?? null,
    rules: present({ min, max, max_length, pattern, one_of }),
    options: present({
      format,
      timezone,
      true_values,
      false_values,
      null_values,
      thousands,
      decimal,
      trim,
      empty_as_null,
    }),
  };
}

type Present<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Leaves out what is undefined, so that equal specs are equal JSON. */
function present<T extends object>(values: T): Present<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Present<T>;
}

import { HOOKS } from "../core/hooks.ts";
import { qualified } from "../core/quote.ts";
import { buildChecks } from "./build_checks.ts";
import { readsDatabase } from "./database_source.ts";
import { buildFormat, databaseFormat, namingOf } from "./formats/mod.ts";
import type {
  ColumnSpec,
  HooksSpec,
  IndexSpec,
  PartitionsSpec,
  PipelineSpec,
  RuleSpec,
} from "./pipeline_spec.ts";
import { type ColumnInput, optionsOf, rulesOf } from "./schema/columns.ts";
import type { HooksInput } from "./schema/hooks.ts";
import { expectSchema } from "./schema/notify.ts";
import { partitionsSchema } from "./schema/partitions.ts";
import { contractSchema, type PipelineInput, rejectsSchema } from "./schema/pipeline.ts";
import type { RuleInput } from "./schema/rules.ts";
import { scheduleSchema } from "./schema/schedule.ts";
import { sectionSpec } from "./schema/section.ts";
import { sourceSchema } from "./schema/source.ts";
import { targetSchema } from "./schema/target.ts";
import type { Path } from "./yaml_tree.ts";

/** What the file itself does not say. */
export interface BuildInput {
  readonly file: string;
  readonly folder: string;
  readonly environment: string | null;
  readonly vars: Readonly<Record<string, string>>;
  /** The addresses of `source.url` with variables filled in. */
  readonly urls: readonly string[];
  /** `source.checksum` with variables filled in. */
  readonly checksum?: string;
  /** `source.table` with variables filled in. */
  readonly table?: string;
  /** Column names in the order of the file: a JavaScript object moves `1` to the front. */
  readonly columnOrder: readonly string[];
  /** Line of the key that a path ends with, from 1. */
  lineOf(path: Path): number;
}

/** Makes the spec of a file that the schema has accepted. */
export function buildSpec(input: PipelineInput, context: BuildInput): Omit<PipelineSpec, "hash"> {
  const { schema, table } = qualified(input.target.table);
  const partitions = input.partitions === undefined ? null : buildPartitions(input.partitions);
  const { url: _, query, ...source } = sectionSpec(sourceSchema, input.source);
  const { urls } = context;
  const mode = input.refresh?.mode ?? (partitions === null ? "full" : "partition");
  const merging = mode !== "full" && mode !== "partition";
  const format = readsDatabase(input.source) ? databaseFormat() : buildFormat(input.source.format);
  const naming = namingOf(format);
  const keys = new Set(input.idempotency_key);
  let fields = 0;
  const columns = context.columnOrder.map((name) => {
    const column = input.columns[name];
    if (column.expression === undefined) fields++;
    return buildColumn(
      name,
      column,
      // Fields that nothing names have their numbers.
      naming === "position" ? String(fields) : name,
      // Rows are found by their key, and nothing equals NULL.
      merging && keys.has(name),
      () => context.lineOf(["columns", name, "expression"]),
    );
  });
  const passing = columns.filter(({ name }) => !input.columns[name].keep);
  return {
    file: context.file,
    folder: context.folder,
    pipeline: input.pipeline,
    description: input.description ?? null,
    environment: context.environment,
    vars: context.vars,
    partitions,
    source: {
      ...source,
      url: urls.join(", "),
      ...(urls.length === 1 ? {} : { urls }),
      // As in psql, a statement may have its end.
      ...(query === undefined ? {} : { query: query.replace(/;\s*$/, "") }),
      ...(context.table === undefined ? {} : { table: context.table }),
      ...(context.checksum === undefined ? {} : { checksum: context.checksum }),
      format,
      naming,
    },
    target: {
      ...sectionSpec(targetSchema, input.target),
      schema,
      table,
      partitionColumn: input.target.partition_column ??
        (partitions === null || merging ? null : "_partition"),
      indexes: input.target.indexes.map((index): IndexSpec =>
        Array.isArray(index) ? { columns: index, method: "btree" } : index
      ),
    },
    refresh: {
      mode,
      hardDeletes: input.refresh?.hard_deletes ?? "ignore",
      allowEmpty: input.refresh?.allow_empty ?? false,
    },
    idempotencyKey: input.idempotency_key,
    onDuplicate: input.on_duplicate ?? "reject",
    columns: columns.filter(({ name }) => input.columns[name].keep),
    ...(passing.length === 0 ? {} : { passing }),
    rejects: sectionSpec(rejectsSchema, input.rejects),
    rules: Object.entries(input.rules).map(([name, rule]) =>
      buildRule(name, rule, context.lineOf(["rules", name]))
    ),
    checks: buildChecks(input.checks, context.lineOf),
    ...(input.hooks === undefined ? {} : { hooks: buildHooks(input.hooks, context.lineOf) }),
    schemaContract: sectionSpec(contractSchema, input.schema_contract),
    verify: input.verify,
    notify: input.notify,
    expect: input.expect === undefined ? null : sectionSpec(expectSchema, input.expect),
    ...(input.after.length === 0 ? {} : { after: input.after }),
    ...(input.schedule === undefined
      ? {}
      : { schedule: sectionSpec(scheduleSchema, input.schedule) }),
  };
}

function buildPartitions(input: NonNullable<PipelineInput["partitions"]>): PartitionsSpec {
  return { ...sectionSpec(partitionsSchema, input), values: input.values ?? [] };
}

function buildRule(name: string, rule: RuleInput, line: number): RuleSpec {
  if (typeof rule === "string") return { name, check: rule, onFail: "reject", limit: null, line };
  const { check, on_fail: onFail, limit } = rule;
  return { name, check, onFail, limit: limit ?? null, line };
}

function buildHooks(input: HooksInput, lineOf: BuildInput["lineOf"]): HooksSpec {
  return Object.fromEntries(HOOKS.flatMap((hook) => {
    const given = input[hook];
    if (given === undefined) return [];
    const statements = typeof given === "string"
      ? [{ sql: given, line: lineOf(["hooks", hook]) }]
      : given.map((sql, at) => ({ sql, line: lineOf(["hooks", hook, at]) }));
    return [[hook, statements]];
  }));
}

function buildColumn(
  name: string,
  column: ColumnInput,
  field: string,
  isKey: boolean,
  line: () => number,
): ColumnSpec {
  const [from, ...aliases] = column.from === undefined ? [] : [column.from].flat();
  return {
    name,
    from: from ?? field,
    aliases,
    type: column.type,
    required: isKey || column.required,
    default: column.default ?? null,
    rules: rulesOf(column),
    options: optionsOf(column),
    ...(column.expression === undefined
      ? {}
      : { expression: column.expression, expressionLine: line() }),
  };
}

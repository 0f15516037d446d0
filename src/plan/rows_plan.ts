import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { computedColumns, readColumns } from "./computed.ts";
import { type Layout, LINEAGE_COLUMNS, partitionValue } from "./layout.ts";
import type { ConstantColumn, RowsPlan } from "./load_plan.ts";

/** How records become rows, the same for every partition. */
export function rowsPlan(spec: PipelineSpec): RowsPlan {
  const { naming, format } = spec.source;
  const { nullValues, trim } = format;
  return {
    naming,
    nullValues,
    ...("quotedNulls" in format && format.quotedNulls ? { quotedNulls: true } : {}),
    trim,
    columns: readColumns(spec),
    ...spec.schemaContract,
    lineColumn: spec.target.lineage,
    offsetColumn: needsOffset(spec),
  };
}

/** Whether staging must know where each row stood in the file. */
export function needsOffset(spec: PipelineSpec): boolean {
  return (spec.idempotencyKey.length > 0 && spec.onDuplicate !== "fail") ||
    spec.rules.some(({ onFail }) => onFail === "reject") || computedColumns(spec).length > 0;
}

/** Columns whose value is the same in every row of a load. */
export function constantColumns(
  spec: PipelineSpec,
  layout: Layout,
  partition: string | null,
): readonly ConstantColumn[] {
  const constants: ConstantColumn[] = [];
  if (layout.ownColumn !== null && partition !== null) {
    const { name, type } = layout.columns.find(({ name }) => name === layout.ownColumn)!;
    constants.push({ name, type, value: partitionValue(spec, partition) });
  }
  if (spec.target.lineage) {
    const facts = ["run_id", "loaded_at", "source_url"] as const;
    facts.forEach((fact, at) => {
      const { name, type } = LINEAGE_COLUMNS[at];
      constants.push({ name, type, value: { fact } });
    });
  }
  return constants;
}

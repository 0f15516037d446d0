import type { PipelineSpec } from "../spec/pipeline_spec.ts";

/** What of a pipeline file goes into statements as it is, and what each is. */
export function statementTexts(
  spec: PipelineSpec,
  partitions: readonly (string | null)[],
): readonly { readonly what: string; readonly text: string }[] {
  const { schema, table, partitionColumn } = spec.target;
  return [
    { what: "table", text: `${schema}.${table}` },
    ...[...spec.columns, ...spec.passing ?? []].map(({ name: text }) => ({ what: "column", text })),
    ...spec.columns.map(({ expression: text = "" }) => ({ what: "expression", text })),
    ...[partitionColumn ?? ""].map((text) => ({
      what: "column",
      text,
    })),
    ...partitions.map((text) => ({ what: "partition", text: text ?? "" })),
    ...Object.values(spec.hooks ?? {}).flat().map(({ sql }) => ({ what: "hook", text: sql })),
    ...spec.rules.flatMap(({ name, check }) => [
      { what: "rule", text: name },
      { what: "condition", text: check },
    ]),
  ];
}

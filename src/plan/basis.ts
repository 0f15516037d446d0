import type { TableInfo } from "../db/catalog/catalog.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { PlanBasis, TargetBasis } from "./plan_basis.ts";
import type { PlanInput } from "./plan_input.ts";
import { versionsOf } from "./versions.ts";

/** Stands for the name of the one load of a table without partitions. */
export const WHOLE = "whole table";

/** Where the file is, when it runs and who is told do not change what a load does. */
const APART: readonly (keyof PipelineSpec)[] = [
  "file",
  "folder",
  "description",
  "hash",
  "notify",
  "expect",
  "after",
  "schedule",
];

/** What a plan is made from. Pure. */
export function basisOf(input: PlanInput): PlanBasis {
  const { catalog: { table }, ledger, partitions, probes, slots } = input;
  return {
    spec: Object.fromEntries(
      Object.entries(input.file ?? input.spec).filter(([key]) =>
        !APART.includes(key as keyof PipelineSpec)
      ),
    ),
    target: table === null ? null : targetBasis(table),
    partitions: Object.fromEntries(partitions.map((partition, at) => {
      const versions = versionsOf(ledger, partition);
      const live = versions.find(({ state }) => state === "live");
      const standing = slots.get(partition)?.partitions ?? [];
      return [partition ?? WHOLE, {
        source: probes[at],
        live: live?.version ?? null,
        newest: versions.at(-1)?.version ?? null,
        tables: Object.fromEntries(
          standing.map(({ name, oid, bound }) => [`${name.schema}.${name.table}`, { oid, bound }]),
        ),
      }];
    })),
  };
}

function targetBasis({ oid, kind, partitionKey, columns, indexes }: TableInfo): TargetBasis {
  return {
    oid,
    kind,
    key: partitionKey === null
      ? null
      : `${partitionKey.strategy} (${partitionKey.columns.join(", ")})`,
    columns: Object.fromEntries(columns.map((column) => [
      column.name,
      [
        column.fullType,
        ...(column.collation === null ? [] : [`collate ${column.collation}`]),
        ...(column.notNull ? ["not null"] : []),
        ...(column.default === null
          ? []
          : [`${column.generated ? "generated as" : "default"} ${column.default}`]),
      ].join(" "),
    ])),
    indexes: Object.fromEntries(indexes.map(({ name, columns, unique, method, valid, partial }) => [
      name,
      `${unique ? "unique " : ""}${method} (${columns.join(", ")})${partial ? " partial" : ""}${
        valid ? "" : " invalid"
      }`,
    ])),
  };
}

import { createHash } from "node:crypto";
import type { PipelineSpec, SchemaContract } from "./pipeline_spec.ts";

/** SHA-256 (hex) of everything that can change the published rows; `url` as the file has it. */
export function specHash(spec: Omit<PipelineSpec, "hash">, url: string): string {
  const { schema, table, partitionColumn, indexes, lineage } = spec.target;
  return createHash("sha256").update(canonicalJson({
    columns: spec.columns.map(({ aliases, ...column }) =>
      aliases.length === 0 ? column : { ...column, aliases }
    ),
    source: { url, format: spec.source.format, compression: spec.source.compression },
    key: spec.idempotencyKey,
    onDuplicate: spec.onDuplicate,
    mode: spec.refresh.mode,
    // Left out where it says nothing, so that files from before it keep their hash.
    ...(spec.refresh.hardDeletes === "ignore" ? {} : { hardDeletes: spec.refresh.hardDeletes }),
    target: { schema, table, partitionColumn, indexes, lineage },
    schemaContract: contract(spec.schemaContract),
    ...(spec.rules.length === 0 ? {} : {
      rules: spec.rules.map(({ name, check, onFail }) => ({ name, check, onFail })),
    }),
    by: spec.partitions?.by ?? null,
  })).digest("hex");
}

/** Only what says something, so that files from before it keep their hash. */
function contract({ newColumns, missingColumns, typeChanges }: SchemaContract) {
  return {
    newColumns,
    ...(missingColumns === "freeze" ? {} : { missingColumns }),
    ...(typeChanges === "freeze" ? {} : { typeChanges }),
  };
}

/** JSON with sorted keys, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(
      Object.entries(inner).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0),
    );
  });
}

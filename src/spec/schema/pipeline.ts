import { z } from "zod";
import { columnsSchema } from "./columns.ts";
import { partitionsSchema } from "./partitions.ts";
import { sourceSchema } from "./source.ts";
import { targetSchema } from "./target.ts";
import { looseText, name } from "./text.ts";

/** A pipeline file as it is written; `build.ts` makes the spec of it. */
export const pipelineSchema = z.strictObject({
  pipeline: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_-]*$/, "Expected letters, digits, _ and -")
    .describe("The pipeline's name"),
  description: z.string().optional().describe("What it loads, for people"),
  environments: z.record(
    z.string(),
    z.strictObject({
      vars: z.record(z.string(), looseText()).default({})
        .describe("Values of the {name} variables in source.url"),
    }).nullable(),
  ).optional().describe("Named sets of variables; the first one is the default"),
  partitions: partitionsSchema.optional(),
  source: sourceSchema,
  target: targetSchema,
  refresh: z.strictObject({
    mode: z.enum(["full", "partition", "append", "upsert", "history"]).describe(
      "full: a load replaces the table; partition: it replaces its partition; append: it adds rows; " +
        "upsert: it updates rows with a known key and adds the others; history: it adds a new " +
        "version of each changed row",
    ),
    hard_deletes: z.enum(["ignore", "invalidate"]).optional().describe(
      "history: rows that the source no longer has stay current, or are closed; ignore when left out",
    ),
  }).optional().describe("What a load does to the table; by default what partitions ask for"),
  idempotency_key: z.array(name()).default([])
    .describe("Columns that tell one row from another"),
  on_duplicate: z.enum(["reject", "keep_first", "keep_last", "fail"]).optional()
    .describe("What happens to rows of one load with the same key; reject when left out"),
  columns: columnsSchema,
  rejects: z.strictObject({
    limit: looseText().regex(
      /^(\d{1,15}|(100(\.0+)?|\d{1,2}(\.\d+)?)\s*%)$/,
      'Expected rows such as "10", or a percentage such as "1%"',
    ).default("0").describe("Rows or percent; above it nothing is published"),
  }).default({ limit: "0" }).describe("How many bad rows a load may have"),
  schema_contract: z.strictObject({
    new_columns: z.enum(["freeze", "discard_value"]).default("freeze")
      .describe("A field that is no column: refuse the file, or leave the field out"),
    missing_columns: z.enum(["freeze"]).default("freeze")
      .describe("A column without a field: refuse the file"),
    type_changes: z.enum(["freeze"]).default("freeze")
      .describe("A value of another type: reject the row"),
  }).default({ new_columns: "freeze", missing_columns: "freeze", type_changes: "freeze" })
    .describe("What the file may change"),
});

export type PipelineInput = z.output<typeof pipelineSchema>;

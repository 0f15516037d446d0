import type { Given } from "./section.ts";
import { looseName, name } from "./text.ts";
import { z } from "../zod.ts";

const columnList = z.array(looseName()).min(1);

const indexSchema = z.strictObject({
  columns: columnList.describe("Columns of the index, in order"),
  method: z.enum(["btree", "hash", "brin", "gin", "gist"]).default("btree")
    .describe("Access method"),
});

export type IndexSpec = Given<typeof indexSchema>;

/** `target:` */
export const targetSchema = z.strictObject({
  table: z.string().regex(/^[^.\0]+(\.[^.\0]+)?$/, 'Expected "schema.table"')
    .describe("`schema.table`; the schema is `public` when left out")
    .meta({ words: ["object"], standIn: "public.table" }),
  partition_column: name().optional().describe(
    "Holds the partition: a column of its own, or a declared date or timestamp column",
  ),
  versions: z.int().min(0).max(1000).default(3)
    .describe("Earlier versions kept for rollback").meta({ rows: false }),
  indexes: z.array(z.union([columnList, indexSchema])).default([]).describe(
    "Indexes: lists of columns, or `{ columns, method }` with `btree`, `hash`, `brin`, `gin` or `gist`",
  ).meta({ rows: true }),
  lineage: z.boolean().default(false)
    .describe("Adds `_run_id`, `_loaded_at`, `_source_file` and `_source_line`").meta({}),
  shared: z.boolean().default(false)
    .describe("Other pipelines load it as well; each of them must say so").meta({ rows: false }),
}).describe("The table that is loaded").meta({
  words: ["destination", "dest", "sink"],
  standIn: { table: "public.table" },
});

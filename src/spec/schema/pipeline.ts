import { checksSchema } from "./checks/mod.ts";
import { columnsSchema } from "./columns.ts";
import { hooksSchema } from "./hooks.ts";
import { limitSchema } from "./limit.ts";
import { expectSchema, notifySchema } from "./notify.ts";
import { partitionsSchema } from "./partitions.ts";
import { rulesSchema } from "./rules.ts";
import { scheduleSchema } from "./schedule.ts";
import { sourceSchema } from "./source.ts";
import { targetSchema } from "./target.ts";
import { looseName, looseText } from "./text.ts";
import { z } from "../zod.ts";

const CONTRACT = ["evolve", "freeze", "discard_value", "discard_row"] as const;

/** `refresh:` */
export const refreshSchema = z.strictObject({
  mode: z.enum(["full", "partition", "append", "upsert", "history"]).describe(
    "`full`: a load replaces the table; `partition`: it replaces its partition; `append`: it adds " +
      "rows; `upsert`: it updates rows with a known key and adds the others; `history`: it adds a " +
      "new version of each changed row",
  ).meta({
    docs: "See [refresh modes](#refresh-modes)",
    words: [
      "write_disposition",
      "disposition",
      "materialization",
      "materialized",
      "incremental_strategy",
      "strategy",
      "mode",
    ],
    values: {
      replace: "full",
      overwrite: "full",
      truncate: "full",
      table: "full",
      "full-refresh": "full",
      full_refresh: "full",
      insert_overwrite: "partition",
      "delete+insert": "partition",
      time_interval: "partition",
      backfill: "partition",
      microbatch: "partition",
      insert: "append",
      incremental: "partition, append or upsert",
      merge: "upsert",
      "append+dedup": "upsert",
      scd2: "history",
      snapshot: "history",
    },
  }),
  hard_deletes: z.enum(["ignore", "invalidate"]).optional().describe(
    "`history`: rows that the source no longer has stay current, or are closed",
  ).meta({ leftOut: "ignore", words: ["invalidate_hard_deletes"] }),
  allow_empty: z.boolean().optional().describe(
    "A load without rows may take the place of rows; otherwise it is refused",
  ).meta({
    rows: false,
    leftOut: false,
    docs: "A load without rows may take the place of rows; otherwise it is " +
      "[refused](errors.md#loadempty)",
    words: ["allow_empty"],
  }),
});

/** `rejects:` */
export const rejectsSchema = z.strictObject({
  limit: limitSchema.prefault("0").describe("Rows or percent; above it nothing is published")
    .meta({ words: ["max_errors"] }),
  keep_days: z.int().min(1).max(36_500).optional().describe(
    "Days that rejected rows are kept in the ledger; for ever when left out",
  ),
});

/** `schema_contract:` */
export const contractSchema = z.strictObject({
  new_columns: z.enum(CONTRACT).default("freeze").describe(
    "A field that is no column: add the column, refuse the file, leave the field out, or leave " +
      "out the rows that have a value in it",
  ),
  missing_columns: z.enum(CONTRACT).default("freeze").describe(
    "A column without a field: `evolve` and `discard_value` load NULL or the default, `freeze` " +
      "refuses the file, `discard_row` leaves out its rows",
  ),
  type_changes: z.enum(CONTRACT).default("freeze").describe(
    "A value that the type cannot hold: widen the column, reject the row, load NULL or the " +
      "default, or leave the row out",
  ),
});

/** The name of a pipeline. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]*$/;

/** A pipeline file as it is written; `build.ts` makes the spec of it. */
export const pipelineSchema = z.strictObject({
  pipeline: looseText().regex(NAME, "Expected letters, digits, _ and -")
    .describe("The pipeline's name").meta({ rows: false, words: ["name"], standIn: "pipeline" }),
  description: looseText().optional().describe("What it loads, for people").meta({ rows: false }),
  environments: z.record(
    z.string(),
    z.strictObject({
      vars: z.record(z.string(), looseText()).default({})
        .describe("Values of the `{name}` variables in `source.url`").meta({ words: ["vars"] }),
    }).nullable(),
  ).optional().describe(
    "Named sets of variables, `<name>: { vars: { … } }`; the first one is the default",
  )
    .meta({ rows: false, words: ["env", "profiles"] }),
  partitions: partitionsSchema.optional(),
  source: sourceSchema,
  target: targetSchema,
  refresh: refreshSchema.optional().describe(
    "What a load does to the table; by default what partitions ask for",
  ),
  idempotency_key: z.array(looseName()).default([])
    .describe("Columns that identify a row")
    .meta({ words: ["primary_key", "merge_key", "unique_key", "key"] }),
  on_duplicate: z.enum(["reject", "keep_first", "keep_last", "fail"]).optional()
    .describe("What happens to rows of one load with the same key")
    .meta({
      leftOut: "reject",
      words: ["deduplicate"],
      values: { ignore: "keep_first", error: "fail" },
    }),
  columns: columnsSchema,
  rules: rulesSchema.default({}),
  rejects: rejectsSchema.prefault({}).describe("How many bad rows a load may have").meta({
    rows: false,
  }),
  schema_contract: contractSchema.prefault({})
    .describe("What the file may change").meta({ words: ["contract"] }),
  checks: checksSchema.default([]).meta({ rows: false }),
  hooks: hooksSchema.optional(),
  after: z.array(looseText().regex(NAME, "Expected letters, digits, _ and -")).default([])
    .describe("Pipelines that must be loaded before this one").meta({
      rows: false,
      words: ["depends_on", "dependencies", "upstream"],
    }),
  schedule: scheduleSchema.optional().describe("When `serve` runs it; left out, only by hand").meta(
    { rows: false },
  ),
  expect: expectSchema.optional().describe(
    "`duration: 10m`: a longer run is `slow`; left out, the last runs say how long one takes",
  ).meta({ rows: false }),
  notify: z.array(notifySchema).default([]).describe("Who is notified of which events").meta({
    rows: false,
  }),
  verify: z.enum(["full", "none"]).default("none").describe(
    "`full`: counts, NULLs, least and greatest values and a hash of each column, taken from the " +
      "source and in Postgres, must agree before anything is published",
  ).meta({
    rows: false,
    docs: "`full`: what Postgres holds is [compared with the source](verify.md) before publishing",
    words: ["checksum"],
  }),
}).meta({
  elsewhere: { pre_hook: "hooks.before_publish", post_hook: "hooks.after_publish" },
});

export type PipelineInput = z.output<typeof pipelineSchema>;

/** What keys ask of each other, as far as a schema can say it; `coherence/` has the rest. */
export const TOGETHER: readonly Readonly<Record<string, unknown>>[] = [
  {
    if: {
      required: ["refresh"],
      properties: {
        refresh: { required: ["mode"], properties: { mode: { enum: ["upsert", "history"] } } },
      },
    },
    then: {
      required: ["idempotency_key"],
      properties: { idempotency_key: { minItems: 1 } },
    },
  },
  {
    if: {
      required: ["partitions"],
      properties: { partitions: { required: ["by"], properties: { by: { const: "list" } } } },
    },
    then: {
      properties: {
        partitions: { required: ["values"], properties: { from: false, to: false } },
      },
    },
    else: { properties: { partitions: { properties: { values: false } } } },
  },
];

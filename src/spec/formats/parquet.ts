import { type SectionSpec, sectionSpec } from "../schema/section.ts";
import { commonSchema, nullValues } from "./common_keys.ts";
import type { FormatSpec } from "./format_spec.ts";
import { z } from "../zod.ts";

const { trim, max_record_bytes } = commonSchema.shape;

const schema = z.strictObject({
  type: z.literal("parquet").describe("The kind of file"),
  null_values: nullValues([], "Texts that are NULL in every column, as NULL itself is"),
  trim,
  max_record_bytes,
});

/** What is made of a Parquet file; how it is written it says itself. */
export type ParquetOptions = SectionSpec<typeof schema> & { readonly encoding: "utf-8" };

/** Columns that are stored one by one. */
export const parquet: FormatSpec<typeof schema, ParquetOptions> = {
  schema,
  values: { pq: "parquet", parq: "parquet" },
  build: (input) => ({ ...sectionSpec(schema, input), encoding: "utf-8" }),
  naming: () => "header",
  reads: { naming: [], check: [] },
  check: () => {},
};

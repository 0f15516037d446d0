import { parsePath } from "../../core/json_path.ts";
import { type SectionSpec, sectionSpec } from "../schema/section.ts";
import { commonSchema, nullValues } from "./common_keys.ts";
import type { FormatSpec } from "./format_spec.ts";
import { z } from "../zod.ts";

const schema = z.strictObject({
  type: z.literal("json").describe("The kind of file"),
  path: z.string().default("$")
    .describe("Where the list of records stands, such as `$.data.items`; `$`: it is the document")
    .meta({
      words: [
        "json_path",
        "data_path",
        "data_selector",
        "record_path",
        "records_path",
        "field_path",
      ],
    }),
  null_values: nullValues([], "Texts that are NULL in every column, as null itself is"),
  ...commonSchema.shape,
});

/** How a JSON document with a list of records is written. */
export type JsonOptions = SectionSpec<typeof schema>;

/** JSON: a list of objects, alone or somewhere in a document. */
export const json: FormatSpec<typeof schema, JsonOptions> = {
  schema,
  values: { json_array: "json", json_list: "json" },
  // The elements of a list are its records: `$.items[*]` says the same.
  build: (input) => sectionSpec(schema, { ...input, path: input.path.replace(/\[\*\]$/, "") }),
  naming: () => "keys",
  reads: { naming: [], check: ["path"] },
  check({ path }, report) {
    const steps = parsePath(path);
    if ("message" in steps) report("path", "spec/bad_path", steps.message, steps.hint);
  },
};

import { z } from "zod";
import { name } from "../text.ts";
import { BASE, type CheckPlug, checkPlug } from "./check_plug.ts";

const columns = z.array(name()).min(1);

const plug = checkPlug(
  z.strictObject({
    ...BASE,
    columns: columns.describe("Columns that together identify a row"),
  }),
  ({ columns }) => ({ kind: "unique", columns }),
);

/** `unique:` no two rows have the same values; a list stands for `{ columns: … }`. */
export const unique: CheckPlug = {
  schema: z.union([columns, plug.options])
    .describe("Columns in which no two rows are the same: a list, or { columns, … }"),
  options: plug.options,
  build: (input) => plug.build(Array.isArray(input) ? { columns: input } : input),
};

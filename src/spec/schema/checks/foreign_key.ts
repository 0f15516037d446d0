import { looseName } from "../text.ts";
import { BASE, checkPlug, column, COLUMNS_WORDS } from "./check_plug.ts";
import { z } from "../../zod.ts";

/** A table and its columns, each name as it stands in the catalog. */
const REFERENCE = /^\s*(?:([^.,()"\0]+)\.)?([^.,()"\0]+)\(([^.()"\0]+)\)\s*$/;

/** `foreign_key:` all values of a column occur in another table. */
export const foreignKey = checkPlug(
  z.strictObject({
    ...BASE,
    // dbt's `relationships: { to, field }`.
    column: column().meta({ words: ["column_name"] }).optional(),
    columns: z.array(looseName()).min(1).optional().describe("Several columns, in place of column")
      .meta({ words: COLUMNS_WORDS }),
    references: z.string().regex(REFERENCE, 'Expected "schema.table(column)"')
      .describe("schema.table(column), or (column, column): where the values occur")
      .meta({ words: ["to", "parent", "field"] }),
  }).describe(
    "Every value of the column, or of several `columns` together, occurs in another table, written " +
      "`schema.table(column)`; NULL passes",
  ).meta({
    words: ["relationships", "reference", "referential_integrity"],
  }),
  ({ column, columns, references }) => {
    const [, schema = "public", table, list] = REFERENCE.exec(references)!;
    return {
      columns: column === undefined ? columns ?? [] : [column],
      references: {
        schema: schema.trim(),
        table: table.trim(),
        columns: list.split(",").map((each) => each.trim()),
      },
    };
  },
  {
    types: /^(?!json$)/,
    settings({ columns, references }, report, given) {
      if (columns.length === 0) {
        report.key(null, "spec/missing_key", `"foreign_key" has no "column"`);
      } else if (given.includes("column") && given.includes("columns")) {
        report.key(
          "columns",
          "spec/contradiction",
          `"column" and "columns" exclude each other`,
        );
      } else if (columns.length !== references.columns.length) {
        report.value(
          "references",
          "spec/contradiction",
          `The numbers of columns differ: ${columns.length} and ${references.columns.length}`,
        );
      }
    },
  },
);

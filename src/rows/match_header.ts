import { didYouMean } from "../core/did_you_mean.ts";
import { SluiceError } from "../core/error.ts";
import type { ColumnPlan, RowsPlan } from "../plan/load_plan.ts";

/** Which field each column is read from. */
export interface Fields {
  /** Index of each column's field; -1 where the file has none. */
  readonly columns: readonly number[];
  /** Indexes of fields that no column reads. */
  readonly unused: readonly number[];
}

/** Finds each column's field; throws where file and pipeline do not agree and the contract minds. */
export function matchHeader(
  plan: RowsPlan,
  header: readonly string[] | null,
  width: number,
): Fields {
  return header === null ? matchPositions(plan, width) : matchNames(plan, header);
}

/** Names that a message tells. */
const MOST_NAMED = 20;
/** Characters of a name that a message tells. */
const LONGEST_NAME = 100;
/** Names that are compared with one that is missing. */
const MOST_COMPARED = 10_000;

function matchNames(plan: RowsPlan, header: readonly string[]): Fields {
  const { columns } = plan;
  const fields = columns.map((column) => findField(column, header));
  const missing = columns.filter((column, c) => fields[c] === -1 && !mayBeMissing(plan, column));
  const used = new Set(fields);
  const unused = header.flatMap((_name, i) => used.has(i) ? [] : [i]);
  const names = unused.map((i) => header[i]);
  const added = plan.newColumns === "freeze" ? names : [];
  if (missing.length > 0 || added.length > 0) throw mismatch(missing, added, names);
  return { columns: fields, unused };
}

function findField({ name, from, aliases }: ColumnPlan, header: readonly string[]): number {
  const there = [from, ...aliases].filter((each) => header.includes(each));
  if (there.length === 0) return -1;
  if (there.length > 1) {
    throw new SluiceError(
      "rows/duplicate_header",
      `Column "${name}" could read ${
        there.map((each) => `"${each}"`).join(" or ")
      }: the header has both`,
      { hint: "Leave out of `from` what is another field in this file" },
    );
  }
  const field = header.indexOf(there[0]);
  if (field === header.lastIndexOf(there[0])) return field;
  throw new SluiceError(
    "rows/duplicate_header",
    `Column "${name}" reads field "${there[0]}", which the header names more than once`,
    { hint: "Give the fields different names in the file, or read it without its header" },
  );
}

/** Without a value a required column could only reject every row. */
function mayBeMissing({ missingColumns }: RowsPlan, column: ColumnPlan): boolean {
  if (column.optional) return true;
  if (missingColumns === "discard_row") return true;
  return missingColumns !== "freeze" && (!column.required || column.default !== null);
}

function mismatch(
  missing: readonly ColumnPlan[],
  added: readonly string[],
  unused: readonly string[],
): SluiceError {
  const facts: string[] = [];
  const hints: string[] = [];
  if (missing.length > 0) {
    facts.push(`the file lacks ${listed(missing.map(({ from }) => from))}`);
    hints.push(
      "Correct `from` of the missing columns, remove them, or load them as NULL:\n" +
        "schema_contract: { missing_columns: discard_value }",
    );
    for (const { name, from } of missing.slice(0, MOST_NAMED)) {
      const near = didYouMean(from, unused.slice(0, MOST_COMPARED));
      if (near === null) continue;
      hints.push(
        `Did you mean ${JSON.stringify(near)}? ${name}: { from: [${JSON.stringify(from)}, ${
          JSON.stringify(near)
        }] }`,
      );
    }
  }
  if (added.length > 0) {
    facts.push(`the pipeline does not know ${listed(added)}`);
    const lines = added.slice(0, MOST_NAMED).filter((name) => name.length <= LONGEST_NAME)
      .map((name) => `  ${JSON.stringify(columnName(name))}: ${addition(name)}`);
    hints.push(
      (lines.length === 0
        ? "Ignore them"
        : `Add the new columns:\ncolumns:\n${lines.join("\n")}\n` +
          (lines.length < added.length ? `  … and ${added.length - lines.length} more\n` : "") +
          "or ignore them") + ":\nschema_contract: { new_columns: discard_value }",
    );
  }
  return new SluiceError(
    "rows/schema_mismatch",
    `The file's columns are not those of the pipeline: ${facts.join("; ")}`,
    {
      hint: hints.join("\n"),
      details: { missing: missing.length, new: added.length },
    },
  );
}

/** A header can be of any size; what is told of it is not. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).map((name) =>
    name.length > LONGEST_NAME ? `"${name.slice(0, LONGEST_NAME)}…"` : `"${name}"`
  ).join(", ");
  return names.length > MOST_NAMED ? `${shown} and ${names.length - MOST_NAMED} more` : shown;
}

function addition(name: string): string {
  return columnName(name) === name
    ? "{ type: text }"
    : `{ type: text, from: ${JSON.stringify(name)} }`;
}

/** A header as a column's name: lower case, words joined by underscores. */
export function columnName(header: string): string {
  return header.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "") ||
    "column";
}

function matchPositions(plan: RowsPlan, width: number): Fields {
  const { columns, newColumns } = plan;
  const fields = columns.map(({ from }, c) => /^[1-9]\d*$/.test(from) ? Number(from) - 1 : c);
  // An empty file has no width to disagree with.
  if (width === 0) return { columns: fields, unused: [] };
  const found = fields.map((field, c) =>
    field >= width && mayBeMissing(plan, columns[c]) ? -1 : field
  );
  const needed = Math.max(0, ...found.map((field) => field + 1));
  const used = new Set(found);
  const unused = Array.from({ length: width }, (_, i) => i).filter((i) => !used.has(i));
  if (needed > width || (unused.length > 0 && newColumns === "freeze")) {
    throw new SluiceError(
      "rows/schema_mismatch",
      `The file has ${width} fields in each record; the pipeline reads ${fields.length}` +
        (needed > width ? `, up to field ${needed}` : ""),
      {
        hint: needed > width
          ? "Remove the columns that the file does not have, or correct their `from`."
          : "Add the missing columns in the file's order, or ignore them:\n" +
            "schema_contract: { new_columns: discard_value }",
        details: { fields: width, columns: fields.length },
      },
    );
  }
  return { columns: found, unused };
}

import { didYouMean } from "../core/did_you_mean.ts";
import { SluiceError } from "../core/error.ts";
import type { ColumnPlan, RowsPlan } from "../plan/load_plan.ts";

/** Index of each column's field; throws where file and pipeline do not agree. */
export function matchHeader(
  plan: RowsPlan,
  header: readonly string[] | null,
  width: number,
): readonly number[] {
  return header === null ? matchPositions(plan, width) : matchNames(plan, header);
}

function matchNames({ columns, newColumns }: RowsPlan, header: readonly string[]): number[] {
  const fields = columns.map(({ from }) => header.indexOf(from));
  columns.forEach(({ name, from }, c) => {
    if (fields[c] === header.lastIndexOf(from)) return;
    throw new SluiceError(
      "rows/duplicate_header",
      `Column "${name}" reads field "${from}", which the header names more than once`,
      { hint: "Give the fields different names in the file, or read it without its header" },
    );
  });
  const missing = columns.filter((_column, c) => fields[c] === -1);
  const used = new Set(fields);
  const unused = header.filter((_name, i) => !used.has(i));
  const added = newColumns === "freeze" ? unused : [];
  if (missing.length > 0 || added.length > 0) throw mismatch(missing, added, unused);
  return fields;
}

function mismatch(
  missing: readonly ColumnPlan[],
  added: readonly string[],
  unused: readonly string[],
): SluiceError {
  const facts: string[] = [];
  const hints: string[] = [];
  if (missing.length > 0) {
    facts.push(`the file lacks ${missing.map(({ from }) => `"${from}"`).join(", ")}`);
    hints.push("Correct `from` of the missing columns, or remove them.");
    for (const { name, from } of missing) {
      const near = didYouMean(from, unused);
      if (near === null) continue;
      hints.push(
        `Did you mean ${JSON.stringify(near)}? ${name}: { from: ${JSON.stringify(near)} }`,
      );
    }
  }
  if (added.length > 0) {
    facts.push(
      `the pipeline does not know ${added.map((name) => `"${name}"`).join(", ")}`,
    );
    const lines = added.map((name) => `  ${JSON.stringify(columnName(name))}: ${addition(name)}`);
    hints.push(
      `Add the new columns:\ncolumns:\n${lines.join("\n")}\n` +
        "or ignore them:\nschema_contract: { new_columns: discard_value }",
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

function addition(name: string): string {
  return columnName(name) === name
    ? "{ type: text }"
    : `{ type: text, from: ${JSON.stringify(name)} }`;
}

function columnName(header: string): string {
  return header.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "") ||
    "column";
}

function matchPositions({ columns, newColumns }: RowsPlan, width: number): number[] {
  const fields = columns.map(({ from }, c) => /^[1-9]\d*$/.test(from) ? Number(from) - 1 : c);
  // An empty file has no width to disagree with.
  if (width === 0) return fields;
  const needed = Math.max(0, ...fields.map((field) => field + 1));
  const unused = width - new Set(fields.filter((field) => field < width)).size;
  if (needed > width || (unused > 0 && newColumns === "freeze")) {
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
  return fields;
}

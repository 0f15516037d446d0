import { freeColumnName, unnamedColumn } from "../core/column_name.ts";
import { didYouMean } from "../core/did_you_mean.ts";
import { SluiceError } from "../core/error.ts";
import { quotedText } from "../core/quoted_text.ts";
import type { ColumnPlan, RowsPlan } from "../plan/load_plan.ts";
import { type GuessFormat, guessWrongFile } from "./wrong_file.ts";

/** Which field each column is read from. */
export interface Fields {
  /** Index of each column's field; -1 where the file has none. */
  readonly columns: readonly number[];
  /** Indexes of fields that no column reads. */
  readonly unused: readonly number[];
}

/**
 * Finds each column's field; throws where file and pipeline do not agree and the contract minds.
 *
 * A file that has none of the columns is another file, whatever the contract says.
 *
 * @param guess what the format knows of headers that do not fit
 */
export function matchHeader(
  plan: RowsPlan,
  header: readonly string[] | null,
  width: number,
  guess: GuessFormat | null = null,
): Fields {
  return header === null ? matchPositions(plan, width) : matchNames(plan, header, guess);
}

/** Names that a message tells. */
const MOST_NAMED = 20;
/** Characters of a name that a message tells. */
const LONGEST_NAME = 100;
/** Names that are compared with one that is missing. */
const MOST_COMPARED = 10_000;

/**
 * The fields that stand first in a file without a name: R and pandas write the number of the row
 * there. They are no data that somebody has added, so that no row is left out because of them.
 */
export function isRowName(header: readonly string[] | null, index: number): boolean {
  return index === 0 && header !== null && header[0] === "";
}

function matchNames(
  plan: RowsPlan,
  names: readonly string[],
  guessFormat: GuessFormat | null,
): Fields {
  const { columns } = plan;
  const header = indexed(names);
  const fields = columns.map((column) => findField(column, header));
  const missing = columns.filter((column, c) => fields[c] === -1 && !mayBeMissing(plan, column));
  const used = new Map<number, ColumnPlan>();
  columns.forEach((column, c) => {
    if (fields[c] === -1) return;
    const other = used.get(fields[c]);
    if (other !== undefined) throw sharedField(other, column, fields[c], header);
    used.set(fields[c], column);
  });
  const unused = notUsed(names, used);
  if (columns.length > 0 && used.size === 0) throw otherFile(plan, unused, header, guessFormat);
  const added = plan.newColumns === "freeze" ? unused : [];
  if (missing.length > 0 || added.length > 0) {
    throw mismatch(plan, missing, added, unused, header);
  }
  const ambiguous = plan.newColumns === "evolve" ? unused.filter((i) => isRepeated(header, i)) : [];
  if (ambiguous.length > 0) throw ambiguousFields(plan, ambiguous, header);
  return { columns: fields, unused };
}

/** Indexes of the fields that no column reads, whatever the contract makes of them. */
export function unusedFields(plan: RowsPlan, header: readonly string[]): readonly number[] {
  const fields = indexed(header);
  const used = new Set(plan.columns.map((column) => findField(column, fields)));
  return notUsed(header, used);
}

/** Indexes of the names that are not used. */
function notUsed(names: readonly string[], used: { has(index: number): boolean }): number[] {
  const indexes: number[] = [];
  // A million names, and no array for each.
  for (let i = 0; i < names.length; i++) if (!used.has(i)) indexes.push(i);
  return indexes;
}

interface Header {
  readonly names: readonly string[];
  /** Indexes of the fields of each name. */
  readonly fields: ReadonlyMap<string, readonly number[]>;
  /** Some names are numbers: then a number is a name before it is a position. */
  readonly hasNumbers: boolean;
}

function indexed(names: readonly string[]): Header {
  const fields = Map.groupBy(names.keys(), (i) => names[i]);
  return { names, fields, hasNumbers: names.some((name) => POSITION.test(name)) };
}

const POSITION = /^[1-9]\d{0,4}$/;

function isRepeated({ names, fields }: Header, index: number): boolean {
  return names[index] !== "" && fields.get(names[index])!.length > 1;
}

/** Whether only its position tells a field from others. */
function needsPosition(header: Header, index: number): boolean {
  return header.names[index] === "" || isRepeated(header, index);
}

function findField(column: ColumnPlan, header: Header): number {
  const { name, from, aliases } = column;
  if (column.unnamed) {
    const index = Number(from) - 1;
    return header.names[index] === "" ? index : -1;
  }
  const there = [from, ...aliases].filter((each) => header.fields.has(each));
  if (there.length > 1) {
    throw new SluiceError(
      "rows/duplicate_header",
      `Column "${name}" could read ${
        there.map((each) => `"${each}"`).join(" or ")
      }: the header has both`,
      { hint: "Remove from `from` the name that is another field in this file" },
    );
  }
  if (there.length === 0) return findPosition(column, header);
  const fields = header.fields.get(there[0])!;
  if (fields.length === 1) return fields[0];
  throw new SluiceError(
    "rows/duplicate_header",
    `Column "${name}" reads field "${there[0]}", which the header names more than once`,
    {
      hint: `Choose one by its position: give the column one of these keys:\n${
        fields.slice(0, MOST_NAMED).map((field) => `    from: ${field + 1}`).join("\n")
      }`,
    },
  );
}

/** A number that is no name stands for the field at that position, from 1. */
function findPosition({ name, from, aliases }: ColumnPlan, header: Header): number {
  const positions = [from, ...aliases]
    .filter((each) => POSITION.test(each) && each !== name)
    .map((each) => Number(each) - 1)
    .filter((index) =>
      index < header.names.length && (!header.hasNumbers || needsPosition(header, index))
    );
  return positions[0] ?? -1;
}

function sharedField(
  one: ColumnPlan,
  other: ColumnPlan,
  field: number,
  header: Header,
): SluiceError {
  return new SluiceError(
    "rows/shared_field",
    `Columns "${one.name}" and "${other.name}" both read ${described(header, field)}`,
    { hint: "Correct `from` of one of them: a number is the field's position, from 1" },
  );
}

function ambiguousFields(
  plan: RowsPlan,
  fields: readonly number[],
  header: Header,
): SluiceError {
  return new SluiceError(
    "rows/duplicate_header",
    `The header has the same name for several fields: ${listed(fields, header)}`,
    { hint: `Their names do not identify a column each. ${additions(plan, fields, header)}` },
  );
}

/** Without a value a required column could only reject every row. */
function mayBeMissing({ missingColumns }: RowsPlan, column: ColumnPlan): boolean {
  if (column.optional) return true;
  if (missingColumns === "discard_row") return true;
  return missingColumns !== "freeze" && (!column.required || column.default !== null);
}

/**
 * Finds out whether records whose keys name their fields have what the pipeline reads.
 *
 * Records may do without keys, so that only the whole file shows what it lacks.
 *
 * @param seen the columns of which some record has the key; null while records are still to come
 * @param others the keys that no column reads, or the first of them
 */
export function matchKeys(
  plan: RowsPlan,
  seen: ReadonlySet<string> | null,
  others: readonly string[],
): void {
  const { columns } = plan;
  const names = [...columns.map(({ from }) => from), ...others];
  const header = indexed(names);
  const unused = others.map((_name, i) => columns.length + i);
  const missing = seen === null
    ? []
    : columns.filter((column) =>
      plan.missingColumns === "freeze" && !column.optional && !seen.has(column.name)
    );
  if (seen?.size === 0 && columns.length > 0) throw otherFile(plan, unused, header, null);
  const added = plan.newColumns === "freeze" ? unused : [];
  if (missing.length > 0 || added.length > 0) {
    throw mismatch(plan, missing, added, unused, header);
  }
}

/** The error of a file without any column that the pipeline reads. */
function otherFile(
  plan: RowsPlan,
  unused: readonly number[],
  header: Header,
  guessFormat: GuessFormat | null,
): SluiceError {
  const guess = guessFormat === null ? null : guessWrongFile(plan, header.names, guessFormat);
  const hints = guess === null
    ? [
      "Check that it is the right file" +
      (plan.naming === "header" ? ", and that its delimiter is the pipeline's; " : "; ") +
      "else correct `from` of the columns",
      ...nearNames(plan.columns, unused, header),
    ]
    : [guess.hint];
  return new SluiceError(
    "rows/schema_mismatch",
    "The file has none of the pipeline's columns: the file lacks " +
      `${several(plan.columns, ({ from }) => told(from))}; the pipeline does not know ${
        listed(unused, header)
      }` + (guess === null ? "" : `; ${guess.what}`),
    {
      hint: hints.join("\n"),
      details: { missing: plan.columns.length, new: unused.length },
    },
  );
}

function mismatch(
  plan: RowsPlan,
  missing: readonly ColumnPlan[],
  added: readonly number[],
  unused: readonly number[],
  header: Header,
): SluiceError {
  const facts: string[] = [];
  const hints: string[] = [];
  if (missing.length > 0) {
    facts.push(`the file lacks ${several(missing, ({ from }) => told(from))}`);
    hints.push(
      "Correct `from` of the missing columns, remove them, or load them as NULL:\n" +
        "schema_contract: { missing_columns: discard_value }",
    );
    hints.push(...nearNames(missing, unused, header));
  }
  if (added.length > 0) {
    facts.push(`the pipeline does not know ${listed(added, header)}`);
    hints.push(additions(plan, added, header));
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

function nearNames(
  missing: readonly ColumnPlan[],
  unused: readonly number[],
  header: Header,
): string[] {
  const names = unused.slice(0, MOST_COMPARED).map((i) => header.names[i])
    .filter((name) => name !== "");
  return missing.slice(0, MOST_NAMED).flatMap(({ name, from }) => {
    const near = didYouMean(from, names);
    if (near === null) return [];
    return `Did you mean ${quotedText(near)}? Give column "${name}" the key\n    from: [${
      quotedText(from)
    }, ${quotedText(near)}]`;
  });
}

/** What to write so that fields become columns, or are left out. */
function additions(plan: RowsPlan, fields: readonly number[], header: Header): string {
  const taken = new Set(plan.columns.map(({ name }) => name));
  const lines = fields.slice(0, MOST_NAMED)
    .filter((i) => needsPosition(header, i) || header.names[i].length <= LONGEST_NAME)
    .map((i) => addition(header, i, taken));
  const more = fields.length - lines.length;
  return (lines.length === 0
    ? "Ignore them"
    : `Add the new columns:\ncolumns:\n${lines.join("\n")}\n` +
      (more > 0 ? `  # … and ${more} more\n` : "") +
      "or ignore them") + ":\nschema_contract: { new_columns: discard_value }";
}

function addition(header: Header, index: number, taken: Set<string>): string {
  const name = header.names[index];
  const column = freeColumnName(name === "" ? unnamedColumn(index) : name, taken);
  const from = needsPosition(header, index)
    ? `, from: ${index + 1}`
    : column === name
    ? ""
    : `, from: ${quotedText(name)}`;
  return `  ${quotedText(column)}: { type: text${from} }`;
}

/** A field as a message tells it. */
function described(header: Header, index: number): string {
  const name = header.names[index];
  if (name === "") return `field ${index + 1}, which has no name`;
  return isRepeated(header, index) ? `${told(name)} (field ${index + 1})` : told(name);
}

function listed(fields: readonly number[], header: Header): string {
  return several(fields, (i) => described(header, i));
}

/** A header can be of any size; what is told of it is not. */
function several<T>(all: readonly T[], tell: (each: T) => string): string {
  const shown = all.slice(0, MOST_NAMED).map(tell).join(", ");
  return all.length > MOST_NAMED ? `${shown} and ${all.length - MOST_NAMED} more` : shown;
}

function told(name: string): string {
  return quotedText(name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name);
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

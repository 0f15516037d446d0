import type { ColumnPlan, RowsPlan } from "../plan/load_plan.ts";
import type { ColumnType } from "../spec/pipeline_spec.ts";
import { type Column, compileColumns } from "./compile_columns.ts";
import { isTypeProblem } from "./record_encoder.ts";
import { anyValue, FieldReader } from "./field_reader.ts";
import { Frame } from "./frame.ts";
import type { GuessFormat } from "./wrong_file.ts";
import { type Fields, matchHeader } from "./match_header.ts";
import { NESTED, type RecordBatch } from "./record_batch.ts";
import { compileType, type Encode } from "./types/mod.ts";
import { GUESSABLE, writesBack } from "./writes_back.ts";

/**
 * The evidence of a file for fields without a column, and for values that their column cannot hold.
 */
export interface Evidence {
  readonly added: readonly AddedField[];
  readonly widened: readonly WidenedColumn[];
}

export interface AddedField {
  /** As the header has it; empty where it has no name. */
  readonly field: string;
  /** From 0. */
  readonly index: number;
  /**
   * Types that write every value as it is in the file, the narrowest first; text is always one of
   * them. None where no value tells anything.
   */
  readonly types: readonly ColumnType[];
  /** Values that are not NULL. */
  readonly values: number;
}

export interface WidenedColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Line of the first value that the declared type cannot hold. */
  readonly line: number;
}

/** Looks at every value of a file without loading it. */
export interface EvidenceCollector {
  /** @param header the names so far: with keys they become more */
  take(batch: RecordBatch, header: readonly string[] | null): void;
  result(): Evidence;
}

const TEXT: ColumnType = { name: "text" };
const JSONB: ColumnType = { name: "jsonb" };

/**
 * Wider types to try, in order, each of which writes every value of those before as they did. A
 * date is no timestamp (midnight would be added), and a real no double (0.1 would be
 * 0.10000000149011612).
 */
const WIDER: Readonly<Record<string, readonly ColumnType[]>> = {
  smallint: [{ name: "integer" }, { name: "bigint" }, numeric()],
  integer: [{ name: "bigint" }, numeric()],
  bigint: [numeric()],
  numeric: [numeric()],
};

/** What evidence is collected with. */
export interface EvidenceInput {
  readonly header: readonly string[] | null;
  readonly width: number;
  readonly guess?: GuessFormat | undefined;
  /** The pipeline file's types by column; an earlier load may have made those of the plan wider. */
  readonly declared: ReadonlyMap<string, ColumnType>;
}

/** Collects evidence for the parts of a contract that say `evolve`. */
export function collectEvidence(plan: RowsPlan, input: EvidenceInput): EvidenceCollector {
  const fields = matchHeader(
    { ...plan, typeChanges: "freeze" },
    input.header,
    input.width,
    input.guess,
  );
  const reader = new FieldReader();
  const evolves = plan.newColumns === "evolve";
  let known = input.header?.length ?? 0;
  const added = evolves ? newFields(plan, fields.unused, input.header) : [];
  const widening = plan.typeChanges === "evolve" ? wideningColumns(plan, fields, input) : [];
  return {
    take(batch, header) {
      if (evolves && header !== null && header.length > known) {
        const more = Array.from({ length: header.length - known }, (_, i) => known + i);
        known = header.length;
        added.push(...newFields(plan, more, header));
      }
      for (let record = 0; record < batch.count; record++) {
        const first = record * batch.width;
        for (const field of added) field.see(reader, batch, first);
        for (const column of widening) column.see(reader, batch, first, batch.lines[record]);
      }
    },
    result: () => ({
      added: added.map((field) => field.result()),
      widened: widening.flatMap((column) => column.result() ?? []),
    }),
  };
}

function newFields(
  plan: RowsPlan,
  unused: readonly number[],
  header: readonly string[] | null,
) {
  const options = anyValue(plan);
  const scratch = new Frame(1 << 10);
  if (header === null) return [];
  return unused.map((index) => {
    let guesses = GUESSABLE.map((type) => ({
      type,
      encode: compileType(type, {}),
      writes: writesBack(type),
    }));
    let values = 0;
    let nested = 0;
    return {
      see(reader: FieldReader, batch: RecordBatch, first: number) {
        reader.read(options, batch, first + index);
        if (reader.isNull) return;
        values++;
        if (isNested(batch, first + index)) nested++;
        if (guesses.length === 0) return;
        const text = textOf(reader);
        guesses = guesses.filter(({ encode, writes }) =>
          writes(text) && holds(encode, reader, scratch)
        );
      },
      result: (): AddedField => ({
        field: header[index],
        index,
        types: values === 0
          ? []
          : values === nested
          ? [JSONB]
          : [...guesses.map(({ type }) => type), TEXT],
        values,
      }),
    };
  });
}

function wideningColumns(
  plan: RowsPlan,
  { columns: fields }: Fields,
  { declared }: EvidenceInput,
) {
  const compiled = compileColumns({ ...plan, columns: bare(plan.columns) }, fields, null);
  const scratch = new Frame(1 << 10);
  return plan.columns.flatMap((column, c) => {
    const reads = compiled[c];
    if (reads.isMissing) return [];
    const type = declared.get(column.name) ?? column.type;
    const wider = [
      ...(type === column.type ? [] : [column.type]),
      ...(WIDER[column.type.name] ?? []),
      ...(mayBeText(column) ? [TEXT] : []),
    ];
    return wider.length === 0 ? [] : [wideningColumn(column, type, reads, wider, scratch)];
  });
}

function wideningColumn(
  column: ColumnPlan,
  declared: ColumnType,
  reads: Column,
  wider: readonly ColumnType[],
  scratch: Frame,
) {
  const candidates = wider.map((type) => ({
    type,
    encode: compileType(type, column.options),
    writes: writesBack(type, column.options),
  }));
  const own = compileType(declared, column.options);
  /** Index of the narrowest candidate for all values so far; -1: the declared type. */
  let chosen = -1;
  let firstLine = 0;
  /** A wider type would take a value and write it in another way. */
  let isChanged = false;
  return {
    see(reader: FieldReader, batch: RecordBatch, first: number, line: number) {
      reader.read(reads, batch, first + reads.field);
      // The pipeline file itself says how the declared type reads its values.
      if (reader.isNull || holds(own, reader, scratch)) return;
      const text = textOf(reader);
      let isHeld = false;
      for (let at = Math.max(chosen, 0); at < candidates.length; at++) {
        const { encode, writes } = candidates[at];
        if (!holds(encode, reader, scratch)) continue;
        isHeld = true;
        if (!writes(text)) continue;
        if (firstLine === 0) firstLine = line;
        chosen = at;
        return;
      }
      // What no type holds is a reject, and no reason to change the others.
      isChanged ||= isHeld;
    },
    result: (): WidenedColumn | null =>
      chosen === -1 || isChanged
        ? null
        : { name: column.name, type: candidates[chosen].type, line: firstLine },
  };
}

/** An object or a list; a text that looks like one is none. */
function isNested(batch: RecordBatch, at: number): boolean {
  return (batch.flags[at] & NESTED) !== 0;
}

function textOf({ bytes, start, end }: FieldReader): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, end));
}

/** Whether a value fits; what breaks no type (a rule) is no business of evidence. */
function holds(encode: Encode, { bytes, start, end }: FieldReader, scratch: Frame): boolean {
  scratch.length = 0;
  scratch.reserve((end - start) * 2 + 64);
  const problem = encode(bytes, start, end, scratch);
  return problem === null || !(isTypeProblem(problem) || problem.code === "too_long");
}

/** Without rules and defaults, which are of the declared type. */
function bare(columns: readonly ColumnPlan[]): ColumnPlan[] {
  return columns.map((column) => ({ ...column, default: null, rules: {} }));
}

/** Limits and ways of reading belong to the type: a text has none of them. */
function mayBeText({ type, rules, options }: ColumnPlan): boolean {
  return !["text", "json", "jsonb", "bytea"].includes(type.name) &&
    rules.min === undefined && rules.max === undefined &&
    Object.keys(options).every((name) => ["null_values", "trim", "empty_as_null"].includes(name));
}

function numeric(): ColumnType {
  return { name: "numeric", precision: null, scale: null };
}

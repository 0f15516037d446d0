import type { ColumnPlan, RowsPlan } from "../plan/load_plan.ts";
import type { ColumnType, CsvOptions } from "../spec/pipeline_spec.ts";
import { type Column, compileColumns } from "./compile_columns.ts";
import { isTypeProblem } from "./compile_rows.ts";
import { anyValue, FieldReader } from "./field_reader.ts";
import { Frame } from "./frame.ts";
import { type Fields, matchHeader } from "./match_header.ts";
import type { RecordBatch } from "./record_batch.ts";
import { compileType, type Encode } from "./types/mod.ts";

/** What a file shows of fields that are no columns, and of values that their column cannot hold. */
export interface Evidence {
  readonly added: readonly AddedField[];
  readonly widened: readonly WidenedColumn[];
}

export interface AddedField {
  /** As the header has it. */
  readonly field: string;
  /** Types that hold every value, the narrowest first; text is always one of them. */
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
  take(batch: RecordBatch): void;
  result(): Evidence;
}

/** Guesses are made only of texts that the type would write in the same way. */
const GUESSES: readonly (readonly [ColumnType, RegExp])[] = [
  [{ name: "integer" }, /^-?(0|[1-9]\d*)$/],
  [{ name: "bigint" }, /^-?(0|[1-9]\d*)$/],
  [{ name: "numeric", precision: null, scale: null }, /^-?(0|[1-9]\d*)(\.\d+)?$/],
  [{ name: "double precision" }, /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/],
  [{ name: "boolean" }, /^(true|false)$/i],
  [{ name: "date" }, /^\d{4}-\d{2}-\d{2}$/],
  [{ name: "timestamp" }, /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?$/],
  [
    { name: "timestamptz" },
    /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[-+]\d{2}(:?\d{2})?)$/,
  ],
  [{ name: "uuid" }, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
];

const TEXT: ColumnType = { name: "text" };

/** Wider types to try, in order, each of which holds every value of those before. */
const WIDER: Readonly<Record<string, readonly ColumnType[]>> = {
  smallint: [{ name: "integer" }, { name: "bigint" }, numeric()],
  integer: [{ name: "bigint" }, numeric()],
  bigint: [numeric()],
  numeric: [numeric()],
  real: [{ name: "double precision" }],
  date: [{ name: "timestamp" }],
  varchar: [],
};

/** Collects evidence for the parts of a contract that say `evolve`. */
export function collectEvidence(
  plan: RowsPlan,
  input: { header: readonly string[] | null; width: number; format: CsvOptions },
): EvidenceCollector {
  const fields = matchHeader({ ...plan, typeChanges: "freeze" }, input.header, input.width);
  const reader = new FieldReader(input.format);
  const added = plan.newColumns === "evolve" ? newFields(fields, input) : [];
  const widening = plan.typeChanges === "evolve" ? wideningColumns(plan, fields, input.format) : [];
  return {
    take(batch) {
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
  { unused }: Fields,
  { header, format }: { header: readonly string[] | null; format: CsvOptions },
) {
  const options = anyValue(format);
  const scratch = new Frame(1 << 10);
  return unused.filter((index) => header !== null && header[index] !== "").map((index) => {
    let guesses = GUESSES.map(([type, form]) => ({ type, form, encode: compileType(type, {}) }));
    let values = 0;
    return {
      see(reader: FieldReader, batch: RecordBatch, first: number) {
        reader.read(options, batch, first + index);
        if (reader.isNull) return;
        values++;
        if (guesses.length === 0) return;
        const text = new TextDecoder().decode(reader.bytes.subarray(reader.start, reader.end));
        guesses = guesses.filter(({ form, encode }) =>
          form.test(text) && holds(encode, reader, scratch)
        );
      },
      result: (): AddedField => ({
        field: header![index],
        types: values === 0 ? [TEXT] : [...guesses.map(({ type }) => type), TEXT],
        values,
      }),
    };
  });
}

function wideningColumns(plan: RowsPlan, { columns: fields }: Fields, format: CsvOptions) {
  const compiled = compileColumns({ ...plan, columns: bare(plan.columns) }, fields, format, null);
  const scratch = new Frame(1 << 10);
  return plan.columns.flatMap((column, c) => {
    const reads = compiled[c];
    if (reads.isMissing) return [];
    const wider = [...(WIDER[column.type.name] ?? []), ...(mayBeText(column) ? [TEXT] : [])];
    return wider.length === 0 ? [] : [wideningColumn(column, reads, wider, scratch)];
  });
}

function wideningColumn(
  column: ColumnPlan,
  reads: Column,
  wider: readonly ColumnType[],
  scratch: Frame,
) {
  let type = column.type;
  let encode = reads.encode;
  let next = 0;
  let firstLine = 0;
  return {
    see(reader: FieldReader, batch: RecordBatch, first: number, line: number) {
      reader.read(reads, batch, first + reads.field);
      if (reader.isNull || holds(encode, reader, scratch)) return;
      for (let at = next; at < wider.length; at++) {
        const candidate = compileType(wider[at], column.options);
        if (!holds(candidate, reader, scratch)) continue;
        if (firstLine === 0) firstLine = line;
        type = wider[at];
        encode = candidate;
        next = at + 1;
        return;
      }
    },
    result: (): WidenedColumn | null =>
      type === column.type ? null : { name: column.name, type, line: firstLine },
  };
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

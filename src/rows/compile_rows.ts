import { SluiceError } from "../core/error.ts";
import { OFFSET_COLUMN } from "../core/names.ts";
import type { Reject } from "../core/reject.ts";
import type { ConstantColumn, PartitionBounds, RowsPlan } from "../plan/load_plan.ts";
import { type Column, compileColumns } from "./compile_columns.ts";
import { anyValue, FieldReader } from "./field_reader.ts";
import type { Frame } from "./frame.ts";
import { isRowName, matchHeader, matchKeys } from "./match_header.ts";
import { type MalformedRecord, MISSING, type RecordBatch } from "./record_batch.ts";
import { encodeLiteral } from "./rules/literal.ts";
import { putInt32 } from "./types/ascii.ts";
import type { Problem } from "./types/encoder.ts";
import type { GuessFormat } from "./wrong_file.ts";

/** Turns records into COPY BINARY tuples. */
export interface RowEncoder {
  /** Target columns, in the order of each tuple's values. */
  readonly columns: readonly string[];
  /**
   * Appends the batch's rows to the frame and returns their number; the others become rejects.
   *
   * @param countOnly rejects are only counted: `reject` is called with nothing in it
   */
  encode(
    batch: RecordBatch,
    frame: Frame,
    reject: (reject: Reject) => void,
    countOnly?: boolean,
  ): number;
  /**
   * Ends the file: what no record has is known now.
   *
   * @throws SluiceError `rows/schema_mismatch`
   */
  end(): void;
  /** Records left out so far because the schema contract says so. */
  readonly discarded: number;
  /** Values that the rows had in fields of no column, so far. */
  readonly valuesDiscarded: number;
}

/** What is known once the file is open. */
export interface RowsInput {
  readonly header: readonly string[] | null;
  readonly width: number;
  readonly guess?: GuessFormat | undefined;
  readonly bounds?: PartitionBounds | null;
  /** These are some records of a file: the others may have what they lack. */
  readonly isPart?: boolean | undefined;
  /** In place of the plan's own: while refused rows are looked for, each one tells its place. */
  readonly offsetColumn?: boolean;
}

/** A value is cut to this many characters in a message. */
const MESSAGE_VALUE = 80;

/** Settles everything that does not depend on a record. */
export function compileRows(
  plan: RowsPlan,
  constants: readonly ConstantColumn[],
  input: RowsInput,
): RowEncoder {
  const offsetColumn = input.offsetColumn ?? plan.offsetColumn;
  const fields = matchHeader(plan, input.header, input.width, input.guess);
  const all = compileColumns(plan, fields.columns, input.bounds ?? null);
  const columns = all.filter(({ isMissing }) => !isMissing);
  const missing = all.filter(({ isMissing }) => isMissing);
  const impossible = missing.find(({ nullProblem }) => nullProblem !== null);
  if (impossible !== undefined && plan.missingColumns !== "discard_row") {
    throw new SluiceError(
      "rows/schema_mismatch",
      `The file lacks a field for column "${impossible.name}", which is required and has no default`,
      { hint: "Correct its `from`, or give it a default" },
    );
  }
  const discardsAll = plan.missingColumns === "discard_row" && missing.length > 0;
  const watched = plan.newColumns === "discard_row"
    ? fields.unused.filter((index) => !isRowName(input.header, index))
    : [];
  const left = fields.unused.filter((index) => !watched.includes(index));
  const tail = concatenate([
    ...missing.map(({ nullValue }) => nullValue),
    ...encodeConstants(constants),
  ]);
  const optional = new Set(
    plan.columns.flatMap((column, c) => column.optional ? [fields.columns[c]] : []),
  );
  const names = [
    ...columns.map(({ name }) => name),
    ...missing.map(({ name }) => name),
    ...constants.map(({ name }) => name),
    ...(plan.lineColumn ? ["_source_line"] : []),
    ...(offsetColumn ? [OFFSET_COLUMN] : []),
  ];
  // A default may be longer than its field.
  const defaults = columns.reduce((sum, { nullValue }) => sum + nullValue.length, 0);
  const fixed = 32 * names.length + 32 + tail.length + defaults;
  const field = new FieldReader();
  const anyField = anyValue(plan);
  // Nothing but an empty field is NULL there, which needs no look at its bytes.
  const isPlain = !anyField.trim && anyField.emptyIsNull && anyField.nulls === null;
  let discarded = 0;
  let valuesDiscarded = 0;
  const hasKeys = plan.naming === "keys";
  const needsKeys = hasKeys && plan.missingColumns === "discard_row";
  const byField = new Map(plan.columns.map(({ name }, c) => [fields.columns[c], name]));
  /** Fields that no record has had. */
  let unseen = hasKeys ? [...byField.keys()] : [];
  let others: readonly string[] = [];
  let records = 0;

  /** Fields that are quoted, trimmed or NULL: rarer than plain ones, and kept out of the hot loop. */
  function encodeSpecial(column: Column, batch: RecordBatch, at: number, frame: Frame) {
    field.read(column, batch, at);
    if (!field.isNull) {
      return encodeValue(column, field.bytes, field.start, field.end, frame);
    }
    if (column.nullProblem !== null) return column.nullProblem;
    const { nullValue } = column;
    for (let i = 0; i < nullValue.length; i++) frame.bytes[frame.length + i] = nullValue[i];
    frame.length += nullValue.length;
    return null;
  }

  function toReject(batch: RecordBatch, record: number, column: Column, problem: Problem): Reject {
    const start = batch.recordStarts[record];
    field.read(column, batch, record * batch.width + column.field);
    const value = field.isNull ? "NULL" : shown(field.bytes, field.start, field.end);
    return {
      line: batch.lines[record],
      byteOffset: batch.base + start,
      column: column.name,
      code: problem.code,
      message: `${value} is not ${problem.expected}`,
      raw: batch.bytes.slice(start, batch.recordEnds[record]),
    };
  }

  /** What the contract makes of a value that its type cannot hold; null goes on with the row. */
  function instead(column: Column, problem: Problem, frame: Frame): Problem | null {
    if (plan.typeChanges !== "discard_value" || !isTypeProblem(problem)) return problem;
    if (column.nullProblem !== null) return column.nullProblem;
    for (let i = 0; i < column.nullValue.length; i++) {
      frame.bytes[frame.length + i] = column.nullValue[i];
    }
    frame.length += column.nullValue.length;
    return null;
  }

  function isDiscarded(batch: RecordBatch, record: number): boolean {
    if (discardsAll) return true;
    if (needsKeys && columns.some((column) => lacks(batch, record, column))) return true;
    if (plan.newColumns === "discard_row" && (batch.others?.counts[record] ?? 0) > 0) return true;
    for (let k = 0; k < watched.length; k++) {
      field.read(anyField, batch, record * batch.width + watched[k]);
      if (!field.isNull) return true;
    }
    return false;
  }

  /** Whether a record lacks the key of a column that every record should have. */
  function lacks(batch: RecordBatch, record: number, { field }: Column): boolean {
    return (batch.flags[record * batch.width + field] & MISSING) !== 0 && !optional.has(field);
  }

  function noteKeys(batch: RecordBatch): void {
    records += batch.count;
    others = batch.others?.names ?? [];
    if (others.length > 0 && plan.newColumns === "freeze") matchKeys(plan, null, others);
    for (let r = 0; r < batch.count && unseen.length > 0; r++) {
      const { flags } = batch;
      unseen = unseen.filter((field) => (flags[r * batch.width + field] & MISSING) !== 0);
    }
  }

  return {
    columns: names,
    end() {
      if (!hasKeys || input.isPart || records === 0) return;
      const missing = new Set(unseen);
      matchKeys(
        plan,
        new Set([...byField].filter(([f]) => !missing.has(f)).map(([, name]) => name)),
        others,
      );
    },
    get discarded() {
      return discarded;
    },
    get valuesDiscarded() {
      return valuesDiscarded;
    },
    encode(batch, frame, reject, countOnly = false) {
      const { bytes, width, count, starts, ends, flags } = batch;
      const { recordStarts, recordEnds, malformed, base } = batch;
      const last = columns.length;
      let rows = 0;
      let bad = 0;
      if (hasKeys) noteKeys(batch);
      const leavesOut = discardsAll || watched.length > 0 || hasKeys;
      // Hot loop: every field of every file passes here.
      for (let r = 0; r < count; r++) {
        if (leavesOut && isDiscarded(batch, r)) {
          discarded++;
          continue;
        }
        const rowStart = frame.length;
        const room = (recordEnds[r] - recordStarts[r]) * 2 + fixed;
        frame.reserve(room);
        let limit = frame.bytes.length - room;
        frame.bytes[rowStart] = names.length >> 8;
        frame.bytes[rowStart + 1] = names.length;
        frame.length = rowStart + 2;
        let problem: Problem | null = null;
        let c = 0;
        for (; c < last; c++) {
          const column = columns[c];
          const at = r * width + column.field;
          const start = starts[at];
          const end = ends[at];
          problem = flags[at] === 0 && start !== end && column.plain
            ? encodeValue(column, bytes, start, end, frame)
            : encodeSpecial(column, batch, at, frame);
          if (problem !== null) {
            problem = instead(column, problem, frame);
            if (problem !== null) break;
          }
          // A value that took more than its share must not take it from the next.
          if (frame.length > limit) {
            frame.reserve(room);
            limit = frame.bytes.length - room;
          }
        }
        if (problem !== null) {
          frame.length = rowStart;
          if (plan.typeChanges === "discard_row" && isTypeProblem(problem)) {
            discarded++;
            continue;
          }
          const offset = base + recordStarts[r];
          while (bad < malformed.length && malformed[bad].byteOffset < offset) {
            reject(fromMalformed(batch, malformed[bad++], countOnly));
          }
          reject(countOnly ? COUNTED : toReject(batch, r, columns[c], problem));
          continue;
        }
        for (let k = 0; k < left.length; k++) {
          const at = r * width + left[k];
          if (isPlain && flags[at] === 0) {
            if (starts[at] !== ends[at]) valuesDiscarded++;
          } else {
            field.read(anyField, batch, at);
            if (!field.isNull) valuesDiscarded++;
          }
        }
        if (hasKeys) valuesDiscarded += batch.others?.counts[r] ?? 0;
        // A few bytes, or none: not worth a call of `set` for each row.
        for (let i = 0; i < tail.length; i++) frame.bytes[frame.length + i] = tail[i];
        frame.length += tail.length;
        if (plan.lineColumn) putBigint(frame, batch.lines[r]);
        if (offsetColumn) putBigint(frame, base + recordStarts[r]);
        rows++;
      }
      while (bad < malformed.length) reject(fromMalformed(batch, malformed[bad++], countOnly));
      return rows;
    },
  };
}

function encodeValue(
  column: Column,
  bytes: Uint8Array,
  start: number,
  end: number,
  frame: Frame,
): Problem | null {
  const from = frame.length;
  const problem = column.encode(bytes, start, end, frame);
  const { checks } = column;
  if (problem !== null || checks === null) return problem;
  for (let k = 0; k < checks.length; k++) {
    const broken = checks[k](frame, from, bytes, start, end);
    if (broken !== null) return broken;
  }
  return null;
}

/** The type, not a rule, is what the value breaks. */
export function isTypeProblem({ code }: Problem): boolean {
  return /^(invalid_|out_of_range$|nul_byte$)/.test(code);
}

function encodeConstants(constants: readonly ConstantColumn[]): Uint8Array[] {
  return constants.map(({ name, type, value }) => {
    if (value === null) return Uint8Array.of(255, 255, 255, 255);
    if (typeof value !== "string") throw new Error(`The fact of column ${name} is not filled in`);
    return encodeLiteral(name, type, {}, value);
  });
}

function concatenate(values: readonly Uint8Array[]): Uint8Array {
  const tail = new Uint8Array(values.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const value of values) {
    tail.set(value, at);
    at += value.length;
  }
  return tail;
}

function putBigint(frame: Frame, value: number): void {
  const at = frame.length;
  const high = Math.floor(value / 4294967296);
  putInt32(frame.bytes, at, 8);
  putInt32(frame.bytes, at + 4, high);
  putInt32(frame.bytes, at + 8, value - high * 4294967296);
  frame.length = at + 12;
}

const COUNTED: Reject = {
  line: 0,
  byteOffset: 0,
  column: null,
  code: "",
  message: "",
  raw: new Uint8Array(0),
};

function fromMalformed(
  { bytes }: RecordBatch,
  { line, byteOffset, code, message, start, end }: MalformedRecord,
  countOnly: boolean,
): Reject {
  if (countOnly) return COUNTED;
  return { line, byteOffset, column: null, code, message, raw: bytes.slice(start, end) };
}

function shown(bytes: Uint8Array, start: number, end: number): string {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
    bytes.subarray(start, Math.min(end, start + MESSAGE_VALUE * 4)),
  );
  const points = [...text];
  const cut = points.length > MESSAGE_VALUE || end - start > MESSAGE_VALUE * 4;
  return `"${cut ? points.slice(0, MESSAGE_VALUE).join("") + "…" : text}"`;
}

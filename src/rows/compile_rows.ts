import { SluiceError } from "../core/error.ts";
import { OFFSET_COLUMN } from "../core/names.ts";
import type { Encoded } from "../core/result.ts";
import type { Reject } from "../core/reject.ts";
import type { ConstantColumn, PartitionBounds, RowsPlan } from "../plan/load_plan.ts";
import { type Column, compileColumns } from "./compile_columns.ts";
import { anyValue, FieldReader } from "./field_reader.ts";
import type { Frame } from "./frame.ts";
import { DONE, type Kernel, LEFT } from "./kernel/kernel.ts";
import { isRowName, matchHeader, matchKeys } from "./match_header.ts";
import { MISSING, type RecordBatch } from "./record_batch.ts";
import { concatenate, encodeConstants, putBigint } from "./tuple_parts.ts";
import type { Problem } from "./types/encoder.ts";
import { COUNTED, fromMalformed, rejected } from "./to_reject.ts";
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
  /** Records so far of which the kernel left nothing. */
  readonly plain: Encoded;
  /** The others, rejects among them. */
  readonly special: Encoded;
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
  /** Encodes what is plain of the batches and frames that lie in its memory. */
  readonly kernel?: Kernel | undefined;
  /** The quote, as a byte, where it is doubled to stand inside quotes. */
  readonly doubled?: number | undefined;
}

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
  const mayDiscard = discardsAll || watched.length > 0 || needsKeys ||
    (hasKeys && plan.newColumns === "discard_row");
  const special = { records: 0, bytes: 0, all: 0, allBytes: 0 };
  /** What is wrong with the field that was encoded last. */
  let problem: Problem | null = null;
  // The kernel takes what is in quotes for a value.
  const kernel = !plan.quotedNulls && input.kernel?.setRows({
      plan,
      columns: columns.map((column) => ({ column, index: all.indexOf(column) })),
      unused: left,
      anyField,
      bounds: input.bounds ?? null,
      values: names.length,
      fixed,
      tail,
      offsetColumn,
      doubled: input.doubled ?? null,
    })
    ? input.kernel!
    : null;

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
    field.read(column, batch, record * batch.width + column.field);
    return rejected(batch, record, column.name, field, problem);
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

  /** Bytes that the tuple of a record, or what is left of it, takes at most; a value may take more. */
  function roomOf({ recordStarts, recordEnds }: RecordBatch, record: number): number {
    return (recordEnds[record] - recordStarts[record]) * 2 + fixed;
  }

  /**
   * Writes the fields of a record that are not done, and counts those of no column; returns how many
   * are done, which are all, those before the one with a {@link problem}, or one more than before
   * where the kernel takes the rest.
   */
  function encodeFields(
    batch: RecordBatch,
    record: number,
    done: number,
    frame: Frame,
    isShared: boolean,
  ): number {
    // Hot loop: where there is no kernel, every field of every file passes here.
    const { bytes, width, starts, ends, flags } = batch;
    const room = roomOf(batch, record);
    let limit = frame.bytes.length - room;
    problem = null;
    while (done < columns.length) {
      const column = columns[done];
      const at = record * width + column.field;
      const start = starts[at];
      const end = ends[at];
      problem = flags[at] === 0 && start !== end && column.plain
        ? encodeValue(column, bytes, start, end, frame)
        : encodeSpecial(column, batch, at, frame);
      if (problem !== null) problem = instead(column, problem, frame);
      if (problem !== null) return done;
      done++;
      // A value that took more than its share must not take it from the next.
      if (frame.length > limit) {
        frame.reserve(room);
        limit = frame.bytes.length - room;
      }
      if (isShared && frame.bytes === frame.home) return done;
    }
    while (done < columns.length + left.length) {
      const at = record * width + left[done++ - columns.length];
      if (isPlain && flags[at] === 0) {
        if (starts[at] !== ends[at]) valuesDiscarded++;
      } else {
        field.read(anyField, batch, at);
        if (!field.isNull) valuesDiscarded++;
      }
    }
    return done;
  }

  function endTuple(batch: RecordBatch, record: number, frame: Frame): void {
    if (hasKeys) valuesDiscarded += othersOf(batch, record);
    // A few bytes, or none: not worth a call of `set` for each row.
    for (let i = 0; i < tail.length; i++) frame.bytes[frame.length + i] = tail[i];
    frame.length += tail.length;
    if (plan.lineColumn) putBigint(frame, batch.lines[record]);
    if (offsetColumn) putBigint(frame, batch.base + batch.recordStarts[record]);
  }

  function othersOf({ others }: RecordBatch, record: number): number {
    return others?.counts[record] ?? 0;
  }

  function noteSpecial({ recordStarts, recordEnds }: RecordBatch, record: number): void {
    special.records++;
    special.bytes += recordEnds[record] - recordStarts[record];
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
    get plain() {
      return { records: special.all - special.records, bytes: special.allBytes - special.bytes };
    },
    get special() {
      return { records: special.records, bytes: special.bytes };
    },
    encode(batch, frame, reject, countOnly = false) {
      const { count, recordStarts, recordEnds, malformed, base } = batch;
      if (hasKeys) noteKeys(batch);
      special.all += count;
      for (let r = 0; r < count; r++) special.allBytes += recordEnds[r] - recordStarts[r];
      frame.comeHome();
      const fast = kernel !== null && kernel.holds(batch) ? kernel : null;
      let rows = 0;
      let bad = 0;
      let r = 0;
      /** Fields of the record that are done, where its tuple is begun. */
      let done = 0;
      let isBegun = false;
      let rowStart = 0;
      let noted = -1;
      while (r < count) {
        if (mayDiscard && !isBegun && isDiscarded(batch, r)) {
          discarded++;
          noteSpecial(batch, r++);
          continue;
        }
        if (fast !== null && frame.bytes === frame.home) {
          const from = r;
          const status = fast.encode(
            batch,
            frame,
            from,
            done,
            mayDiscard ? r + 1 : count,
            rowStart,
          );
          r = fast.record;
          done = fast.column;
          rowStart = fast.tuple;
          isBegun = status === LEFT;
          rows += r - from;
          valuesDiscarded += fast.discarded;
          if (hasKeys) { for (let k = from; k < r; k++) valuesDiscarded += othersOf(batch, k); }
          if (status === DONE) continue;
        }
        if (noted !== r) noteSpecial(batch, noted = r);
        if (!isBegun) {
          frame.reserve(roomOf(batch, r));
          rowStart = frame.length;
          frame.bytes[rowStart] = names.length >> 8;
          frame.bytes[rowStart + 1] = names.length;
          frame.length = rowStart + 2;
          isBegun = true;
        }
        done = encodeFields(batch, r, done, frame, fast !== null);
        if (problem === null && fast !== null && frame.bytes === frame.home) continue;
        if (problem === null) {
          endTuple(batch, r, frame);
          rows++;
        } else {
          frame.length = rowStart;
          if (plan.typeChanges === "discard_row" && isTypeProblem(problem)) discarded++;
          else {
            const offset = base + recordStarts[r];
            while (bad < malformed.length && malformed[bad].byteOffset < offset) {
              reject(fromMalformed(batch, malformed[bad++], countOnly));
            }
            reject(countOnly ? COUNTED : toReject(batch, r, columns[done], problem));
          }
        }
        r++;
        done = 0;
        isBegun = false;
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

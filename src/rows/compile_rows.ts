import { SluiceError } from "../core/error.ts";
import { OFFSET_COLUMN } from "../core/names.ts";
import type { ConstantColumn, PartitionBounds, RowsPlan } from "../plan/load_plan.ts";
import { compileColumns } from "./compile_columns.ts";
import { anyValue } from "./field_reader.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { isRowName, matchHeader } from "./match_header.ts";
import { RecordEncoder } from "./record_encoder.ts";
import type { RowEncoder } from "./row_encoder.ts";
import { SeenKeys } from "./seen_keys.ts";
import { StoredColumn } from "./stored/stored_column.ts";
import { StoredEncoder } from "./stored/stored_encoder.ts";
import { concatenate, encodeConstants } from "./tuple_parts.ts";
import type { GuessFormat } from "./wrong_file.ts";

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
  /** Rows come as the format stores them. */
  readonly isStored?: boolean | undefined;
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
  const isWatched = (index: number) =>
    plan.newColumns === "discard_row" && !isRowName(input.header, index);
  const watched = fields.unused.filter(isWatched);
  const left = fields.unused.filter((index) => !isWatched(index));
  const tail = concatenate([
    ...missing.map(({ nullValue }) => nullValue),
    ...encodeConstants(constants),
  ]);
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
  const anyField = anyValue(plan);
  const hasKeys = plan.naming === "keys";
  // The kernel takes what is in quotes for a value.
  const hasKernel = !plan.quotedNulls && input.kernel?.setRows({
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
  });
  const records = new RecordEncoder({
    plan,
    names,
    columns,
    left,
    watched,
    optional: new Set(
      plan.columns.flatMap((column, c) => column.optional ? [fields.columns[c]] : []),
    ),
    anyField,
    fixed,
    tail,
    offsetColumn,
    discardsAll: plan.missingColumns === "discard_row" && missing.length > 0,
    keys: hasKeys ? new SeenKeys(plan, fields.columns) : null,
    isPart: input.isPart ?? false,
    kernel: hasKernel ? input.kernel ?? null : null,
  });
  if (input.isStored !== true) return records;
  const { bounds = null } = input;
  const discardsValues = plan.typeChanges === "discard_value";
  return new StoredEncoder(records, {
    columns: columns.map((column) =>
      new StoredColumn({
        column,
        plan: plan.columns[all.indexOf(column)],
        bounds: bounds?.column === column.name ? bounds : null,
      }, discardsValues)
    ),
    tail,
    lineColumn: plan.lineColumn,
    offsetColumn,
    needsTexts: watched.length > 0 || hasKeys ||
      plan.missingColumns === "discard_row" && missing.length > 0,
  });
}

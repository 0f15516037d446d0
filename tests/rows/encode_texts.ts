import type { ColumnPlan, RowsPlan } from "../../src/plan/load_plan.ts";
import { compileRows } from "../../src/rows/compile_rows.ts";
import { Frame } from "../../src/rows/frame.ts";
import type { Kernel } from "../../src/rows/kernel/kernel.ts";
import type { RecordBatch } from "../../src/rows/record_batch.ts";
import { emptyBatch } from "../../src/source/growing_batch.ts";

/** What became of each text of a column, by the kernel where there is one. */
export interface EncodedTexts {
  /** The hex of the binary value, `null`, or the code of the problem. */
  readonly outcomes: readonly string[];
  /** Texts of which the kernel left nothing. */
  readonly plain: number;
}

/** A column named `c`. */
export function columnPlan(change: Partial<ColumnPlan>): ColumnPlan {
  return {
    name: "c",
    from: "c",
    aliases: [],
    type: { name: "text" },
    required: false,
    default: null,
    rules: {},
    options: {},
    ...change,
  };
}

/** A plan of columns found by their place. */
export function rowsPlan(columns: readonly ColumnPlan[], change: Partial<RowsPlan> = {}): RowsPlan {
  return {
    naming: "position",
    nullValues: [],
    trim: false,
    columns,
    newColumns: "freeze",
    missingColumns: "freeze",
    typeChanges: "freeze",
    lineColumn: false,
    offsetColumn: false,
    ...change,
  };
}

/** Encodes texts as records of one field, each between other bytes. */
export function encodeTexts(
  column: ColumnPlan,
  texts: readonly Uint8Array[],
  kernel?: Kernel,
): EncodedTexts {
  kernel?.reset();
  const encoder = compileRows(rowsPlan([column]), [], { header: null, width: 1, kernel });
  const frame = kernel?.takeFrame() ?? new Frame(1 << 16);
  const outcomes: string[] = [];
  for (let from = 0; from < texts.length;) {
    const { batch, next } = batchOf(texts, from, kernel);
    const problems = new Map<number, string>();
    frame.length = 0;
    encoder.encode(batch, frame, ({ line, code }) => problems.set(line, code));
    let at = 0;
    for (; from < next; from++) {
      const problem = problems.get(from);
      if (problem !== undefined) {
        outcomes.push(problem);
        continue;
      }
      const length = frame.view.getInt32(at + 2);
      const end = at + 6 + Math.max(0, length);
      outcomes.push(length < 0 ? "null" : frame.bytes.slice(at + 6, end).toHex());
      at = end;
    }
    if (at !== frame.length) throw new Error(`The tuples end at ${at}, the frame ${frame.length}`);
  }
  return { outcomes, plain: encoder.plain.records };
}

const MOST_TEXTS = 20_000;
const MOST_BYTES = 250_000;

function batchOf(texts: readonly Uint8Array[], from: number, kernel: Kernel | undefined) {
  let next = from;
  let size = 1;
  while (next < texts.length && next - from < MOST_TEXTS) {
    if (size + texts[next].length > MOST_BYTES && next > from) break;
    size += texts[next++].length + 1;
  }
  const count = next - from;
  const isHome = kernel !== undefined && size <= kernel.home.bytes.length;
  const batch: RecordBatch = isHome ? emptyBatch(() => 0, kernel.home) : {
    ...emptyBatch(() => 0),
    bytes: new Uint8Array(size),
    starts: new Int32Array(count),
    ends: new Int32Array(count),
    flags: new Uint8Array(count),
    recordStarts: new Int32Array(count),
    recordEnds: new Int32Array(count),
    lines: new Float64Array(count),
  };
  batch.width = 1;
  batch.count = count;
  batch.bytes[0] = 55;
  let at = 1;
  for (let r = 0; r < count; r++) {
    const text = texts[from + r];
    batch.bytes.set(text, at);
    batch.starts[r] = batch.recordStarts[r] = at;
    batch.ends[r] = batch.recordEnds[r] = at + text.length;
    batch.lines[r] = from + r;
    at += text.length;
    // A digit, which no field may read behind its end.
    batch.bytes[at++] = 55;
  }
  return { batch, next };
}

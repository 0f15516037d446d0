import type { Reject } from "../core/reject.ts";
import { rowsPlan } from "../plan/rows_plan.ts";
import { sourcePlan } from "../plan/source_plan.ts";
import { sqlType } from "../plan/sql_types.ts";
import { compileRows } from "../rows/compile_rows.ts";
import type { RowEncoder } from "../rows/row_encoder.ts";
import { Frame } from "../rows/frame.ts";
import type { RecordBatch } from "../rows/record_batch.ts";
import { showValue } from "../rows/verify/show_value.ts";
import type { SourceContext } from "../source/context.ts";
import { openReader } from "../source/formats/mod.ts";
import { openSource } from "../source/open.ts";
import type { ColumnType, PipelineSpec } from "../spec/pipeline_spec.ts";
import { byRanges } from "./by_ranges.ts";

/** Only values that decide about their row, or that become columns, are read. */
const OTHERS = {
  evolve: "read",
  discard_row: "count",
  discard_value: "skip",
  freeze: "skip",
} as const;

/** The first rows of a source, as a load would write them. */
export interface Preview {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Values as Postgres would show them; null for NULL. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** Records among them that would not be loaded. */
  readonly rejects: readonly Pick<Reject, "line" | "column" | "code" | "message">[];
}

/**
 * Reads the first records of a source, and encodes them as a load does. Rules between columns,
 * keys and partitions are of the whole load, and are not seen here.
 *
 * @param most rows and rejects that are returned
 * @throws SluiceError `source/…`, `rows/schema_mismatch`
 */
export async function previewSource(
  spec: PipelineSpec,
  partition: string | null,
  most: number,
  context: SourceContext,
): Promise<Preview> {
  return await byRanges(context, (inParts) => readPreview(spec, partition, most, inParts));
}

async function readPreview(
  spec: PipelineSpec,
  partition: string | null,
  most: number,
  context: SourceContext,
): Promise<Preview> {
  const plan = { ...rowsPlan(spec), lineColumn: false, offsetColumn: true };
  await using open = await openSource(sourcePlan(spec, partition), context);
  const reader = openReader(spec.source.format, {
    columns: plan.columns,
    others: OTHERS[plan.newColumns],
    isStart: true,
  });
  // What Postgres computes is not known without it.
  const read = plan.columns;
  const types = new Map(read.map(({ name, type }) => [name, type]));
  const frame = new Frame(1 << 16);
  const rejects: (Told & { readonly offset: number })[] = [];
  const rows: { readonly offset: number; readonly values: (string | null)[] }[] = [];
  let encoder: RowEncoder | null = null;
  let order: number[] = [];

  function take(batch: RecordBatch | null): void {
    if (batch === null) return;
    if (encoder === null) {
      encoder = compileRows(plan, [], {
        header: reader.header,
        width: batch.width,
        ...reader.about,
      });
      const { columns } = encoder;
      order = read.map(({ name }) => columns.indexOf(name));
    }
    frame.length = 0;
    encoder.encode(batch, frame, ({ line, column, code, message, byteOffset }) => {
      rejects.push({ line, column, code, message, offset: byteOffset });
    });
    const columns = encoder.columns.map((name) => types.get(name) ?? null);
    for (const values of tuples(frame, columns)) {
      rows.push({ offset: Number(values.at(-1)), values: order.map((at) => values[at]) });
    }
  }

  // The first file of several.
  for await (const file of open.files) {
    if (reader.batches !== undefined) {
      for await (const batch of reader.batches(await file.whole())) {
        context.signal.throwIfAborted();
        take(batch);
        if (rows.length + rejects.length >= most) break;
      }
      break;
    }
    for await (const chunk of file.chunks) {
      context.signal.throwIfAborted();
      take(reader.push(chunk));
      if (rows.length + rejects.length >= most) break;
    }
    if (rows.length + rejects.length < most) take(reader.finish());
    break;
  }
  // Those of the first records, whichever they are; several may stand on one line.
  const offsets = [...rows, ...rejects].map(({ offset }) => offset).sort((a, b) => a - b);
  const last = offsets[Math.min(most, offsets.length) - 1] ?? -1;
  return {
    columns: read.map(({ name, type }) => ({ name, type: sqlType(type) })),
    rows: rows.filter(({ offset }) => offset <= last).map(({ values }) => values),
    rejects: rejects.filter(({ offset }) => offset <= last)
      .map(({ offset: _, ...reject }) => reject),
  };
}

type Told = Preview["rejects"][number];

/** The tuples of COPY BINARY in a frame; a value of no column is the record's offset. */
function* tuples(
  { bytes, view, length }: Frame,
  types: readonly (ColumnType | null)[],
): Generator<(string | null)[]> {
  for (let at = 0; at < length;) {
    const count = view.getInt16(at);
    at += 2;
    const values: (string | null)[] = [];
    for (let v = 0; v < count; v++) {
      const size = view.getInt32(at);
      at += 4;
      values.push(size < 0 ? null : valueText(types[v], bytes.slice(at, at + size)));
      at += Math.max(0, size);
    }
    yield values;
  }
}

const TEXTS = ["text", "varchar", "char", "json", "jsonb", "other"];

function valueText(type: ColumnType | null, bytes: Uint8Array): string {
  if (type === null) return String(new DataView(bytes.buffer).getBigInt64(0));
  if (!TEXTS.includes(type.name)) return showValue(type, bytes);
  return new TextDecoder().decode(type.name === "jsonb" ? bytes.subarray(1) : bytes);
}

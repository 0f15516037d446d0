import { SluiceError } from "../core/error.ts";
import type { SourcePlan } from "../plan/load_plan.ts";
import { FieldReader } from "../rows/field_reader.ts";
import { QUOTED, type RecordBatch, STRING } from "../rows/record_batch.ts";
import { ByteInput } from "../source/byte_input.ts";
import type { SourceContext } from "../source/context.ts";
import { openReader, type RecordReader } from "../source/formats/mod.ts";
import { openUnknown } from "../source/open.ts";
import type { RandomInput } from "../source/random_input.ts";
import { spool } from "../source/spool.ts";
import { type FieldEvidence, FieldProfile, MOST_DISTINCT } from "./field_profile.ts";
import { byRanges } from "./by_ranges.ts";
import {
  buildKeys,
  emptyFile,
  type FormatKeys,
  HEAD_BYTES,
  isRandom,
  recogniseFormat,
} from "./recognise_format.ts";

/** What a file shows of itself. */
export interface SourceProfile {
  readonly format: FormatKeys;
  readonly fields: readonly ProfiledField[];
  /** Records that were looked at and can be read. */
  readonly records: number;
  /** The whole file was read, not its beginning only. */
  readonly isWhole: boolean;
  /** Bytes as they are stored that were read. */
  readonly bytes: number;
  /** Records that no load can read: ragged, not UTF-8. */
  readonly unreadable: number;
  /** Why the first of them cannot be read. */
  readonly firstUnreadable: { readonly line: number; readonly message: string } | null;
}

export interface ProfiledField extends FieldEvidence {
  /** As the header has it; null where the file has no header. */
  readonly name: string | null;
}

/** Records and decompressed bytes of a sample. */
const SAMPLE_RECORDS = 50_000;
const SAMPLE_BYTES = 1 << 24;

/**
 * Reads a sample of a file, or all of it, and finds out what is in it. Memory is bounded.
 *
 * @param source with any format
 * @throws SluiceError `source/…`, see docs/sources.md
 */
export async function inspectSource(
  source: SourcePlan,
  shown: string,
  isFull: boolean,
  context: SourceContext,
): Promise<SourceProfile> {
  // What else a name tells is told by the first bytes.
  const inParts = !isFull && /\.parquet$/i.test(URL.parse(source.url)?.pathname ?? "");
  if (!inParts) return await inspect(source, shown, isFull, context);
  return await byRanges(
    context,
    (trusting) => inspect({ ...source, byRanges: true }, shown, isFull, trusting),
  );
}

async function inspect(
  source: SourcePlan,
  shown: string,
  isFull: boolean,
  context: SourceContext,
): Promise<SourceProfile> {
  await using open = await openUnknown(source, context);
  let format: FormatKeys | null = null;
  let profiler: Profiler | null = null;
  let isWhole = true;
  let inParts = 0;
  for await (const file of open.files) {
    const { url } = file;
    const mayBeRandom = format === null || isRandom(format);
    const random = file.isRandom && mayBeRandom ? await file.whole() : null;
    const counted = random && {
      ...random,
      read: async (start: number, end: number) => {
        inParts += end - start;
        return await random.read(start, end);
      },
    };
    const input = new ByteInput(file.chunks);
    const head = counted === null
      ? (await input.peek(HEAD_BYTES)).slice()
      : await counted.read(0, Math.min(HEAD_BYTES, counted.size));
    format ??= recogniseFormat(head, url);
    profiler ??= new Profiler(format);
    if (!isRandom(format)) {
      isWhole = await readFile(input, format, profiler, isFull, context.signal);
    } else if (counted !== null) {
      isWhole = await readRandom(counted, format, profiler, isFull, context.signal);
    } else {
      await using kept = await spool(input.rest(), url);
      const whole = { ...kept, confirm: () => Promise.resolve() };
      isWhole = await readRandom(whole, format, profiler, isFull, context.signal);
    }
    if (!isWhole) break;
  }
  if (format === null || profiler === null) throw emptyFile();
  requireColumns(profiler.width, shown);
  const bytes = inParts > 0 ? inParts : open.bytesRead();
  const profile = { ...profiler.result(isWhole), isWhole, bytes };
  if (profile.records > 0 || profile.firstUnreadable === null) return profile;
  const { line, message } = profile.firstUnreadable;
  throw new SluiceError(
    "source/no_readable_record",
    `None of ${profile.unreadable} records of "${shown}" can be read; line ${line}: ${message}`,
    { details: { line }, hint: "Convert the file, or write its pipeline by hand: docs/sources.md" },
  );
}

/** Shows a file to the profiler, or the beginning of it; whether it was read to its end. */
async function readFile(
  input: ByteInput,
  format: FormatKeys,
  profiler: Profiler,
  isFull: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const reader = openReader(buildKeys(format), { columns: [], others: "read" });
  profiler.start(reader);
  for await (const chunk of input.rest()) {
    signal.throwIfAborted();
    profiler.take(reader.push(chunk));
    profiler.bytes += chunk.length;
    if (isFull) continue;
    if (profiler.bytes >= SAMPLE_BYTES || profiler.records >= SAMPLE_RECORDS) return false;
  }
  profiler.take(reader.finish());
  return true;
}

/** The same for a file that is read from its end. */
async function readRandom(
  file: RandomInput,
  format: FormatKeys,
  profiler: Profiler,
  isFull: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const reader = openReader(buildKeys(format), { columns: [], others: "read", isStart: !isFull });
  profiler.start(reader);
  for await (const batch of reader.batches!(file)) {
    signal.throwIfAborted();
    profiler.take(batch);
    if (!isFull && profiler.records >= SAMPLE_RECORDS) return false;
  }
  profiler.take(null);
  await file.confirm();
  return true;
}

/** Columns of a Postgres table, but for the one that a load adds. */
const MOST_COLUMNS = 1_599;

function requireColumns(width: number, shown: string): void {
  if (width <= MOST_COLUMNS) return;
  throw new SluiceError(
    "source/too_many_fields",
    `"${shown}" has ${width} fields: a table has room for ${MOST_COLUMNS} of them`,
    {
      details: { fields: width },
      hint: "Write a pipeline by hand, with the columns that are needed and\n" +
        "schema_contract: { new_columns: discard_value }",
    },
  );
}

/** Shows each record's fields to their profiles; of several files, by the names of the fields. */
class Profiler {
  records = 0;
  /** Decompressed. */
  bytes = 0;
  readonly #format: FormatKeys;
  readonly #profiles: { readonly name: string | null; readonly field: FieldProfile }[] = [];
  readonly #field = new FieldReader();
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #budget = { left: MOST_DISTINCT };
  #reader: RecordReader | null = null;
  /** Index of the profile of each field of the file. */
  #places: number[] = [];
  #unreadable = 0;
  #first: { line: number; message: string } | null = null;

  constructor(format: FormatKeys) {
    this.#format = format;
  }

  /** Begins a file. */
  start(reader: RecordReader): void {
    this.#reader = reader;
    this.#places = [];
  }

  take(batch: RecordBatch | null): void {
    this.#place(batch?.width ?? 0);
    if (batch === null) return;
    for (const { line, message } of batch.malformed) this.#refuse(line, message);
    for (let record = 0; record < batch.count; record++) this.#see(batch, record);
  }

  /** Finds profiles for the fields that have none: by name, and those of one name in their order. */
  #place(width: number): void {
    const header = this.#reader?.header ?? null;
    const fields = header?.length ?? width;
    const taken = new Set(this.#places);
    for (let f = this.#places.length; f < fields; f++) {
      const name = header?.[f] ?? null;
      let at = this.#profiles.findIndex((each, i) => !taken.has(i) && each.name === name);
      if (at === -1) {
        at = this.#profiles.length;
        const field = new FieldProfile(this.#budget);
        // Records before the first one that has the key.
        for (let r = 0; r < this.records; r++) field.seeEmpty(false);
        this.#profiles.push({ name, field });
      }
      taken.add(at);
      this.#places.push(at);
    }
  }

  #see(batch: RecordBatch, record: number): void {
    const texts = this.#texts(batch, record);
    if (texts === null) return;
    this.records++;
    const first = record * batch.width;
    const isJson = batch.others !== undefined;
    const seen = new Set<number>();
    this.#places.forEach((place, f) => {
      const { field } = this.#profiles[place];
      seen.add(place);
      const text = texts[f];
      const flags = batch.flags[first + f];
      if (text === undefined || text === null) return field.seeEmpty((flags & QUOTED) !== 0);
      if (isJson && (flags & STRING) === 0 && /^[[{]/.test(text)) return field.seeNested();
      field.see(text, !isJson && (flags & QUOTED) === 0, isJson && (flags & STRING) === 0);
    });
    if (seen.size === this.#profiles.length) return;
    // Another file of the source has them.
    this.#profiles.forEach(({ field }, at) => seen.has(at) || field.seeEmpty(false));
  }

  /** What the fields of a record say, null for nothing; null where it cannot be read. */
  #texts(batch: RecordBatch, record: number): (string | null)[] | null {
    const first = record * batch.width;
    const texts: (string | null)[] = [];
    for (let f = 0; f < batch.width; f++) {
      this.#field.read(PLAIN, batch, first + f);
      const { bytes, start, end, isNull } = this.#field;
      if (isNull || start === end) {
        // An empty string of JSON is a text; a quoted empty field may be either.
        const isString = (batch.flags[first + f] & STRING) !== 0;
        texts.push(isString ? "" : null);
        continue;
      }
      const text = this.#decode(bytes.subarray(start, end));
      if (text === null || text.includes("\0")) {
        const why = text === null ? "is not UTF-8" : "holds a NUL, which Postgres cannot store";
        this.#refuse(batch.lines[record], `Field ${f + 1} ${why}`);
        return null;
      }
      texts.push(text);
    }
    return texts;
  }

  #decode(bytes: Uint8Array): string | null {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      return null;
    }
  }

  #refuse(line: number, message: string): void {
    this.#unreadable++;
    this.#first ??= { line, message };
  }

  /** Fields of a record. */
  get width(): number {
    return this.#profiles.length;
  }

  result(isWhole: boolean) {
    const fields = this.#profiles.map(({ field }) => field);
    // Where a program has a text of its own for NULL, an empty field is an empty text.
    const own = fields.some((field) => field.nullTexts().has("\\N"));
    const format: FormatKeys = own && this.#format.type === "csv"
      ? { ...this.#format, null_values: ["\\N"] }
      : this.#format;
    const around = {
      isWhole,
      nullValues: buildKeys(format).nullValues,
      hasEmptyFields: format.type === "csv",
      hasDecimalCommas: fields.some((field) => field.hasDecimalCommas()),
    };
    return {
      format,
      fields: this.#profiles.map(({ name, field }): ProfiledField => ({
        name,
        ...field.result(around),
      })),
      records: this.records,
      unreadable: this.#unreadable,
      firstUnreadable: this.#first,
    };
  }
}

/** A field as it is: only nothing at all is NULL. */
const PLAIN = {
  trim: false,
  trimQuoted: false,
  emptyIsNull: true,
  emptyAsNull: true,
  quotedNulls: false,
  isJson: false,
  elements: null,
  nulls: null,
} as const;

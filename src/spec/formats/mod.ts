import { copy } from "./copy.ts";
import { csv } from "./csv.ts";
import { fixed } from "./fixed.ts";
import type { FormatReport, FormatSpec, Naming } from "./format_spec.ts";
import { json } from "./json.ts";
import { ndjson } from "./ndjson.ts";
import { parquet } from "./parquet.ts";
import { tsv } from "./tsv.ts";
import { xlsx } from "./xlsx.ts";
import type { Readers } from "../readers.ts";
import { z } from "../zod.ts";

export type { CommonOptions, Naming } from "./format_spec.ts";

/** Every format, by the `type` of its options. */
const FORMATS = { csv, tsv, copy, fixed, ndjson, json, parquet, xlsx } as const;

type Name = keyof typeof FORMATS;

/** Options of any format; `type` discriminates. */
export type FormatOptions = ReturnType<(typeof FORMATS)[Name]["build"]>;

/** Words for `source.format` that stand for a format with nothing said about it. */
export const FORMAT_NAMES = Object.keys(FORMATS) as [Name, ...Name[]];

/** `source.format` */
export const formatSchema = z.union([
  z.enum(FORMAT_NAMES),
  ...Object.values(FORMATS).map(({ schema }) => schema),
]).meta({
  values: Object.assign({}, ...Object.values(FORMATS).map(({ values }) => values)),
  later: /^(avro|orc|xml|ods)$/,
});

/** The options of a format, with nothing left out. */
export function buildFormat(input: z.output<typeof formatSchema>): FormatOptions {
  const name = typeof input === "string" ? input : input.type;
  return plug(name).build(
    typeof input === "string" ? FORMATS[name].schema.parse({ type: name }) : input,
  );
}

/** How a database sends rows: as COPY writes them, behind the names, with no line that ends them. */
export function databaseFormat(): FormatOptions {
  const input = FORMATS.copy.schema.parse({
    type: "copy",
    header: true,
    max_record_bytes: 64 << 20,
  });
  return { ...FORMATS.copy.build(input), endPattern: null };
}

/** What says which field is which. */
export function namingOf(options: FormatOptions): Naming {
  return plug(options.type).naming(options);
}

/** Reports what no single key of `source.format` shows. */
export function checkFormat(
  options: FormatOptions,
  report: FormatReport,
  readers: Readers,
): void {
  plug(options.type).check(options, report, readers);
}

/** Paths of the keys that {@link namingOf} or {@link checkFormat} reads. */
export function formatReads(who: "naming" | "check"): string[] {
  return Object.values(FORMATS).flatMap(({ reads }) =>
    reads[who].map((key) => `source.format.${key}`)
  );
}

/** The options that a plug takes are those of its own name. */
function plug(name: Name): FormatSpec<z.ZodObject, FormatOptions> {
  return FORMATS[name] as unknown as FormatSpec<z.ZodObject, FormatOptions>;
}

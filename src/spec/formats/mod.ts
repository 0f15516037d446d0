import { z } from "zod";
import { csv, type CsvOptions } from "./csv.ts";
import type { FormatReport, FormatSpec, Naming } from "./format_spec.ts";
import { ndjson, type NdjsonOptions } from "./ndjson.ts";

export type { CommonOptions, Naming } from "./format_spec.ts";

/** Options of any format; `type` discriminates. */
export type FormatOptions = CsvOptions | NdjsonOptions;

/** Every format, by the `type` of its options. */
const FORMATS = { csv, ndjson } as const;

type Name = keyof typeof FORMATS;

/** Words for `source.format` that stand for a format with nothing said about it. */
export const FORMAT_NAMES = Object.keys(FORMATS) as [Name, ...Name[]];

/** `source.format` */
export const formatSchema = z.union([
  z.enum(FORMAT_NAMES),
  csv.schema,
  ndjson.schema,
]).meta({ values: Object.assign({}, ...Object.values(FORMATS).map(({ values }) => values)) });

/** The options of a format, with nothing left out. */
export function buildFormat(input: z.output<typeof formatSchema>): FormatOptions {
  const name = typeof input === "string" ? input : input.type;
  return plug(name).build(
    typeof input === "string" ? FORMATS[name].schema.parse({ type: name }) : input,
  );
}

/** What says which field is which. */
export function namingOf(options: FormatOptions): Naming {
  return plug(options.type).naming(options);
}

/** Reports what no single key of `source.format` shows. */
export function checkFormat(options: FormatOptions, report: FormatReport): void {
  plug(options.type).check(options, report);
}

/** The keys of `source.format`: of one format, or all of them where it is none. */
export function formatKeys(type: unknown): string[] {
  const named = FORMAT_NAMES.find((name) => name === type);
  const schemas = named === undefined ? Object.values(FORMATS) : [FORMATS[named]];
  return [...new Set(schemas.flatMap(({ schema }) => Object.keys(schema.shape)))];
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

import type { SectionSpec } from "../schema/section.ts";
import type { commonSchema } from "./common_keys.ts";
import type { SpecCode } from "../codes.ts";
import type { Readers } from "../readers.ts";
import type { z } from "../zod.ts";

/** What says which field of a record is which: a header, its place, or a key of its own. */
export type Naming = "header" | "position" | "keys";

/** Options of every format. */
export type CommonOptions = SectionSpec<typeof commonSchema> & {
  /** Texts read as NULL in every column. */
  readonly nullValues: readonly string[];
};

/** Reports a mistake in a key of `source.format`. */
export type FormatReport = (key: string, code: SpecCode, message: string, hint?: string) => void;

/** A file format as a pipeline file has it. */
export interface FormatSpec<S extends z.ZodObject, O extends CommonOptions> {
  readonly schema: S;
  /** What other tools call the format, or a way to write it; see `KeyMeta.values`. */
  readonly values: Readonly<Record<string, string>>;
  /** Options with nothing left out. */
  build(input: z.output<S>): O;
  naming(options: O): Naming;
  /** Keys that `naming` and `check` read. */
  readonly reads: { readonly naming: readonly string[]; readonly check: readonly string[] };
  /** Reports what no single key shows. */
  check(options: O, report: FormatReport, readers: Readers): void;
}

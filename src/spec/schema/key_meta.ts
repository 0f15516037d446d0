/**
 * What the JSON Schema says of a key beyond what zod can: editors mark what the pattern lacks, with
 * the message, and offer the examples.
 *
 * A pattern takes whatever the loader takes, and perhaps more: a good file is never marked.
 */
export interface EditorHint {
  readonly pattern?: string;
  readonly patternErrorMessage?: string;
  readonly examples?: readonly string[];
}

/**
 * What the schema of a key says besides the values it takes, given with `.meta({ … })`.
 *
 * `keys.ts` reads it, and with it everything that depends on which keys there are: hints, the hash,
 * the JSON Schema, the tables of `docs/pipeline.md`.
 */
export interface KeyMeta {
  /** One sentence, for editors and the tables; `.describe(…)` sets it. */
  readonly description?: string | undefined;
  /** The sentence of the tables, where links or Markdown say more than `description`. */
  readonly docs?: string;
  /** A scalar stays as the file writes it: `01` is not 1, and `2021-10` no number. */
  readonly text?: true;
  /** A duration, whose name in the spec ends with `Seconds`. */
  readonly seconds?: true;
  /** What other tools call the key. */
  readonly words?: readonly string[];
  /** What other tools call its values, and what those are here; `{ … }` stands for itself. */
  readonly values?: Readonly<Record<string, string>>;
  /** Values that a later version will know. */
  readonly later?: RegExp;
  /** What other tools write in this section for a key of another one, and the path of that. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /**
   * Whether it can change the rows that are published: they are loaded again when it changes
   * (`hash.ts`). Every key can that does not say `false`, for itself or for its section; of a section
   * with `true` the whole counts.
   */
  readonly rows?: boolean;
  /** What leaving the key out means, where the schema has no default: something depends on it. */
  readonly leftOut?: unknown;
  /** Names of the types whose columns can have the key; left out: all. */
  readonly types?: RegExp;
  /** What only editors make of it. */
  readonly editor?: EditorHint;
  /** Takes the place of a wrong value that the rest of the file cannot be checked without. */
  readonly standIn?: unknown;
}

/** The names of {@link KeyMeta} that no JSON Schema has. */
export const OWN_META = [
  "docs",
  "text",
  "seconds",
  "words",
  "values",
  "later",
  "elsewhere",
  "rows",
  "leftOut",
  "types",
  "editor",
  "standIn",
] as const;

declare module "zod" {
  interface GlobalMeta extends KeyMeta {}
}

import { metaOf } from "./meta_of.ts";
import type { Seconds } from "./text.ts";
import { z } from "../zod.ts";

type Camel<Name> = Name extends `${infer Head}_${infer Rest}` ? `${Head}${Capitalize<Camel<Rest>>}`
  : Name;

/** What a key is called in the spec. */
type Field<Name, T> = [Exclude<T, undefined>] extends [Seconds] ? `${Camel<Name> & string}Seconds`
  : Camel<Name>;

type Value<T> = T extends readonly (infer Item)[] ? readonly Item[]
  : T extends Seconds ? number
  : T;

/** The keys that are `.optional()`, which takes `undefined`; `.exactOptional()` does not. */
type NullKeys<Section> = {
  [Key in keyof Section]-?: { [K in Key]: undefined } extends Pick<Section, Key> ? Key : never;
}[keyof Section];

/** A section of which the spec has what the file gives, by the same names. */
export type Given<Schema extends z.ZodObject> = {
  readonly [Key in keyof z.output<Schema>]: Value<z.output<Schema>[Key]>;
};

/**
 * A section as the spec has it: `keep_days` is `keepDays`, and the duration `jitter` `jitterSeconds`.
 *
 * What the file leaves out is null where the key is `.optional()`, and missing where it is
 * `.exactOptional()`.
 */
export type SectionSpec<Schema extends z.ZodObject> =
  & {
    readonly [
      Key in keyof Given<Schema> as Key extends NullKeys<z.output<Schema>> ? never
        : Field<Key, z.output<Schema>[Key]>
    ]: Given<Schema>[Key];
  }
  & {
    readonly [Key in NullKeys<z.output<Schema>> as Field<Key, z.output<Schema>[Key]>]:
      | Exclude<Given<Schema>[Key], undefined>
      | null;
  };

/** The spec of a section that its schema has accepted, key by key. */
export function sectionSpec<Schema extends z.ZodObject>(
  schema: Schema,
  input: z.output<Schema>,
): SectionSpec<Schema> {
  const values = input as Readonly<Record<string, unknown>>;
  const entries = Object.entries(schema.shape)
    .filter(([key, value]) => values[key] !== undefined || value instanceof z.ZodOptional)
    .map(([key, value]) => [fieldName(key, value as z.ZodType), values[key] ?? null]);
  return Object.fromEntries(entries) as SectionSpec<Schema>;
}

/** What a key is called in the spec. */
export function fieldName(key: string, schema: z.ZodType): string {
  return metaOf(schema).seconds ? `${camel(key)}Seconds` : camel(key);
}

/** `keep_days` as the spec has it: `keepDays`. */
export function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

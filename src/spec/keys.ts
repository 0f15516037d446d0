import type { KeyMeta } from "./schema/key_meta.ts";
import { metaOf, unwrapped } from "./schema/meta_of.ts";
import { pipelineSchema } from "./schema/pipeline.ts";
import type { Path } from "./yaml_tree.ts";
import { z } from "./zod.ts";

export { metaOf };

/** What can stand at a place: the schemas of a key, one for each branch of a union above it. */
export type Place = readonly z.ZodType[];

/** The whole file. */
export const ROOT: Place = [pipelineSchema];

/** A key of a section. */
export interface Key {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly meta: KeyMeta;
}

/**
 * The keys of the section at a place, each once; none where the user chooses them.
 *
 * @param type what the section says it is: only the branches of that type count
 */
export function keysOf(place: Place, type?: unknown): Key[] {
  const sections = place.flatMap(branches).filter((branch) => branch instanceof z.ZodObject);
  const named = sections.filter(({ shape: { type: own } }) =>
    own instanceof z.ZodLiteral && own.value === type
  );
  const keys = new Map<string, Key>();
  for (const { shape } of named.length === 0 ? sections : named) {
    for (const [name, schema] of Object.entries<z.ZodType>(shape)) {
      if (!keys.has(name)) keys.set(name, { name, schema, meta: metaOf(schema) });
    }
  }
  return [...keys.values()];
}

/** What can stand one step below a place. */
export function below(place: Place, step: string | number): Place {
  return place.flatMap(branches).flatMap((branch): Place => {
    if (typeof step === "number") {
      return branch instanceof z.ZodArray ? [branch.element as z.ZodType] : [];
    }
    if (branch instanceof z.ZodRecord) return [branch.valueType as z.ZodType];
    return branch instanceof z.ZodObject && Object.hasOwn(branch.shape, step)
      ? [branch.shape[step]]
      : [];
  });
}

/** What can stand at a path. */
export function placeAt(path: Path): Place {
  return path.reduce<Place>(below, ROOT);
}

/** The names of the keys that the section at a path takes. */
export function keysAt(path: Path, type?: unknown): string[] {
  return keysOf(placeAt(path), type).map(({ name }) => name);
}

/** Whether a scalar at a place stays as it is written. */
export function isText(place: Place): boolean {
  return place.flatMap(branches).some((branch) => metaOf(branch).text === true);
}

/** What takes the place of a wrong value at a path; undefined: nothing does. */
export function standInAt(path: Path): unknown {
  return placeAt(path).map((schema) => metaOf(schema).standIn).find((each) => each !== undefined);
}

/** The key of the section at a path that another tool calls so. */
export function keyOfWord(word: string, path: Path): string | null {
  return keysOf(placeAt(path)).find(({ meta }) => meta.words?.includes(word))?.name ?? null;
}

/** Where the key stands that another tool calls so in the section at a path. */
export function hintOfWord(word: string, path: Path): string | null {
  const key = keyOfWord(word, path);
  const place = placeAt(path);
  const ours = key !== null
    // A short path is said whole.
    ? path.length === 1 ? `${path[0]}.${key}` : key
    : place.flatMap(branches).map((branch) => ownEntry(metaOf(branch).elsewhere, word))
      .find((each) => each !== undefined) ?? (path[0] === "checks" ? null : elsewhere(word));
  return ours === null ? null : calledHere(word, ours);
}

/** The value that another tool calls so, at a path. */
export function hintOfValue(value: unknown, path: Path): string | null {
  if (typeof value !== "string") return null;
  for (const schema of placeAt(path).flatMap((each) => [each, ...branches(each)])) {
    const ours = ownEntry(metaOf(schema).values, value);
    if (ours !== undefined) return calledHere(value, ours);
  }
  return null;
}

/**
 * Calls back for each key of the file, sections before their keys; `<name>` is the user's own.
 *
 * @param visit returns false where the keys of the section are passed over
 */
export function eachKey(visit: (key: Key, path: readonly string[]) => boolean | void): void {
  const seen = (place: Place, path: readonly string[]) => {
    for (const key of keysOf(place)) {
      if (visit(key, [...path, key.name]) === false) continue;
      seen(below(place, key.name), [...path, key.name]);
    }
    const open = place.flatMap(branches).flatMap((branch): readonly [string, z.ZodType][] =>
      branch instanceof z.ZodRecord
        ? [["<name>", branch.valueType as z.ZodType]]
        : branch instanceof z.ZodArray
        ? [["<n>", branch.element as z.ZodType]]
        : []
    );
    for (const [step, schema] of open) seen([schema], [...path, step]);
  };
  seen(ROOT, []);
}

/** Words for keys of all sections but the checks, which have words of their own. */
let words: ReadonlyMap<string, string> | null = null;

function elsewhere(word: string): string | null {
  if (words === null) {
    const found = new Map<string, string>();
    eachKey(({ meta }, path) => {
      if (path[0] === "checks" && path.length > 1) return;
      for (const each of meta.words ?? []) {
        if (!found.has(each)) found.set(each, path.join("."));
      }
    });
    words = found;
  }
  return words.get(word) ?? null;
}

function ownEntry(
  entries: Readonly<Record<string, string>> | undefined,
  key: string,
): string | undefined {
  return entries !== undefined && Object.hasOwn(entries, key) ? entries[key] : undefined;
}

function calledHere(word: string, ours: string): string {
  return `"${word}" is called ${ours.startsWith("{") ? ours : `"${ours}"`} here`;
}

/** The kinds of value that a schema takes, with nothing around them. */
export function branches(schema: z.ZodType): readonly z.ZodType[] {
  let found = BRANCHES.get(schema);
  if (found === undefined) {
    const inner = unwrapped(schema);
    found = inner !== null
      ? branches(inner)
      : schema instanceof z.ZodUnion
      ? (schema.options as readonly z.ZodType[]).flatMap(branches)
      : [schema];
    BRANCHES.set(schema, found);
  }
  return found;
}

/** Each value of a long file asks again. */
const BRANCHES = new WeakMap<z.ZodType, readonly z.ZodType[]>();

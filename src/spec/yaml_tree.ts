import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from "yaml";

/** Here, so that one module imports the package; see `zod.ts`. */
export { LineCounter } from "yaml";

/** Offsets in the file, UTF-16 units; the end is exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A YAML node with the place it stands at and the text it was written as. */
export type Tree =
  & Range
  & (
    | { readonly kind: "map"; readonly entries: readonly TreeEntry[] }
    | { readonly kind: "list"; readonly items: readonly Tree[] }
    | { readonly kind: "scalar"; readonly value: Scalar; readonly text: string }
  );

export interface TreeEntry {
  readonly key: string;
  readonly keyRange: Range;
  readonly value: Tree;
}

export type Scalar = string | number | boolean | null;

/** Keys and list indexes that lead to a node. */
export type Path = readonly (string | number)[];

export interface YamlFault extends Range {
  readonly code: "spec/yaml" | "spec/duplicate_key";
  readonly message: string;
  readonly hint?: string;
}

export interface YamlFile {
  /** Null where the file is empty or cannot be read. */
  readonly tree: Tree | null;
  readonly faults: readonly YamlFault[];
}

/** Deeper nesting than any pipeline file has; keeps the conversion from exhausting the stack. */
const MAX_DEPTH = 64;
/** Nodes that a file may unfold to through its aliases. */
const MAX_NODES = 200_000;
/** One broken bracket can make the parser stumble over every line below it. */
const MAX_FAULTS = 20;

/** Reads YAML into a tree that keeps places and texts. */
export function readYaml(text: string): YamlFile {
  try {
    // The parser compares each key with all before it: minutes, for a hundred thousand keys.
    const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false });
    const unreadable = parserFaults(document);
    const faults = [...unreadable, ...duplicateKeys(document, text)];
    if (document.contents === null || unreadable.length > 0) return { tree: null, faults };
    const converted = convert(document);
    const all = [...faults, ...converted.faults];
    // Where a part could not be read, all that depends on it would be blamed as well.
    return { tree: converted.faults.length === 0 ? converted.tree : null, faults: all };
  } catch (error) {
    // The parser itself gives up on nesting that no stack can hold.
    const message = error instanceof Error ? firstLine(error.message) : String(error);
    return { tree: null, faults: [{ ...yamlFault(message), start: 0, end: 1 }] };
  }
}

function parserFaults(document: Document): YamlFault[] {
  const faults: YamlFault[] = [];
  for (const { code, message, pos: [start, end] } of [...document.errors, ...document.warnings]) {
    if (faults.length >= MAX_FAULTS || faults.some((fault) => fault.start === start)) continue;
    if (code === "MULTIPLE_DOCS") {
      faults.push({ ...yamlFault("a second document starts here"), start, end: start + 3 });
    } else {
      faults.push({ ...yamlFault(message), start, end: Math.max(start + 1, end) });
    }
  }
  return faults;
}

function duplicateKeys(document: Document, text: string): YamlFault[] {
  const faults: YamlFault[] = [];
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        // As text, `1` and "1" are one key; as values, `true` and `True` are.
        const names = [`text ${textOf(key)}`, `${typeof key.value} ${key.value}`];
        if (names.some((name) => seen.has(name)) && faults.length < MAX_FAULTS) {
          const { start } = rangeOf(key);
          const word = wordAt(text, start);
          const message = `Key "${word}" occurs twice`;
          faults.push({ code: "spec/duplicate_key", message, start, end: start + word.length });
        }
        for (const name of names) seen.add(name);
      }
    },
  });
  return faults;
}

function yamlFault(message: string): Pick<YamlFault, "code" | "message"> {
  return {
    code: "spec/yaml",
    message: `Not readable as YAML: ${lowerFirst(firstLine(message))}`,
  };
}

interface Converted {
  readonly tree: Tree;
  readonly faults: readonly YamlFault[];
}

/** Unfolds aliases and merge keys. */
function convert(document: Document): Converted {
  const faults: YamlFault[] = [];
  const targets = aliasTargets(document);
  let nodes = 0;
  let complete = true;
  const tree = convertNode(document.contents, 0);
  return { tree, faults };

  function convertNode(node: unknown, depth: number): Tree {
    const range = rangeOf(node as Node | null);
    if (++nodes > MAX_NODES || depth > MAX_DEPTH) {
      if (complete) fault(range, "it is nested too deeply, or its aliases unfold to too much");
      complete = false;
      return emptyAt(range);
    }
    if (isAlias(node)) {
      const target = targets.get(node);
      if (target === undefined) fault(range, `alias "${node.source}" has no anchor above it`);
      return { ...convertNode(target, depth + 1), ...range };
    }
    if (isMap(node)) return { kind: "map", ...range, entries: convertEntries(node.items, depth) };
    if (isSeq(node)) {
      const items = node.items.map((item) => convertNode(item, depth + 1));
      return { kind: "list", ...range, items };
    }
    if (!isScalar(node)) return emptyAt(range);
    const text = textOf(node);
    return { kind: "scalar", ...range, value: scalarOf(node.value, text), text };
  }

  function convertEntries(pairs: readonly Pair[], depth: number): TreeEntry[] {
    const entries: TreeEntry[] = [];
    const merged: TreeEntry[] = [];
    for (const { key, value } of pairs) {
      const keyRange = rangeOf(key as Node);
      if (!isScalar(key)) {
        fault(keyRange, "a key must be a text");
        continue;
      }
      // JavaScript would take it for something else, and the value would be lost.
      if (key.value === "__proto__") fault(keyRange, '"__proto__" cannot be a key');
      const tree = value === null ? emptyAt(keyRange) : convertNode(value, depth + 1);
      if (key.source !== "<<" || key.type !== "PLAIN") {
        entries.push({ key: textOf(key), keyRange, value: tree });
        continue;
      }
      for (const source of tree.kind === "list" ? tree.items : [tree]) {
        if (source.kind === "map") merged.push(...source.entries);
        else fault(keyRange, '"<<" takes a mapping, or a list of them');
      }
    }
    // What stands in the mapping itself wins, and then what was merged first.
    const taken = new Set(entries.map(({ key }) => key));
    for (const entry of merged) {
      if (!taken.has(entry.key)) entries.push(entry);
      taken.add(entry.key);
    }
    return entries;
  }

  function fault(range: Range, message: string): void {
    if (faults.length < MAX_FAULTS) faults.push({ ...yamlFault(message), ...range });
  }
}

/** What each alias stands for: the last anchor of its name before it. One walk for all. */
function aliasTargets(document: Document): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Alias(_key, alias) {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value(_key, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

function emptyAt(range: Range): Tree {
  return { kind: "scalar", value: null, text: "", ...range };
}

/** The node at a path, or the nearest one above it that exists. */
export function nodeAt(tree: Tree, path: Path): Tree {
  let node = tree;
  for (const step of path) {
    const next = childOf(node, step);
    if (next === undefined) return node;
    node = next;
  }
  return node;
}

/** The place of the key that a path ends with; of the nearest node where there is none. */
export function keyRangeAt(tree: Tree, path: Path): Range {
  const parent = nodeAt(tree, path.slice(0, -1));
  const key = path.at(-1);
  const entry = parent.kind === "map" ? entryOf(parent.entries, String(key)) : undefined;
  return entry?.keyRange ?? nodeAt(tree, path);
}

function childOf(tree: Tree, step: string | number): Tree | undefined {
  if (tree.kind === "list") return tree.items[Number(step)];
  return tree.kind === "map" ? entryOf(tree.entries, String(step))?.value : undefined;
}

/** The entries of mappings that were asked for one, by key. */
const INDEXES = new WeakMap<readonly TreeEntry[], ReadonlyMap<string, TreeEntry>>();

function entryOf(entries: readonly TreeEntry[], key: string): TreeEntry | undefined {
  let index = INDEXES.get(entries);
  if (index === undefined) {
    // Of a key that occurs twice the last one is the value, as in the plain values.
    index = new Map(entries.map((entry) => [entry.key, entry]));
    INDEXES.set(entries, index);
  }
  return index.get(key);
}

function scalarOf(value: unknown, text: string): Scalar {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  return typeof value === "number" ? value : text;
}

function textOf(node: { source?: string; value: unknown }): string {
  return node.source ?? (node.value === null ? "" : String(node.value));
}

function rangeOf(node: Node | null): Range {
  const [start, end] = node?.range ?? [0, 1];
  return { start, end };
}

function firstLine(text: string): string {
  return text.split("\n")[0].replace(/[.:]$/, "");
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function wordAt(text: string, offset: number): string {
  return /^[^\s:,}\]]*/.exec(text.slice(offset))![0];
}

import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument } from "yaml";

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

/** Reads YAML into a tree that keeps places and texts. */
export function readYaml(text: string): YamlFile {
  try {
    const document = parseDocument(text, {
      uniqueKeys: true,
      prettyErrors: false,
    });
    const faults: YamlFault[] = document.errors.map((error) => ({
      code: error.code === "DUPLICATE_KEY" ? "spec/duplicate_key" : "spec/yaml",
      message: error.code === "DUPLICATE_KEY"
        ? `Key "${wordAt(text, error.pos[0])}" occurs twice`
        : `Not readable as YAML: ${lowerFirst(firstLine(error.message))}`,
      start: error.pos[0],
      end: error.code === "DUPLICATE_KEY"
        ? error.pos[0] + wordAt(text, error.pos[0]).length
        : Math.max(error.pos[0] + 1, error.pos[1]),
    }));
    if (document.contents === null || faults.some(({ code }) => code === "spec/yaml")) {
      return { tree: null, faults };
    }
    let nodes = 0;
    const convert = (node: unknown, depth: number): Tree => {
      if (++nodes > MAX_NODES || depth > MAX_DEPTH) {
        throw new Error("it is nested too deeply, or unfolds to too much");
      }
      if (isAlias(node)) {
        const target = node.resolve(document);
        if (target === undefined) throw new Error(`alias "${node.source}" has no anchor`);
        return { ...convert(target, depth + 1), ...rangeOf(node) };
      }
      if (isMap(node)) {
        return {
          kind: "map",
          ...rangeOf(node),
          entries: node.items.map(({ key, value }) => ({
            key: isScalar(key) ? textOf(key) : String(key),
            keyRange: rangeOf(key as Node),
            value: value === null
              ? { kind: "scalar", value: null, text: "", ...rangeOf(key as Node) }
              : convert(value, depth + 1),
          })),
        };
      }
      if (isSeq(node)) {
        const items = node.items.map((item) => convert(item, depth + 1));
        return { kind: "list", ...rangeOf(node), items };
      }
      if (!isScalar(node)) throw new Error("it holds something else than values");
      return {
        kind: "scalar",
        ...rangeOf(node),
        value: scalarOf(node.value, textOf(node)),
        text: textOf(node),
      };
    };
    const tree = convert(document.contents, 0);
    return { tree, faults };
  } catch (error) {
    const message = error instanceof Error ? firstLine(error.message) : String(error);
    const fault = { code: "spec/yaml" as const, message: `Not readable as YAML: ${message}` };
    return { tree: null, faults: [{ ...fault, start: 0, end: 1 }] };
  }
}

/** The node at a path, or the nearest one above it that exists. */
export function nodeAt(tree: Tree, path: Path): Tree {
  const [first, ...rest] = path;
  const next = first === undefined ? undefined : childOf(tree, first);
  return next === undefined ? tree : nodeAt(next, rest);
}

/** The place of the key that a path ends with; of the nearest node where there is none. */
export function keyRangeAt(tree: Tree, path: Path): Range {
  const parent = nodeAt(tree, path.slice(0, -1));
  const key = path.at(-1);
  const entry = parent.kind === "map" ? parent.entries.find((entry) => entry.key === key) : null;
  return entry?.keyRange ?? nodeAt(tree, path);
}

function childOf(tree: Tree, step: string | number): Tree | undefined {
  if (tree.kind === "list") return tree.items[Number(step)];
  if (tree.kind !== "map") return undefined;
  return tree.entries.find(({ key }) => key === String(step))?.value;
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

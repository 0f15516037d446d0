import { damaged, type Place } from "./faults.ts";
import type { Node } from "./footer.ts";
import type { LeafReader } from "./leaf_reader.ts";
import { putJsonString, TextWriter } from "./text_writer.ts";

const COMMA = 44;
const COLON = 58;

/** Writes fields that are no single values as JSON: objects, lists and maps, which are objects too. */
export class NestedWriter {
  readonly #scratch = new TextWriter(new Uint8Array(256));

  /** @param leaves by their index in the file */
  constructor(
    readonly field: Node,
    readonly leaves: readonly LeafReader[],
    readonly place: Place,
  ) {}

  async load(rows: number): Promise<void> {
    const { firstLeaf, leaves } = this.field;
    for (let leaf = firstLeaf; leaf < firstLeaf + leaves; leaf++) {
      await this.leaves[leaf].load(rows);
    }
  }

  end(): void {
    const { firstLeaf, leaves } = this.field;
    for (let leaf = firstLeaf; leaf < firstLeaf + leaves; leaf++) this.leaves[leaf].end();
  }

  /** Writes the next row's field; false where it is NULL. */
  take(out: TextWriter): boolean {
    if (!this.field.isRepeated && this.#first(this.field).def < this.field.def) {
      this.#skip(this.field);
      return false;
    }
    this.#field(this.field, out);
    return true;
  }

  #field(node: Node, out: TextWriter): void {
    if (node.isRepeated) this.#list(node, node, out);
    else this.#value(node, out);
  }

  /** The items of a repeated field, each of them `item` in it. */
  #list(repeated: Node, item: Node, out: TextWriter): void {
    const first = this.#first(repeated);
    out.byte(91);
    if (first.def < repeated.def) this.#skip(repeated);
    else {
      for (let isFirst = true; isFirst || first.rep === repeated.rep; isFirst = false) {
        if (!isFirst) out.byte(COMMA);
        this.#value(item, out);
      }
    }
    out.byte(93);
  }

  /** One value, which may be NULL. */
  #value(node: Node, out: TextWriter): void {
    if (node.leaves === 0) throw damaged(this.place, `"${node.path}" has no fields`);
    if (this.#first(node).def < node.def) {
      this.#skip(node);
      return out.ascii("null");
    }
    if (node.children.length === 0) return this.#leaf(this.#first(node), out);
    const item = listItem(node);
    if (item !== null) return this.#list(node.children[0], item, out);
    const entry = mapEntry(node);
    if (entry !== null) return this.#map(entry, out);
    out.byte(123);
    node.children.forEach((child, at) => {
      if (at > 0) out.byte(COMMA);
      out.copy(new TextEncoder().encode(JSON.stringify(child.name)));
      out.byte(COLON);
      this.#field(child, out);
    });
    out.byte(125);
  }

  #map(entry: Node, out: TextWriter): void {
    const [key, value] = entry.children;
    const first = this.#first(entry);
    out.byte(123);
    if (first.def < entry.def) this.#skip(entry);
    else {
      for (let isFirst = true; isFirst || first.rep === entry.rep; isFirst = false) {
        if (!isFirst) out.byte(COMMA);
        this.#key(key, out);
        out.byte(COLON);
        if (value === undefined) out.ascii("null");
        else this.#field(value, out);
      }
    }
    out.byte(125);
  }

  /** A key as a JSON string, whatever it is. */
  #key(node: Node, out: TextWriter): void {
    if (node.children.length === 0) {
      this.#scratch.length = 0;
      if (!this.#first(node).take(this.#scratch)) throw damaged(this.place, "a map has a NULL key");
      return putJsonString(out, this.#scratch.bytes.subarray(0, this.#scratch.length));
    }
    const whole = new TextWriter(new Uint8Array(64));
    this.#value(node, whole);
    putJsonString(out, whole.bytes.subarray(0, whole.length));
  }

  #leaf(leaf: LeafReader, out: TextWriter): void {
    this.#scratch.length = 0;
    leaf.take(this.#scratch);
    putJsonValue(out, leaf.kind, this.#scratch.bytes.subarray(0, this.#scratch.length));
  }

  #first({ firstLeaf }: Node): LeafReader {
    return this.leaves[firstLeaf];
  }

  /** Goes on behind a field that is not there: each of its leaves has one entry for it. */
  #skip({ firstLeaf, leaves }: Node): void {
    for (let leaf = firstLeaf; leaf < firstLeaf + leaves; leaf++) {
      // What the entry is is looked at first: its page may not be the one at hand.
      void this.leaves[leaf].def;
      this.leaves[leaf].skip();
    }
  }
}

/** Writes a text as the JSON value that it is of its kind; NaN and infinity are strings. */
export function putJsonValue(out: TextWriter, kind: LeafReader["kind"], text: Uint8Array): void {
  const last = text[text.length - 1];
  const isBare = kind === "boolean" || kind === "number" && last >= 48 && last <= 57;
  if (isBare) out.copy(text);
  else putJsonString(out, text);
}

/** What a list's items are, by the standard's rules for the lists of older writers; null: no list. */
function listItem(node: Node): Node | null {
  const { element, children, name } = node;
  if (element.converted_type !== "LIST" && element.logical_type?.type !== "LIST") return null;
  const [repeated] = children;
  if (children.length !== 1 || !repeated.isRepeated) return null;
  if (repeated.children.length !== 1) return repeated;
  if (repeated.name === "array" || repeated.name === `${name}_tuple`) return repeated;
  return repeated.children[0].isRepeated ? repeated : repeated.children[0];
}

/** The repeated entry of a map; null: no map. */
function mapEntry({ element, children }: Node): Node | null {
  const isMap = element.converted_type === "MAP" || element.converted_type === "MAP_KEY_VALUE" ||
    element.logical_type?.type === "MAP";
  const [entry] = children;
  if (!isMap || children.length !== 1 || !entry.isRepeated) return null;
  const { length } = entry.children;
  return length === 1 || length === 2 ? entry : null;
}

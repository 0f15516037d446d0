import { type PathStep, stepsOf } from "../../core/json_path.ts";
import { KeyTable } from "./key_table.ts";

/** A value of a record that some field is, or is within. */
export class FieldNode {
  /** The field that the value is; -1 for none. */
  field = -1;
  /** Its members that are fields or have some; null: it is not looked into as an object. */
  keys: KeyTable | null = null;
  readonly #nodes: FieldNode[] = [];
  /** The same by position, with holes; null: it is not looked into as a list. */
  elements: (FieldNode | undefined)[] | null = null;
  /** Fields within it. */
  readonly inner: number[] = [];
  /** The record that had it last: a second one is told. */
  seenIn = -1;

  /** Nothing within it is a field. */
  isLeaf = true;

  /** The member of a key, which has no escapes; null where nobody asks for it. */
  member(bytes: Uint8Array, start: number, end: number, place: number): FieldNode | null {
    const at = this.keys!.find(bytes, start, end, place);
    return at < 0 ? null : this.#nodes[at];
  }

  /** The member whose key is expected at a place, and begins at `start`; null where another does. */
  expected(bytes: Uint8Array, start: number, end: number, place: number): FieldNode | null {
    const at = this.keys!.expected(bytes, start, end, place);
    return at < 0 ? null : this.#nodes[at];
  }

  /** The node at a step, made where there is none. */
  step(step: PathStep): FieldNode {
    this.isLeaf = false;
    if (typeof step === "number") {
      this.elements ??= [];
      return this.elements[step] ??= new FieldNode();
    }
    this.keys ??= new KeyTable();
    const key = new TextEncoder().encode(step);
    const at = this.keys.find(key, 0, key.length, -1);
    if (at >= 0) return this.#nodes[at];
    const node = new FieldNode();
    this.keys.add(step, this.#nodes.length);
    this.#nodes.push(node);
    return node;
  }

  /** Lets a field be found at its name, or path; the first field of a place keeps it. */
  add(name: string, field: number): void {
    let node = this as FieldNode;
    for (const step of stepsOf(name)) {
      node.inner.push(field);
      node = node.step(step);
    }
    if (node.field < 0) node.field = field;
  }
}

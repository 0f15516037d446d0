interface Entry {
  readonly key: Uint8Array;
  readonly field: number;
  /** It stands in JSON as it is: no quote, backslash or control character. */
  readonly isPlain: boolean;
}

const QUOTE = 34;
const BACKSLASH = 92;

/** Finds the field of a key by its bytes, without a text for each. */
export class KeyTable {
  readonly #entries = new Map<number, Entry[]>();
  /** By the place of a key in its record: most records have their keys in one order. */
  readonly #expected: (Entry | undefined)[] = [];

  /** Names a field; the first field of a name keeps it. */
  add(name: string, field: number): void {
    const key = new TextEncoder().encode(name);
    if (this.find(key, 0, key.length, -1) !== -1) return;
    const hash = hashOf(key, 0, key.length);
    this.#entries.set(hash, [...this.#entries.get(hash) ?? [], {
      key,
      field,
      isPlain: key.every((byte) => byte >= 32 && byte !== QUOTE && byte !== BACKSLASH),
    }]);
  }

  /**
   * The field of the key that begins at `start`, behind its quote, where it is the one that records
   * had last at this place; -1 where it is another, or ends behind `end`.
   */
  expected(bytes: Uint8Array, start: number, end: number, place: number): number {
    const entry = this.#expected[place];
    if (entry === undefined || !entry.isPlain) return -1;
    const { key, field } = entry;
    const { length } = key;
    if (start + length >= end || bytes[start + length] !== QUOTE) return -1;
    for (let i = 0; i < length; i++) if (key[i] !== bytes[start + i]) return -1;
    this.expectedEnd = start + length;
    return field;
  }

  /** After {@link KeyTable.expected}: where the quote behind the key is. */
  expectedEnd = 0;

  /**
   * The field of the key `bytes[start … end)`, which has no escapes; -1 where it has none.
   *
   * @param place of the key in its record, from 0; -1 where it has none
   */
  find(bytes: Uint8Array, start: number, end: number, place: number): number {
    const expected = this.#expected[place];
    if (expected !== undefined && equal(expected.key, bytes, start, end)) return expected.field;
    const found = this.#entries.get(hashOf(bytes, start, end))
      ?.find(({ key }) => equal(key, bytes, start, end));
    if (found === undefined) return -1;
    if (place >= 0 && place < MOST_EXPECTED) this.#expected[place] = found;
    return found.field;
  }
}

/** Keys of a record whose place is remembered. */
const MOST_EXPECTED = 1600;

function equal(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return false;
  return true;
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash;
}

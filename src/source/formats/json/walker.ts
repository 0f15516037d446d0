import type { PathStep } from "../../../core/json_path.ts";

const LF = 10;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN = 123;
const CLOSE = 125;

/** As records are: deeper documents are refused. */
const MAX_DEPTH = 1000;
/** Bytes of a key that are kept: of a longer one no path has a step. */
const LONGEST_KEY = 1024;
/** Names that a message tells of a place where a path ends too early. */
const MOST_NAMES = 20;

/** What comes next. */
type State =
  | "value"
  | "first element"
  | "first key"
  | "key"
  | "colon"
  | "comma"
  | "string"
  | "number"
  | "word"
  | "end";

/** What is wrong with a document, at the byte where it shows. */
export interface WalkFault {
  readonly kind: "malformed" | "repeated" | "not_a_list";
  readonly message: string;
}

interface Container {
  readonly isObject: boolean;
  /** It is on the path: so many of its steps lead here; -1: it is beside the path. */
  readonly depth: number;
  /** Elements before the current one. */
  position: number;
  /** The step of the path was taken here. */
  hasTaken: boolean;
}

/**
 * Reads a JSON document byte by byte, in memory that does not grow with it, up to the list that a
 * path leads to, and from there on to its end.
 */
export class Walker {
  /** LF that have passed. */
  lines = 0;
  /** The list has been found: its elements are not the walker's. */
  hasList = false;
  /** Names beside the step of the path that was looked for last. */
  names: string[] = [];
  /** Steps of the path that lead to something. */
  reached = 0;
  readonly #path: readonly PathStep[];
  readonly #stack: Container[] = [];
  #state: State = "value";
  /** The value that comes next is so many steps down the path; -1: it is beside it. */
  #depth = 0;
  #isKey = false;
  #key: number[] = [];
  #escaped = 0;
  #text = "";

  constructor(path: readonly PathStep[]) {
    this.#path = path;
  }

  /** Nothing but blanks may follow. */
  get isAtEnd(): boolean {
    return this.#state === "end" ||
      this.#stack.length === 0 && this.#state === "number" && NUMBER.test(this.#text);
  }

  /** Nothing but blanks has passed. */
  get isAtStart(): boolean {
    return this.#stack.length === 0 && this.#state === "value" && !this.hasList;
  }

  /** What is read, for a message about its end. */
  get inside(): string {
    if (this.#state === "string") return this.#isKey ? "a key" : "a string";
    const last = this.#stack.at(-1);
    return last === undefined ? "a value" : last.isObject ? "an object" : "a list";
  }

  /** The list that was found has been read to its closing bracket. */
  closeList(): void {
    this.#afterValue();
  }

  /**
   * Reads `bytes[at … end)`, up to the bracket that opens the list.
   *
   * @returns the offset of the first byte that was not read: the one behind the bracket, the end, or
   * that of a fault
   */
  walk(bytes: Uint8Array, at: number, end: number): { at: number; fault: WalkFault | null } {
    for (; at < end; at++) {
      const byte = bytes[at];
      if (byte === LF) this.lines++;
      const found = this.#isOnPath(byte);
      const fault = found ? null : this.#step(byte);
      if (fault !== null) return { at, fault };
      if (found) {
        this.hasList = true;
        return { at: at + 1, fault: null };
      }
    }
    return { at, fault: null };
  }

  /** Whether the list begins here. */
  #isOnPath(byte: number): boolean {
    if (byte !== OPEN_LIST || this.hasList || this.#depth !== this.#path.length) return false;
    return this.#state === "value" || this.#state === "first element";
  }

  #step(byte: number): WalkFault | null {
    switch (this.#state) {
      case "string":
        return this.#inString(byte);
      case "number":
      case "word":
        if (isWordByte(byte)) {
          this.#text += String.fromCharCode(byte);
          return this.#text.length > 100_000 ? malformed("a number of so many digits") : null;
        }
        if (!this.#endWord()) return malformed(JSON.stringify(this.#text.slice(0, 40)));
        return this.#step(byte);
    }
    if (byte === 32 || byte === 9 || byte === LF || byte === 13) return null;
    switch (this.#state) {
      case "value":
        return this.#begin(byte);
      case "first element":
        return byte === CLOSE_LIST ? this.#close(byte) : this.#begin(byte);
      case "first key":
        return byte === CLOSE ? this.#close(byte) : this.#beginKey(byte);
      case "key":
        return this.#beginKey(byte);
      case "colon":
        if (byte !== COLON) return expected('":"', byte);
        this.#state = "value";
        return null;
      case "comma":
        return this.#afterComma(byte);
      default:
        return expected("the end of the document", byte);
    }
  }

  #beginKey(byte: number): WalkFault | null {
    if (byte !== QUOTE) return expected("a key in quotes", byte);
    this.#state = "string";
    this.#isKey = true;
    this.#key = [];
    return null;
  }

  #begin(byte: number): WalkFault | null {
    const isListed = !this.hasList && this.#depth === this.#path.length;
    if (isListed) return this.#notAList(byte);
    if (byte === OPEN || byte === OPEN_LIST) {
      if (this.#stack.length === MAX_DEPTH) return malformed(`more than ${MAX_DEPTH} levels`);
      const isObject = byte === OPEN;
      const step = this.#path[this.#depth];
      // A name does not lead into a list.
      const fits = this.#depth >= 0 && typeof step === (isObject ? "string" : "number");
      const depth = fits ? this.#depth : -1;
      if (fits) {
        this.reached = depth;
        this.names = [];
      }
      this.#stack.push({ isObject, depth, position: 0, hasTaken: false });
      this.#state = isObject ? "first key" : "first element";
      if (!isObject) this.#choose(this.#stack.at(-1)!, 0);
      return null;
    }
    if (byte === QUOTE) {
      this.#state = "string";
      this.#isKey = false;
      return null;
    }
    if (byte !== 45 && !isWordByte(byte)) return expected("a value", byte);
    this.#text = String.fromCharCode(byte);
    this.#state = byte === 45 || byte < 58 ? "number" : "word";
    return null;
  }

  #notAList(byte: number): WalkFault {
    const kind = byte === OPEN
      ? "an object"
      : byte === QUOTE
      ? "a string"
      : byte === 110
      ? "null"
      : byte === 45 || byte >= 48 && byte < 58
      ? "a number"
      : "true or false";
    return { kind: "not_a_list", message: kind };
  }

  /** Whether an element, or a member, is on the path. */
  #choose(container: Container, step: PathStep): void {
    const isStep = container.depth >= 0 && this.#path[container.depth] === step;
    this.#depth = isStep ? container.depth + 1 : -1;
    if (isStep) container.hasTaken = true;
  }

  #close(byte: number): WalkFault | null {
    const last = this.#stack.at(-1)!;
    if (last.isObject !== (byte === CLOSE)) return expected(last.isObject ? '"}"' : '"]"', byte);
    this.#stack.pop();
    this.#afterValue();
    return null;
  }

  #afterValue(): void {
    this.#state = this.#stack.length === 0 ? "end" : "comma";
    this.#depth = -1;
  }

  #afterComma(byte: number): WalkFault | null {
    const last = this.#stack.at(-1)!;
    if (byte === CLOSE || byte === CLOSE_LIST) return this.#close(byte);
    if (byte !== COMMA) return expected(last.isObject ? '"," or "}"' : '"," or "]"', byte);
    if (last.isObject) this.#state = "key";
    else {
      this.#choose(last, ++last.position);
      this.#state = "value";
    }
    return null;
  }

  #inString(byte: number): WalkFault | null {
    if (byte < 32) return malformed("a control character in a string");
    if (this.#isKey && this.#key.length <= LONGEST_KEY) this.#key.push(byte);
    if (this.#escaped > 0) {
      const isEscape = this.#escaped === 5;
      if (isEscape && byte === 0x75) {
        this.#escaped = 4;
        return null;
      }
      if (isEscape && !ESCAPES.includes(byte)) {
        return malformed("an escape that JSON does not have");
      }
      if (!isEscape && !isHex(byte)) return malformed("an escape that JSON does not have");
      this.#escaped = isEscape ? 0 : this.#escaped - 1;
      return null;
    }
    if (byte === BACKSLASH) this.#escaped = 5;
    else if (byte === QUOTE) return this.#endString();
    return null;
  }

  #endString(): WalkFault | null {
    if (!this.#isKey) {
      this.#afterValue();
      return null;
    }
    this.#state = "colon";
    const last = this.#stack.at(-1)!;
    this.#depth = -1;
    if (last.depth < 0 || this.#key.length > LONGEST_KEY) return null;
    const key = nameOf(this.#key);
    const hadTaken = last.hasTaken;
    this.#choose(last, key);
    if (this.#depth >= 0 && hadTaken) return { kind: "repeated", message: key };
    if (last.depth >= this.reached && this.names.length < MOST_NAMES) this.names.push(key);
    return null;
  }

  /** Ends a number, or a word such as `true`; false where it is none. */
  #endWord(): boolean {
    const isRight = this.#state === "number"
      ? NUMBER.test(this.#text)
      : /^(true|false|null)$/.test(this.#text);
    if (isRight) this.#afterValue();
    return isRight;
  }
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;
const ESCAPES = [...'"\\/bfnrt'].map((letter) => letter.charCodeAt(0));

function isHex(byte: number): boolean {
  return byte >= 48 && byte < 58 || (byte | 32) >= 97 && (byte | 32) < 103;
}

/** A byte that a number or a word may have. */
function isWordByte(byte: number): boolean {
  return byte >= 48 && byte < 58 || (byte | 32) >= 97 && (byte | 32) <= 122 ||
    byte === 43 || byte === 45 || byte === 46;
}

/** What a key says, whose quote at the end is the last byte. */
function nameOf(key: readonly number[]): string {
  return JSON.parse(`"${new TextDecoder().decode(Uint8Array.from(key))}`) as string;
}

function malformed(what: string): WalkFault {
  return { kind: "malformed", message: `${what} stands there` };
}

function expected(what: string, byte: number): WalkFault {
  return { kind: "malformed", message: `expected ${what}, found ${shownByte(byte)}` };
}

/** A byte as a message tells it. */
export function shownByte(byte: number): string {
  return byte > 32 && byte < 127
    ? JSON.stringify(String.fromCharCode(byte))
    : `the byte 0x${byte.toString(16).padStart(2, "0")}`;
}

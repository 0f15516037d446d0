/**
 * The text of a jsonb value as Postgres writes it, from the text it was read from.
 *
 * Keys are ordered by length, then by bytes; of a key that occurs twice the last value counts;
 * numbers are written as `numeric` is, strings with as few escapes as JSON allows.
 *
 * @param text JSON that the encoder of `jsonb` has accepted
 */
export function canonicalJsonb(text: string): string {
  return new Canonical(text).write();
}

const encoder = new TextEncoder();

class Canonical {
  #at = 0;

  constructor(readonly text: string) {}

  write(): string {
    this.#blank();
    switch (this.text[this.#at]) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return quoted(this.#string());
      default:
        return this.#scalar();
    }
  }

  #object(): string {
    const members = new Map<string, string>();
    this.#at++;
    for (;;) {
      this.#blank();
      const next = this.text[this.#at];
      if (next === "}") break;
      if (next === ",") {
        this.#at++;
        continue;
      }
      const key = this.#string();
      this.#blank();
      this.#at++;
      members.set(key, this.write());
    }
    this.#at++;
    const sorted = [...members]
      .map(([key, value]) => ({ key, value, bytes: encoder.encode(key) }))
      .sort((x, y) => x.bytes.length - y.bytes.length || compareBytes(x.bytes, y.bytes));
    return `{${sorted.map(({ key, value }) => `${quoted(key)}: ${value}`).join(", ")}}`;
  }

  #array(): string {
    const values: string[] = [];
    this.#at++;
    for (;;) {
      this.#blank();
      const next = this.text[this.#at];
      if (next === "]") break;
      if (next === ",") this.#at++;
      else values.push(this.write());
    }
    this.#at++;
    return `[${values.join(", ")}]`;
  }

  #string(): string {
    const start = this.#at++;
    while (this.text[this.#at] !== '"') this.#at += this.text[this.#at] === "\\" ? 2 : 1;
    return JSON.parse(this.text.slice(start, ++this.#at));
  }

  #scalar(): string {
    SCALAR.lastIndex = this.#at;
    const word = SCALAR.exec(this.text)?.[0] ?? "";
    if (word === "") throw new Error(`No JSON value at ${this.#at}`);
    this.#at += word.length;
    return /^[-\d]/.test(word) ? numberText(word) : word;
  }

  #blank(): void {
    while (" \t\n\r".includes(this.text[this.#at] ?? "x")) this.#at++;
  }
}

const SCALAR = /[-+.\w]+/y;

/** A JSON number without an exponent, its digits behind the point kept. */
function numberText(number: string): string {
  const [, sign, whole, fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(number)!;
  const shift = Number(exponent);
  let digits = whole + fraction;
  let point = whole.length + shift;
  if (point <= 0) {
    digits = "0".repeat(1 - point) + digits;
    point = 1;
  }
  digits = digits.padEnd(point, "0");
  const places = digits.slice(point);
  const value = digits.slice(0, point).replace(/^0+(?=\d)/, "") +
    (places === "" ? "" : `.${places}`);
  // A numeric has no negative zero.
  return /[1-9]/.test(value) ? sign + value : value;
}

function quoted(text: string): string {
  // deno-lint-ignore no-control-regex
  return `"${text.replace(/["\\\u0000-\u001f]/g, escaped)}"`;
}

function escaped(character: string): string {
  return ESCAPES[character] ??
    `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

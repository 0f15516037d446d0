/** How the driver turns values into text and back; see `Queryable` for the table. */
export const VALUE_TYPES = {
  string: { to: 25, from: [], serialize: String, parse: String },
  number: { to: 0, from: [21, 23, 26, 700, 701], serialize: String, parse: Number },
  int8: { to: 20, from: [20], serialize: String, parse: parseInt8 },
  json: {
    to: 114,
    from: [114, 3802],
    serialize: toJson,
    parse: (text: string) => JSON.parse(text),
  },
  boolean: { to: 16, from: [16], serialize: String, parse: (text: string) => text === "t" },
  date: { to: 1082, from: [1082], serialize: String, parse: String },
  timestamp: { to: 1114, from: [1114], serialize: String, parse: parseTimestamp },
  timestamptz: { to: 1184, from: [1184], serialize: String, parse: parseTimestamp },
  bytea: { to: 17, from: [17], serialize: String, parse: parseBytea },
} as const;

/**
 * A parameter as text, so that the server alone decides its type.
 *
 * The driver would name a type for booleans, bytes and arrays by looking at the value, which is
 * wrong where the statement wants another one.
 */
export function toParameter(value: unknown): string | null | Structured {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return `\\x${toHex(value)}`;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") return new Structured(value);
  return String(value);
}

/** An array or an object: which text it becomes depends on the type the server wants. */
class Structured {
  readonly #value: object;

  constructor(value: object) {
    this.#value = value;
  }

  toString(): string {
    return Array.isArray(this.#value) ? arrayLiteral(this.#value) : JSON.stringify(this.#value);
  }

  json(): string {
    return JSON.stringify(this.#value);
  }
}

function toJson(value: unknown): string {
  return value instanceof Structured ? value.json() : String(value);
}

function arrayLiteral(values: readonly unknown[]): string {
  const elements = values.map((value) => {
    if (Array.isArray(value)) return arrayLiteral(value);
    const text = toParameter(value);
    return text === null ? "null" : `"${String(text).replace(/["\\]/g, "\\$&")}"`;
  });
  return `{${elements.join(",")}}`;
}

function parseInt8(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

/** `2021-01-31 12:00:00.5+00` to `2021-01-31T12:00:00.5Z`; infinity and BC stay as they are. */
function parseTimestamp(text: string): string {
  if (!/^\d{4,6}-\d\d-\d\d /.test(text) || text.endsWith("BC")) return text;
  return text.replace(" ", "T").replace(/\+00$/, "Z");
}

function parseBytea(text: string): Uint8Array {
  if (text.startsWith("\\x")) {
    return (Uint8Array as unknown as { fromHex(hex: string): Uint8Array }).fromHex(text.slice(2));
  }
  // A server with bytea_output = escape: printable bytes as they are, others as \ooo.
  const bytes = text.match(/\\\\|\\[0-7]{3}|[^\\]/g) ?? [];
  return Uint8Array.from(
    bytes,
    (byte) =>
      byte === "\\\\"
        ? 0x5c
        : byte.length === 4
        ? Number.parseInt(byte.slice(1), 8)
        : byte.charCodeAt(0),
  );
}

function toHex(bytes: Uint8Array): string {
  return (bytes as Uint8Array & { toHex(): string }).toHex();
}

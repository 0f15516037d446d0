import { didYouMean } from "../core/did_you_mean.ts";
import { PRECISE_TYPES, SIMPLE_TYPES, type SimpleTypeName } from "../core/simple_types.ts";
import { parseTypeName, type TypeName, typeNameText } from "../core/type_name.ts";

/** A Postgres type of the contract, with its modifiers. */
export type ColumnType =
  | { readonly name: SimpleTypeName }
  | { readonly name: "numeric"; readonly precision: number | null; readonly scale: number | null }
  | { readonly name: "varchar" | "char"; readonly length: number | null }
  | ServerType;

/** A type without an encoder here: Postgres reads its values, by the type's input function. */
export interface ServerType {
  readonly name: "other";
  /** As DDL writes it; from the plan on as `format_type` prints it, with its schema. */
  readonly sql: string;
  /** What the plan has found out about it in the database. */
  readonly found?: FoundType;
}

/** A type as the catalog has it. */
export interface FoundType {
  /**
   * Casts that make of a text what the input function makes of it, in order; null: a cast would do
   * something else, such as cutting what is too long.
   */
  readonly casts: readonly string[] | null;
  /** What is in it, where it is an array. */
  readonly elements: "json" | "other" | null;
  /** What stands between them in a text; left out: a comma. */
  readonly delimiter?: string;
  /** A B-tree can order it: it can be in a key. */
  readonly ordered: boolean;
  /** Its values are names of things in the database. */
  readonly names: boolean;
}

/** Families of types, by name. */
export const INTEGERS = /^(smallint|integer|bigint)$/;
export const NUMBERS = /^(smallint|integer|bigint|real|double precision|numeric)$/;
export const TIMES = /^(date|time|timestamp|timestamptz)$/;
export const TEXTS = /^(text|varchar|char)$/;
/** Numbers with a decimal point. */
export const FRACTIONS = /^(real|double precision|numeric)$/;
/** Those that have a least and a greatest value. */
export const ORDERED = new RegExp(`${NUMBERS.source}|${TIMES.source}`);
/** Those whose values have one text each. */
export const LISTABLE = /^(?!jsonb?$|bytea$|other$)/;

/** Postgres's own other names of the same types. */
export const SYNONYMS: Readonly<Record<string, string>> = {
  int: "integer",
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  float4: "real",
  float8: "double precision",
  bool: "boolean",
  float: "double precision",
  decimal: "numeric",
  dec: "numeric",
  "character varying": "varchar",
  character: "char",
  "timestamp without time zone": "timestamp",
  "timestamp with time zone": "timestamptz",
  "time without time zone": "time",
};

/** Names that other tools have for a type. */
const PEERS: Readonly<Record<string, string>> = {
  string: "text",
  str: "text",
  datetime: "timestamp",
  double: "double precision",
  number: "numeric",
  long: "bigint",
  int16: "smallint",
  int32: "integer",
  int64: "bigint",
  float32: "real",
  float64: "double precision",
  tinyint: "smallint",
  mediumint: "integer",
  uint8: "smallint",
  uint16: "integer",
  uint32: "bigint",
  uint64: "numeric(20,0)",
  binary: "bytea",
  object: "jsonb",
  blob: "bytea",
  bytes: "bytea",
  dict: "jsonb",
  struct: "jsonb",
  variant: "jsonb",
  smallserial: "smallint",
  serial: "integer",
  bigserial: "bigint",
};

/** Other types that every Postgres has. */
export const OF_POSTGRES: ReadonlySet<string> = new Set(
  ("bit varbit inet cidr macaddr macaddr8 money xml timetz point line lseg box path polygon circle " +
    "tsvector tsquery oid name pg_lsn pg_snapshot jsonpath bpchar xid xid8 regclass regtype " +
    "int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange " +
    "nummultirange tsmultirange tstzmultirange datemultirange").split(" ").concat('"char"'),
);

/** Types that well-known extensions have, and that nobody writes a schema before. */
export const OF_EXTENSIONS: ReadonlySet<string> = new Set(
  ("citext hstore ltree lquery cube seg isbn isbn13 issn ean13 upc geometry geography box2d box3d " +
    "raster vector halfvec sparsevec semver uint1 uint2 uint4 uint8").split(" "),
);

/** What an editor offers. */
export const TYPE_EXAMPLES: readonly string[] = [
  ...SIMPLE_TYPES,
  ...["numeric", "numeric(10,2)", "varchar(20)", "char(2)", "text[]", "integer[]", "bit(3)"],
  ...OF_POSTGRES,
  ...["citext", "hstore", "ltree", "geometry", "vector(3)"],
];

/** Lengths of `float(n)` up to this one are `real`. */
const REAL_BITS = 24;

/** Reads a type as the user wrote it, or says why it is none. */
export function parseColumnType(text: string): ColumnType | { readonly hint: string } {
  const match = /^([a-z0-9_ ]+?)\s*(?:\(\s*(-?\d+)\s*(?:,\s*(-?\d+)\s*)?\))?$/.exec(
    text.trim().toLowerCase().replace(/\s+/g, " "),
  );
  const word = match?.[1] ?? text.trim().toLowerCase();
  const name = Object.hasOwn(SYNONYMS, word) ? SYNONYMS[word] : word;
  const first = match?.[2] === undefined ? null : Number(match[2]);
  const second = match?.[3] === undefined ? null : Number(match[3]);
  if (match !== null && word === "float" && first !== null && second === null) {
    if (first < 1 || first > 53) return { hint: "The length of a float is from 1 to 53" };
    return { name: first <= REAL_BITS ? "real" : "double precision" };
  }
  if (match !== null && name === "numeric") return numeric(first, second);
  if (match !== null && (name === "varchar" || name === "char")) {
    if (second === null && (first === null || (first >= 1 && first <= 10_485_760))) {
      return { name, length: first };
    }
    return { hint: `Write the length as in "${name}(20)", from 1 to 10485760` };
  }
  const simple = SIMPLE_TYPES.find((type) => type === name);
  if (match !== null && simple !== undefined && first === null) return { name: simple };
  const other = serverType(text);
  if (other !== null) return other;
  if (match !== null && simple !== undefined) return { hint: `"${simple}" has no modifier here` };
  if (isCut(word)) {
    return { hint: `In braces a comma ends a value: put the type in quotes, "${word},…)"` };
  }
  if (word === "enum") return { hint: 'Write the name of the type, as in "shop.mood"' };
  if (Object.hasOwn(PEERS, word)) return { hint: `Write "${PEERS[word]}"` };
  const known = [...SIMPLE_TYPES, "numeric", "varchar", "char", ...Object.keys(SYNONYMS)];
  const found = didYouMean(word, [...known, ...Object.keys(PEERS)]);
  const near = found === null ? null : PEERS[found] ?? found;
  if (near !== null) return { hint: `Did you mean "${near}"?` };
  return parseTypeName(text) === null
    ? { hint: `Types: ${known.slice(0, 19).join(", ")}` }
    : { hint: `Of a type of your own write the schema too, as in "public.${text.trim()}"` };
}

/** Reads a type that Postgres reads the values of; null for what is none by its name alone. */
function serverType(text: string): ServerType | { readonly hint: string } | null {
  const type = parseTypeName(text);
  if (type === null) return null;
  const { dimensions, schema } = type;
  const base = SYNONYMS[type.base] ?? LONG_NAMES[type.base] ?? type.base;
  if (dimensions > 0 && Object.hasOwn(PEERS, base)) {
    return { hint: `Write "${PEERS[base]}[]"` };
  }
  const known = schema !== null || OF_POSTGRES.has(base) || OF_EXTENSIONS.has(base) ||
    isOwnWith(base, type);
  if (!known) return null;
  // Postgres takes these for one bit and one character, but in a cast.
  const modifiers = type.modifiers ?? (base === "bit" || base === "char" ? ["1"] : null);
  return { name: "other", sql: typeNameText({ ...type, base, modifiers }) };
}

export const LONG_NAMES: Readonly<Record<string, string>> = {
  "bit varying": "varbit",
  "time with time zone": "timetz",
};

/** A type with an encoder in an array, or with digits for its fractions of a second. */
function isOwnWith(base: string, { dimensions, modifiers }: TypeName): boolean {
  if (PRECISE_TYPES.has(base)) return dimensions > 0 || modifiers?.length === 1;
  if (dimensions === 0) return false;
  if (/^(numeric|varchar|char)$/.test(base)) return true;
  return modifiers === null && SIMPLE_TYPES.some((name) => name === base);
}

/** A type as messages name it. */
export function typeText(type: ColumnType): string {
  if (type.name === "other") return type.sql;
  return "length" in type && type.length !== null ? `${type.name}(${type.length})` : type.name;
}

/** Whether YAML has taken the comma of `{ type: numeric(10,2) }` for the end of the value. */
export function isCut(text: string): boolean {
  return /^[a-z ]+\(\s*\d+$/i.test(text);
}

function numeric(precision: number | null, scale: number | null): ColumnType | { hint: string } {
  if (precision === null) return { name: "numeric", precision: null, scale: null };
  if (precision >= 1 && precision <= 1000 && Math.abs(scale ?? 0) <= 1000) {
    return { name: "numeric", precision, scale };
  }
  return { hint: "A precision is from 1 to 1000, and a scale from -1000 to 1000" };
}

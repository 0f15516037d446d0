/** A type as it is written in SQL, in its parts. */
export interface TypeName {
  /** As Postgres looks it up: `integer`, `timestamp with time zone`, `shop."Mood"`, `int4range`. */
  readonly base: string;
  readonly schema: string | null;
  /** Between the parentheses: `10`, `2`; null without them. */
  readonly modifiers: readonly string[] | null;
  /** Of an array: how many pairs of brackets, which Postgres counts as one. */
  readonly dimensions: number;
}

const IDENTIFIER = String.raw`(?:"(?:[^"\0]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const NAME = new RegExp(
  String.raw`^(${IDENTIFIER}(?:\s+(?:varying|precision))?|${IDENTIFIER}\s*\.\s*${IDENTIFIER})` +
    String.raw`\s*(?:\(([^()]*)\))?(\s+with(?:out)?\s+time\s+zone)?` +
    String.raw`((?:\s*\[\s*\d*\s*\])*|\s+array(?:\s*\[\s*\d*\s*\])?)$`,
  "iu",
);
const MODIFIER = /^-?\w+$/;

/** Reads the name of a type; null for what is none. */
export function parseTypeName(text: string): TypeName | null {
  const match = NAME.exec(text.trim());
  if (match === null) return null;
  const [, name, modifiers, zone = "", brackets] = match;
  const parts = [...name.matchAll(new RegExp(IDENTIFIER, "giu"))].map(([part]) => folded(part));
  const hasSchema = name.replace(/"(?:[^"]|"")+"/g, "").includes(".");
  const given = modifiers?.split(",").map((modifier) => modifier.trim()) ?? null;
  if (given?.some((modifier) => !MODIFIER.test(modifier)) ?? false) return null;
  return {
    base: parts.join(hasSchema ? "." : " ") + zone.toLowerCase().replace(/\s+/g, " "),
    schema: hasSchema ? unquoted(parts[0]) : null,
    modifiers: given,
    dimensions: /array/i.test(brackets) ? 1 : brackets.split("[").length - 1,
  };
}

/** The type as SQL. */
export function typeNameText({ base, modifiers, dimensions }: TypeName): string {
  const list = modifiers === null ? "" : `(${modifiers.join(",")})`;
  const zone = / with(out)? time zone$/.exec(base)?.[0] ?? "";
  return base.slice(0, base.length - zone.length) + list + zone + (dimensions > 0 ? "[]" : "");
}

/** An identifier of a type's name as it is stored. */
export function unquoted(identifier: string): string {
  return identifier.startsWith('"')
    ? identifier.slice(1, -1).replaceAll('""', '"')
    : identifier.toLowerCase();
}

/** The same identifier, written in one way. */
function folded(identifier: string): string {
  const name = unquoted(identifier);
  return /^[a-z_][a-z0-9_]*$/.test(name) && !identifier.startsWith('"')
    ? name
    : `"${name.replaceAll('"', '""')}"`;
}

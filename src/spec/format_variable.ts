import { isVariable } from "./variables.ts";

type Mapping = Readonly<Record<string, unknown>>;

/** A file whose format is the value of a variable: `source: { format: "{format}" }`. */
export interface FormatVariable {
  readonly name: string;
  /** The file with the value in its place; as it was where the variable has none. */
  readonly plain: unknown;
  readonly isKnown: boolean;
}

/** Fills in the variable that `source.format` is; null where it is none. */
export function fillFormat(
  plain: unknown,
  environment: string | null,
  set: Readonly<Record<string, string>>,
): FormatVariable | null {
  const source = at(plain, "source");
  const format = at(source, "format");
  const name = typeof format === "string" ? /^\{([A-Za-z_]\w*)\}$/.exec(format)?.[1] : undefined;
  if (name === undefined || !isVariable(name)) return null;
  const vars = at(at(at(plain, "environments"), environment ?? ""), "vars");
  const value = Object.hasOwn(set, name) ? set[name] : at(vars, name);
  if (typeof value !== "string") return { name, plain, isKnown: false };
  const filled = { ...(source as Mapping), format: value };
  return { name, plain: { ...(plain as Mapping), source: filled }, isKnown: true };
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Mapping)[key]
    : undefined;
}

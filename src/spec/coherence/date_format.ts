import {
  EPOCHS,
  FORMAT_LETTERS,
  type FormatPart,
  type FormatToken,
  formatWays,
} from "../../core/date_format.ts";

const LETTERS = Object.values(FORMAT_LETTERS).flat();

/** Letters that take one digit or two, or more. */
const LOOSE = /^(M|d|H|h|S+)$/;

/** Letters that are read as digits. */
const DIGITS = /^([ydHhmsS]+|MM?)$/;

/** Each of the first says nothing without the second. */
const NEEDS: readonly (readonly [FormatPart, FormatPart])[] = [
  ["day", "month"],
  ["minute", "hour"],
  ["second", "minute"],
  ["fraction", "second"],
  ["weekday", "day"],
  ["offset", "hour"],
];

/** What to do about a wrong format. */
export const FORMAT_HINT = `Letters: ${LETTERS.join(" ")}; MM is the month, mm the minute; ` +
  `[…] may be left out; put others in single quotes; or ${Object.keys(EPOCHS).join(", ")}`;

/** The mistake in a date format; null where it gives exactly one date or time. */
export function formatFault(format: string, type: string): string | null {
  if (Object.hasOwn(EPOCHS, format)) {
    return type === "time" ? `"${format}" tells a day, and a time has none` : null;
  }
  const directive = strptimeFault(format);
  if (directive !== null) return directive;
  const ways = formatWays(format);
  if (typeof ways === "string") return ways;
  for (const way of ways) {
    const fault = wayFault(way, format, type);
    if (fault === null) continue;
    return ways.length === 1 || fault.includes("twice")
      ? fault
      : `${fault} where […] is left out; write '[' and ']' for brackets in the text`;
  }
  return null;
}

function wayFault(way: readonly FormatToken[], format: string, type: string): string | null {
  const told = new Map<FormatPart, string>();
  let loose: string | null = null;
  for (const token of way) {
    if (token.part === "literal") {
      if (loose !== null && /^\d/.test(token.text)) return unended(format, loose);
      if (token.text !== "") loose = null;
      continue;
    }
    const { part, letters } = token;
    if (told.has(part)) return `"${format}" has the ${part} twice`;
    if (loose !== null && DIGITS.test(letters)) return unended(format, loose);
    told.set(part, letters);
    loose = LOOSE.test(letters) ? letters : null;
  }
  const needed = type === "time" ? "hour" : "year";
  if (!told.has(needed)) return `"${format}" does not have the ${needed}`;
  for (const [part, other] of NEEDS) {
    if (told.has(part) && !told.has(other)) {
      return `"${format}" has the ${part} and not the ${other}`;
    }
  }
  if (told.has("offset") && type !== "timestamptz") {
    return `"${format}" has an offset, which a ${type} would lose: load it as timestamptz`;
  }
  const twelve = /^h/.test(told.get("hour") ?? "");
  if (twelve && !told.has("half")) return `"${format}" has hours up to 12, but no "a" (am or pm)`;
  if (!twelve && told.has("half")) return `"${format}" has "a", which needs "h" or "hh"`;
  return null;
}

function unended(format: string, token: string): string {
  return `"${format}" does not say where the digits of "${token}" end`;
}

/** What `strptime` calls the letters. */
const STRPTIME: Readonly<Record<string, string>> = {
  Y: "yyyy",
  y: "yy",
  m: "MM",
  "-m": "M",
  d: "dd",
  "-d": "d",
  e: "d",
  b: "MMM",
  h: "MMM",
  B: "MMMM",
  a: "EEE",
  A: "EEEE",
  H: "HH",
  "-H": "H",
  I: "hh",
  "-I": "h",
  M: "mm",
  S: "ss",
  f: "SSSSSS",
  p: "a",
  z: "Z",
  T: "HH:mm:ss",
  F: "yyyy-MM-dd",
  D: "MM/dd/yy",
  R: "HH:mm",
};

/** A format of `strptime` would take its letters for others. */
function strptimeFault(format: string): string | null {
  if (!/%-?[A-Za-z]/.test(format)) return null;
  if (format === "%s") return `"%s" is written epoch here`;
  const ours = format.replace(
    /%(-?[A-Za-z])|([A-Za-z]+)/g,
    (run, directive?: string) =>
      directive === undefined ? run === "T" ? run : `'${run}'` : STRPTIME[directive] ?? run,
  );
  return ours.includes("%")
    ? `"${format}" has letters of strptime`
    : `"${format}" is written ${ours} here`;
}

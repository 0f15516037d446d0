import { PRECISE_TYPES, SIMPLE_TYPES } from "../../core/simple_types.ts";
import { LONG_NAMES, OF_EXTENSIONS, OF_POSTGRES, SYNONYMS, TYPE_EXAMPLES } from "../column_type.ts";
import type { EditorHint } from "./key_meta.ts";

/** Names of the types, as `column_type.ts` has them. */
const TYPE_NAMES: readonly string[] = [...SIMPLE_TYPES, "numeric", "varchar", "char"];

/** What may stand behind a name. */
const MODIFIERS: Readonly<Record<string, string>> = {
  numeric: String.raw`(?:\(\s*0*(?:1000|[1-9]\d{0,2})\s*(?:,\s*-?0*(?:1000|\d{1,3})\s*)?\))?`,
  varchar: String.raw`(?:\(\s*0*[1-9]\d{0,7}\s*\))?`,
  char: String.raw`(?:\(\s*0*[1-9]\d{0,7}\s*\))?`,
};

const FLOAT = String.raw`[fF][lL][oO][aA][tT]\s*\(\s*0*(?:[1-9]|[1-4]\d|5[0-3])\s*\)`;

/** The pattern of texts that name one of some types with an encoder, in any letters and blanks. */
export function typePattern(isOne: (name: string) => boolean = () => true): string {
  const names = TYPE_NAMES.filter(isOne);
  const texts = names.flatMap((name) => {
    const words = [
      name,
      ...Object.entries(SYNONYMS).filter(([, meant]) => meant === name).map(([word]) => word),
    ];
    return words.map((word) => `${anyCase(word)}\\s*${MODIFIERS[name] ?? ""}`);
  });
  if (names.includes("real") || names.includes("double precision")) texts.push(FLOAT);
  return `^\\s*(?:${texts.join("|")})\\s*$`;
}

/** The same for types that Postgres reads: known ones, arrays, and whatever has a schema or quotes. */
function serverTypes(): readonly string[] {
  const own = [...TYPE_NAMES, ...Object.keys(SYNONYMS)];
  const others = [...OF_POSTGRES, ...OF_EXTENSIONS, ...Object.keys(LONG_NAMES), ...PRECISE_TYPES]
    .filter((name) => !name.includes('"'));
  const namePattern = (names: readonly string[]) =>
    `(?:${[...new Set(names)].map(anyCase).join("|")})`;
  const modifiers = String.raw`\s*(?:\([^()]*\))?(?:\s+[wW][iI][tT][hH][a-zA-Z\s]*)?`;
  const brackets = String.raw`(?:(?:\s*\[\s*\d*\s*\])+|\s+[aA][rR][rR][aA][yY].*)`;
  return [
    `${namePattern([...own, ...others])}${modifiers}${brackets}`,
    `${namePattern(others)}${modifiers}`,
    '.*[."].*',
  ];
}

function anyCase(word: string): string {
  return word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)
    .replaceAll(" ", "\\s+");
}

export const TYPE: EditorHint = {
  pattern: `${typePattern()}|^\\s*(?:${serverTypes().join("|")})\\s*$`,
  patternErrorMessage:
    'This is no type: write one such as text, bigint, "numeric(10,2)", timestamptz or shop.mood',
  examples: TYPE_EXAMPLES,
};

const MINUTE = String.raw`0*[0-5]?\d`;
const HOUR = String.raw`0*(?:1?\d|2[0-3])`;
const DAY = String.raw`(?:0*(?:[1-9]|[12]\d|3[01])[wW]?|[lL][wW]?|[wW][lL])`;
const MONTH = `(?:0*(?:[1-9]|1[0-2])|${
  "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ").map((name) =>
    anyCase(name.toLowerCase())
  ).join("|")
})`;
const WEEKDAY = `(?:0*[0-7]|${
  "SUN MON TUE WED THU FRI SAT".split(" ").map((name) => anyCase(name.toLowerCase())).join("|")
})(?:#(?:[1-5]|[lL])|[lL])?`;

/**
 * A field: parts with commas between them, each a value, a range or all, perhaps in steps. What
 * steps reach at the end of a range may lie beyond the last value.
 */
function field(value: string): string {
  const part = String.raw`(?:(?:\*|\?|${value}(?:-${value})?)(?:/\d+)?|${value}-\d+/\d+)`;
  return `${part}(?:,${part})*`;
}

const NICKNAMES = ["yearly", "annually", "monthly", "weekly", "daily", "hourly", "midnight"];

export const CRON: EditorHint = {
  pattern: `^\\s*(?:@(?:${NICKNAMES.map(anyCase).join("|")})|${
    [MINUTE, HOUR, DAY, MONTH, `(?:\\+)?${WEEKDAY}`].map(field).join("\\s+")
  })\\s*$`,
  patternErrorMessage:
    'Write minute, hour, day of the month, month and weekday, such as "0 6 * * MON-FRI"',
  examples: ["0 6 * * *", "0 6 * * MON-FRI", "*/15 * * * *", "0 6 1 * *", "@hourly", "@daily"],
};

export const TIME_ZONE: EditorHint = {
  pattern: "^[A-Za-z]",
  patternErrorMessage: "Write an IANA name, such as Europe/Berlin or UTC",
  examples: [
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Paris",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
  ],
};

export const DELIMITER: EditorHint = {
  pattern: String.raw`^(?!\\t$)[^\n\r\0]{1,32}$`,
  patternErrorMessage: 'Write one character or several, and a tab as "\\t" in double quotes',
  examples: [",", ";", "\t", "|"],
};

export const ONE_CHARACTER: EditorHint = {
  pattern: String.raw`^[\x01-\x09\x0b\x0c\x0e-\x7f]$`,
  patternErrorMessage: "Write one ASCII character",
};

export const ENCODING: EditorHint = {
  examples: ["utf-8", "windows-1252", "latin-1", "utf-16", "shift_jis", "gbk", "euc-kr"],
};

export const DATE_FORMAT: EditorHint = {
  examples: ["yyyy-MM-dd", "dd.MM.yyyy", "MM/dd/yyyy", "yyyy-MM-dd HH:mm:ss", "epoch", "epoch_ms"],
};

import type { ColumnType } from "../../src/spec/pipeline_spec.ts";
import { between, pick } from "./random.ts";

/** A type as Postgres knows it, texts to try, and what we refuse although Postgres takes it. */
export interface TypeCase {
  readonly type: ColumnType;
  readonly sql: string;
  readonly send: string;
  readonly timezone?: string;
  /** Only texts valid for this type too can be cast. */
  readonly alsoValid?: string;
  /** Postgres stores another form than the text we send. */
  readonly validityOnly?: boolean;
  readonly corpus: readonly string[];
  readonly alphabet: readonly string[];
  generate(random: Random): string;
  /** Documented in `docs/types.md`. */
  readonly refused: readonly RegExp[];
}

type Random = () => number;

const NUMBERS = [
  ..."0 1 -1 +1 -0 12 007 1.5 -1.5 .5 5. . - + e 1e 1e5 1E+5 1e-5 1e400 1e-400 -1e400 0e999 1e999"
    .split(
      " ",
    ),
  ..."32767 32768 -32768 -32769 2147483647 2147483648 -2147483648 -2147483649".split(" "),
  ..."9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809".split(" "),
  ..."99999999999999999999999 9007199254740993 9007199254740992 9007199254740991".split(" "),
  ..."NaN nan -NaN +nan Infinity -infinity inf +inf -Inf in infinit nan(1) 1_000 1__0 0x1F 0b11"
    .split(
      " ",
    ),
  ..."16777217 16777219 16777216.99999999999999 16777217.000000000000001 3.4028235e38".split(" "),
  ..."3.40282356e38 3.4028235677973366e38 3.4028235677973365e38 3.4028235677973367e38".split(" "),
  ..."1.17549435e-38 1e-45 7e-46 7.006492321624085e-46 7.0064923216240854e-46 1.4e-45".split(" "),
  ..."7.00649232162408535461864791644958065640130970938257885878534141944895541342930300743319094e-46"
    .split(" "),
  ..."1.7976931348623157e308 1.7976931348623159e308 4.9e-324 2.4e-324 2.5e-324 5e-324".split(" "),
  ..."2.2250738585072011e-308 8.5 0.000001 99999999.995 99999999.994 -99999999.995 0.005 -0.005"
    .split(
      " ",
    ),
  ..."0.0049999 123456789012.345 0.00000000000000001 10000 100000000 9999.9999 0.0001 1e10 1e-10"
    .split(
      " ",
    ),
  "",
  " ",
  " 12 ",
  "\t-7\n",
  "- 1",
  "1 2",
  "1,000",
  "１",
  "1\u00a0",
  "000000000000000000000000000000000000001",
  "-00000000000000000000000000000",
  "1" + "0".repeat(131071),
  "1" + "0".repeat(131072),
  "0." + "0".repeat(16382) + "1",
  "0." + "0".repeat(16383) + "1",
];

const NUMBER_CHARACTERS = [..."0123456789..--++eE _xaNif,9950"];

function digits(random: Random, most: number): string {
  let text = "";
  for (let n = between(random, 1, most); n > 0; n--) text += pick(random, "0123456789");
  return text;
}

function integerText(random: Random): string {
  const sign = pick(random, ["", "", "-", "+"]);
  const edge = pick(random, [2 ** 15, 2 ** 31, 1e15, 2 ** 53]);
  if (random() < 0.2) return sign + String(edge + between(random, -3, 3));
  if (random() < 0.2) return sign + String(2n ** 63n + BigInt(between(random, -20, 20)));
  return sign + digits(random, random() < 0.5 ? 5 : 21);
}

function decimalText(random: Random): string {
  const kind = random();
  if (kind < 0.15) return integerText(random);
  if (kind < 0.3) return halfway(random);
  const sign = pick(random, ["", "", "-", "+"]);
  const fraction = random() < 0.8 ? "." + (random() < 0.95 ? digits(random, 12) : "") : "";
  const exponent = random() < 0.3
    ? pick(random, ["e", "E"]) + pick(random, ["", "+", "-"]) + digits(random, 3)
    : "";
  return sign + digits(random, random() < 0.7 ? 6 : 25) + fraction + exponent;
}

/** At or next to a point halfway between two reals. */
function halfway(random: Random): string {
  const bits = new Uint32Array([Math.floor(random() * 0x7f800000)]);
  const low = new Float32Array(bits.buffer)[0]!;
  bits[0] = bits[0]! + 1;
  const high = new Float32Array(bits.buffer)[0]!;
  const middle = String((low + high) / 2);
  if (random() < 0.4 || !middle.includes(".") || middle.includes("e")) return middle;
  return middle + pick(random, ["0000000001", "1", "00000000000000000000001", "0"]);
}

const DATES = [
  ..."2021-01-01 2020-02-29 2021-02-29 1900-02-29 2000-02-29 0001-01-01 0000-01-01 9999-12-31"
    .split(
      " ",
    ),
  ..."10000-01-01 294276-12-31 294277-01-01 5874897-12-31 5874898-01-01 2021-13-01 2021-00-10"
    .split(
      " ",
    ),
  ..."2021-1-5 2021/01/05 2021-01/05 20210105 21-01-05 1/5/2021 2021-001 J2451187 infinity".split(
    " ",
  ),
  ..."-infinity +infinity Infinity INFINITY epoch now today 2021-01-32 2021-04-31 2021-04-30".split(
    " ",
  ),
  "4713-01-01 BC",
  "4714-11-24 BC",
  "4714-11-23 BC",
  "0001-01-01 BC",
  "0004-02-29 BC",
  "0001-02-29 BC",
  "0005-02-29 BC",
  "0100-03-01 bc",
  "2021-01-01  BC",
  "2021-01-01BC",
  "2021-01-01 AD",
  " 2021-01-01 ",
  "5874897-12-31",
  "5874898-01-01",
  "2021-01-01 ad",
  "0044-03-15 AD",
  "20210131",
  "20210229",
  "00010101",
  "20210131 BC",
  "20210131 AD",
  "99991231",
  "2021013",
  "202101311",
  "Epoch",
  "Jan 5 2021",
  "",
];

const TIMES = [
  ..."00:00 00:00:00 23:59:59 23:59:60 24:00:00 24:00:01 23:59:59.999999 23:59:59.9999995".split(
    " ",
  ),
  ..."23:59:60.5 12:00:60.5 12:00:60 12:00:61 12:60:00 25:00:00 1:2:3 01:02:03.4 1:02 010203".split(
    " ",
  ),
  ..."12:34:56.1234565 12:34:56.1234575 12:34:56.12345649999 12:34:56. 12:34.5 12 0102 T01:02:03"
    .split(
      " ",
    ),
  ..."24:00:00.0000001 23:59:59.99999949 00:00:00.0000005 00:00:00.0000015 allballs 24:00 24:01"
    .split(
      " ",
    ),
  "235960",
  "240000",
  "240001",
  "236000",
  "123456.7",
  "123456.7890125",
  "12345",
  "1234567",
  "1234:56",
  "123:45",
  "12:00 AM",
  "12:00:00 pm",
  "10:00:00+02",
  "10:00:00 UTC",
  " 10:00:00 ",
  "",
];

const OFFSETS = [
  ..."Z z +00 -00 +02 -05 +05:30 -03:30 -03:30:15 -0330 +0530 +15:59 +16 +15:59:59 -15:59:59 +14:00:00 +5 +530"
    .split(
      " ",
    ),
  ..." +02| UTC| utc| America/New_York| EST| GMT|UTC+2| +02:00:00|+02:60|+02:00:60|+02:|+2:30"
    .split("|"),
];

function dateText(random: Random): string {
  if (random() < 0.1) {
    return digits(random, 1) + String(between(random, 0, 9991231)).padStart(7, "0");
  }
  const year = random() < 0.7
    ? String(between(random, 1890, 2110))
    : random() < 0.5
    ? String(between(random, 1, 9999)).padStart(4, "0")
    : String(between(random, 1, 300000)).padStart(4, "0");
  const month = String(between(random, 1, 12)).padStart(random() < 0.95 ? 2 : 1, "0");
  const day = String(between(random, 1, 31)).padStart(random() < 0.95 ? 2 : 1, "0");
  return `${year}-${month}-${day}${random() < 0.05 ? " BC" : ""}`;
}

function timeText(random: Random): string {
  const two = (most: number) => String(between(random, 0, most)).padStart(2, "0");
  const seconds = random() < 0.9 ? `:${two(random() < 0.9 ? 59 : 61)}` : "";
  const fraction = seconds !== "" && random() < 0.4 ? `.${digits(random, 9)}` : "";
  if (random() < 0.1) return `${two(24)}${two(60)}${two(60)}${fraction}`;
  return `${two(random() < 0.95 ? 23 : 25)}:${two(59)}${seconds}${fraction}`;
}

function timestampText(random: Random): string {
  if (random() < 0.05) return pick(random, DATES);
  const separator = pick(random, [" ", " ", "T", "t", "  "]);
  return `${dateText(random).replace(" BC", "")}${separator}${
    random() < 0.05 ? pick(random, TIMES) : timeText(random)
  }${random() < 0.03 ? " BC" : ""}`;
}

function zonedText(random: Random): string {
  if (random() < 0.5) return timestampText(random);
  return timestampText(random).replace(/ BC$/, "") + pick(random, OFFSETS) +
    (random() < 0.03 ? " BC" : "");
}

/** Near the hours at which clocks change. */
function transitionText(random: Random): string {
  if (random() < 0.3) return zonedText(random);
  const month = pick(random, ["03", "04", "10", "11", "09", "02"]);
  const day = String(between(random, 1, 31)).padStart(2, "0");
  return `${between(random, 1971, 2036)}-${month}-${day} 0${between(random, 0, 4)}:${
    pick(random, ["00", "30", "59", "01"])
  }:${pick(random, ["00", "59"])}`;
}

const DATE_CHARACTERS = [..."0123456789--::  ./TZ+BC"];

const TIMESTAMPS = [
  ...DATES,
  ...DATES.map((text) => `${text} 12:34:56`),
  ...TIMES.map((text) => `2021-06-30 ${text}`),
  ...TIMES.map((text) => `2021-06-30T${text}`),
  // Where a time ends and its offset begins Postgres decides by what stands between digits.
  ...["123845", "123845.5", "123845.", "12:38:45", "12:38:45.5", "12:38"].flatMap((time) =>
    OFFSETS.map((offset) => `1972-08-12 ${time}${offset}`)
  ),
  "299777-5-5 03:46:58",
  "2021-01-5 10:00:00",
  "294276-12-31 23:59:59.999999",
  "294276-12-31 24:00:00",
  "294276-12-31 23:59:60",
  "294276-12-31 23:59:59.9999999",
  "4713-01-01 00:00:00 BC",
  "2021-01-01  10:00:00",
  "2021-01-01\t10:00:00",
  "2021-01-01T 10:00:00",
  "2021-01-01 T10:00:00",
  "2021-01-0110:00:00",
];

const LOOSE_TIME = /./s;

const TEXTS = [
  "",
  "abcde",
  "abcdef",
  "abcde ",
  "abc  ",
  "     ",
  "      ",
  "      x",
  "äöüß€",
  "😀😀😀😀😀",
  "😀😀😀😀😀😀",
  "a\u0301",
  "\ufeff",
];

function anyText(random: Random): string {
  let text = "";
  for (let n = between(random, 0, 9); n > 0; n--) {
    text += pick(random, ["a", "B", " ", " ", "é", "€", "😀", "\n", "\\"]);
  }
  return text;
}

function jsonText(random: Random, depth = 0): string {
  const kind = random();
  if (kind < 0.2 && depth < 4) {
    return `[${
      Array.from({ length: between(random, 0, 3) }, () => jsonText(random, depth + 1)).join(
        pick(random, [",", " , "]),
      )
    }]`;
  }
  if (kind < 0.4 && depth < 4) {
    return `{${
      Array.from({ length: between(random, 0, 3) }, () =>
        `${jsonString(random)}: ${jsonText(random, depth + 1)}`)
        .join(",")
    }}`;
  }
  if (kind < 0.65) return decimalText(random).replace("+", "");
  if (kind < 0.75) return pick(random, ["true", "false", "null", "True", "nul"]);
  return jsonString(random);
}

function jsonString(random: Random): string {
  let text = "";
  for (let n = between(random, 0, 6); n > 0; n--) {
    text += pick(random, [
      "a",
      "é",
      "😀",
      "\\n",
      "\\u0041",
      "\\u0000",
      "\\ud83d",
      "\\ude00",
      "\\ud83d\\ude00",
      "\\/",
      "\\x",
      "\t",
      "\u007f",
      '\\"',
      "\\uD83D",
    ]);
  }
  return `"${text}"`;
}

const JSONS = [
  "",
  " ",
  "1",
  "-",
  "-0",
  "01",
  "1.",
  ".5",
  "1e5",
  "1E+5",
  "1e",
  "1.5e-7",
  "[",
  "[1,]",
  "{}",
  '{"a":1,}',
  '{"a" 1}',
  "[1 2]",
  '"\\u12"',
  '"\u0001"',
  " [1] ",
  "[1]]",
  '{"a":1,"a":2}',
  "1e100",
  "1e100000",
  "1e200000",
  "1e-20000",
  "NaN",
  "'a'",
  "\u00a01",
  "tru",
  "truex",
  "nullnull",
  "-1",
  "--1",
  "+1",
  "[[[[]]]]",
  "1e0000000000000005",
];

function intervalText(random: Random): string {
  const number = () =>
    pick(random, ["", "", "-", "+"]) + String(between(random, 0, random() < 0.9 ? 100 : 999999999));
  if (random() < 0.25) {
    const part = (unit: string) => random() < 0.5 ? number() + unit : "";
    const clock = part("H") + part("M") +
      (random() < 0.5 ? `${number()}${random() < 0.5 ? `.${digits(random, 6)}` : ""}S` : "");
    return `P${part("Y")}${part("M")}${part("W")}${part("D")}${clock === "" ? "" : `T${clock}`}`;
  }
  const parts: string[] = [];
  for (
    const units of [
      ["year", "years", "y", "yr"],
      ["mon", "month", "mons"],
      ["week", "weeks", "w"],
      ["day", "days", "d"],
    ]
  ) {
    if (random() < 0.4) parts.push(`${number()} ${pick(random, units)}`);
  }
  if (random() < 0.4) parts.push(pick(random, ["", "-", "+"]) + timeText(random));
  else {
    for (const units of [["hour", "h", "hrs"], ["minute", "min", "mins", "m"]]) {
      if (random() < 0.4) parts.push(`${number()} ${pick(random, units)}`);
    }
    if (random() < 0.4) {
      parts.push(
        `${number()}${random() < 0.5 ? `.${digits(random, 6)}` : ""} ${
          pick(random, ["second", "secs", "s"])
        }`,
      );
    }
  }
  if (random() < 0.15) parts.push("ago");
  return parts.join(" ");
}

const UUIDS = [
  "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
  "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
  "a0eebc999c0b4ef8bb6d6bb9bd380a11",
  "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
  "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
  "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
  "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
  "",
  " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
  "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
  "a0eebc999c0b4ef8bb6d6bb9bd380a11-",
];

function uuidText(random: Random): string {
  let text = "";
  for (let i = 0; i < 16; i++) {
    text += digits(random, 1) + pick(random, "0123456789abcdefABCDEF");
    if (i % 2 === 1 && i < 15 && random() < 0.5) text += "-";
  }
  return random() < 0.2 ? `{${text}}` : text;
}

const BYTEAS = [
  "",
  "\\x",
  "\\x00ff",
  "\\xDEAD beef",
  "\\x0",
  "\\x0 0",
  "\\xzz",
  "abc",
  "a\\\\b",
  "\\000",
  "\\377",
  "\\400",
  "\\12",
  "\\",
  "a\\",
  "\\x\n00",
  "\\X00",
  "é",
];

const integers = {
  corpus: NUMBERS,
  alphabet: NUMBER_CHARACTERS,
  generate: integerText,
  refused: [/[xob_]/i],
};
// Underscores, other bases; exponents that only zero and what rounds to it can have.
const numerics = {
  corpus: NUMBERS,
  alphabet: NUMBER_CHARACTERS,
  generate: decimalText,
  refused: [/[xob_]/i, /e[+-]?\d{6,}/i],
};
const floats = {
  corpus: NUMBERS,
  alphabet: NUMBER_CHARACTERS,
  generate: decimalText,
  refused: [/x/i, /[+-]nan/i, /nan\(/i],
};
const stamps = { corpus: TIMESTAMPS, alphabet: DATE_CHARACTERS };

export const CASES: readonly TypeCase[] = [
  { type: { name: "smallint" }, sql: "smallint", send: "int2send", ...integers },
  { type: { name: "integer" }, sql: "integer", send: "int4send", ...integers },
  { type: { name: "bigint" }, sql: "bigint", send: "int8send", ...integers },
  { type: { name: "real" }, sql: "real", send: "float4send", ...floats },
  { type: { name: "double precision" }, sql: "double precision", send: "float8send", ...floats },
  {
    type: { name: "numeric", precision: null, scale: null },
    sql: "numeric",
    send: "numeric_send",
    ...numerics,
  },
  ...([[10, 2], [5, 0], [3, 5], [20, 10], [6, -2], [15, 4], [38, 18], [12, 12]] as const).map((
    [precision, scale],
  ) => ({
    type: { name: "numeric" as const, precision, scale },
    sql: `numeric(${precision},${scale})`,
    send: "numeric_send",
    alsoValid: "numeric",
    ...numerics,
  })),
  {
    type: { name: "boolean" },
    sql: "boolean",
    send: "boolsend",
    corpus: [
      "t",
      "tr",
      "tru",
      "true",
      "TRUE",
      "truee",
      "f",
      "fa",
      "false",
      "y",
      "ye",
      "yes",
      "n",
      "no",
      "on",
      "of",
      "off",
      "o",
      "1",
      "0",
      "10",
      "",
      " t ",
      "\x11",
      "oo",
      "ON",
      "\x10",
      "Q",
      "p",
    ],
    alphabet: [..."truefalsyno10 \x11\x10"],
    generate: (random) =>
      pick(random, ["true", "false", "yes", "no", "on", "off", "1", "0"]).slice(
        0,
        between(random, 1, 5),
      ),
    refused: [],
  },
  {
    type: { name: "text" },
    sql: "text",
    send: "textsend",
    corpus: TEXTS,
    alphabet: ["a", " ", "é"],
    generate: anyText,
    refused: [],
  },
  {
    type: { name: "varchar", length: 5 },
    sql: "varchar(5)",
    send: "varcharsend",
    corpus: TEXTS,
    alphabet: ["a", " ", "é"],
    generate: anyText,
    refused: [],
  },
  {
    type: { name: "char", length: 5 },
    sql: "char(5)",
    send: "bpcharsend",
    corpus: TEXTS,
    alphabet: ["a", " ", "é"],
    generate: anyText,
    refused: [],
  },
  {
    type: { name: "uuid" },
    sql: "uuid",
    send: "uuid_send",
    corpus: UUIDS,
    alphabet: [..."0aF-{}g "],
    generate: uuidText,
    refused: [],
  },
  {
    type: { name: "bytea" },
    sql: "bytea",
    send: "byteasend",
    corpus: BYTEAS,
    alphabet: [..."0aF\\x 7\n"],
    generate: (random) =>
      random() < 0.5 ? `\\x${digits(random, 9)}` : anyText(random) + `\\${digits(random, 3)}`,
    refused: [],
  },
  // Only ISO forms: the year first, then nothing but BC.
  {
    type: { name: "date" },
    sql: "date",
    send: "date_send",
    corpus: DATES,
    alphabet: DATE_CHARACTERS,
    generate: dateText,
    refused: [
      /^(?!\s*(\d{4,7}-\d\d-\d\d|\d{8})( BC| AD)?\s*$)/i,
    ],
  },
  {
    type: { name: "time" },
    sql: "time",
    send: "time_send",
    corpus: TIMES,
    alphabet: DATE_CHARACTERS,
    generate: timeText,
    refused: [/^(?!\s*(\d\d:\d\d(:\d\d(\.\d*)?)?|([01]\d|2[0-3])([0-5]\d){2}(\.\d+)?)\s*$)/],
  },
  ...(["timestamp"] as const).map((name) => ({
    type: { name },
    sql: name,
    send: "timestamp_send",
    ...stamps,
    generate: timestampText,
    refused: [
      /^(?!\s*(\d{4,7}-\d\d-\d\d|\d{8})([ T](\d\d:\d\d(:\d\d(\.\d*)?)?|([01]\d|2[0-3])([0-5]\d){2}(\.\d+)?))?( BC| AD)?\s*$)/i,
    ],
  })),
  ...([
    ["UTC", zonedText],
    ["America/New_York", transitionText],
    ["Europe/Berlin", transitionText],
    ["Australia/Lord_Howe", transitionText],
    ["Asia/Kolkata", zonedText],
  ] as const).map(([timezone, generate]) => ({
    type: { name: "timestamptz" as const },
    sql: "timestamptz",
    send: "timestamptz_send",
    timezone,
    ...stamps,
    generate,
    refused: [
      /^(?!\s*(\d{4,7}-\d\d-\d\d|\d{8})([ T](\d\d:\d\d(:\d\d(\.\d*)?)?|([01]\d|2[0-3])([0-5]\d){2}(\.\d+)?)(Z|[+-](0\d|1[0-5])(:?[0-5]\d)?)?)?( BC| AD)?\s*$)/i,
    ],
  })),
  {
    type: { name: "interval" },
    sql: "interval",
    send: "interval_send",
    corpus: [
      "1 day",
      "1 year 2 mons 3 days 04:05:06.789",
      "P1Y2M3DT4H5M6.7S",
      "P",
      "PT",
      "PT1M",
      "P1W",
      "1:30",
      "-1:30:00",
      "1 day -01:00:00",
      "1 day ago",
      "ago",
      "",
      "1",
      "1.5 hours",
      "infinity",
      "1 day 1 day",
      "1 hour 01:00:00",
      "0:0:0",
      "-0.5 seconds",
      "P-1Y",
    ],
    alphabet: [..."0123456789 -+:.PYMDTHSdays"],
    generate: intervalText,
    refused: [LOOSE_TIME],
  },
  {
    type: { name: "json" },
    sql: "json",
    send: "json_send",
    corpus: JSONS,
    alphabet: [...'{}[]:,"\\u0a 1.e-'],
    generate: jsonText,
    refused: [],
  },
  {
    type: { name: "jsonb" },
    sql: "jsonb",
    send: "jsonb_send",
    validityOnly: true,
    corpus: JSONS,
    alphabet: [...'{}[]:,"\\u0a 1.e-'],
    generate: jsonText,
    refused: [/[eE][+-]?\d{4,}/],
  },
];

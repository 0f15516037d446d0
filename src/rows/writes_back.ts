import { plainNumber } from "./types/number_text.ts";
import type { ColumnOptions, ColumnType } from "../spec/pipeline_spec.ts";

/**
 * Whether Postgres writes a value as the very text that it was read from: `value::text`, with ISO
 * dates and in UTC.
 *
 * Asked of texts that the type's encoder accepts; what it refuses (a 31st of June) is not seen here.
 */
export type WritesBack = (text: string) => boolean;

/** Types that evidence may choose beside text, the narrowest first of those that overlap. */
export const GUESSABLE: readonly ColumnType[] = [
  { name: "integer" },
  { name: "bigint" },
  { name: "numeric", precision: null, scale: null },
  { name: "double precision" },
  { name: "boolean" },
  { name: "date" },
  { name: "timestamp" },
  { name: "timestamptz" },
  { name: "uuid" },
];

/** The texts that a type writes; none for a type where that is not known. */
export function writesBack(type: ColumnType, options: ColumnOptions = {}): WritesBack {
  const form = formOf(type);
  const { thousands, decimal, strip, negative } = options;
  if ([thousands, decimal, strip, negative].every((option) => option === undefined)) return form;
  // The pipeline file says how numbers are written: `1.234,50` is 1234.50.
  const plain = plainNumber(options);
  return (text) => {
    const number = plain(text);
    return number !== null && form(number);
  };
}

const DAY = String.raw`\d{4}-\d\d-\d\d`;
const CLOCK = String.raw`([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{0,5}[1-9])?`;

const FORMS: Readonly<Record<string, WritesBack>> = {
  smallint: matching(/^(0|-?[1-9]\d*)$/),
  integer: matching(/^(0|-?[1-9]\d*)$/),
  bigint: matching(/^(0|-?[1-9]\d*)$/),
  // A zero has no sign: "-0.00" would lose it.
  numeric: matching(/^(?!-0(\.0*)?$)-?(0|[1-9]\d*)(\.\d+)?$/),
  "double precision": isShortest,
  boolean: matching(/^(true|false)$/),
  date: matching(new RegExp(`^${DAY}$`)),
  timestamp: matching(new RegExp(`^${DAY} ${CLOCK}$`)),
  timestamptz: matching(new RegExp(String.raw`^${DAY} ${CLOCK}\+00$`)),
  text: () => true,
  varchar: () => true,
  uuid: matching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
};

function formOf(type: ColumnType): WritesBack {
  const form = Object.hasOwn(FORMS, type.name) ? FORMS[type.name] : () => false;
  if (type.name !== "numeric" || type.precision === null) return form;
  // The scale is filled up with zeros.
  const scale = Math.max(0, type.scale ?? 0);
  return (text) => form(text) && (text.split(".")[1] ?? "").length === scale;
}

function matching(form: RegExp): WritesBack {
  return (text) => form.test(text);
}

/** Exponents that Postgres writes as such; between them all digits stand. */
const LOWEST_PLAIN = -4;
const HIGHEST_PLAIN = 14;

/** Whether a text is the shortest one of its double, as Postgres writes it. */
function isShortest(text: string): boolean {
  const parts = /^-?(\d+)(?:\.(\d+))?(e[-+]\d{2,3})?$/.exec(text);
  if (parts === null) return false;
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  const [mantissa, power] = Math.abs(value).toExponential().split("e");
  const exponent = Number(power);
  const digits = mantissa.replace(".", "");
  const written = exponent < LOWEST_PLAIN || exponent > HIGHEST_PLAIN
    ? `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`
    : exponent < 0
    ? `0.${digits.padStart(digits.length - exponent - 1, "0")}`
    : digits.length <= exponent + 1
    ? digits.padEnd(exponent + 1, "0")
    : `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
  return text === (text.startsWith("-") ? `-${written}` : written) &&
    !isHalfway(BigInt(digits), exponent - digits.length + 1);
}

/**
 * Whether `digits × 10^power` lies halfway between two doubles.
 *
 * JavaScript writes the nearer even one so; Postgres takes more digits: 1e23 is 9.999999999999999e+22.
 */
function isHalfway(digits: bigint, power: number): boolean {
  if (digits === 0n) return false;
  let odd = digits;
  if (power >= 0) odd *= 5n ** BigInt(power);
  else {
    // More than 24 fives are in no number of 17 digits.
    if (power < -24) return false;
    const fives = 5n ** BigInt(-power);
    if (odd % fives !== 0n) return false;
    odd /= fives;
  }
  const bits = odd.toString(2).replace(/0+$/, "");
  return bits.length === 54;
}

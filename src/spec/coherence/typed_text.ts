import { type ColumnType, INTEGERS, NUMBERS, typeText } from "../column_type.ts";

/** Whether a type can read a text; only what surely cannot be read is none of it. */
export function isOf(type: ColumnType, text: string): boolean {
  const value = text.trim();
  if (INTEGERS.test(type.name)) {
    if (!/^[+-]?\d{1,30}$/.test(value)) return false;
    const number = BigInt(value.replace("+", ""));
    const [least, most] = BOUNDS[type.name];
    return number >= least && number <= most;
  }
  if (NUMBERS.test(type.name)) {
    return /^([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|[+-]?inf(inity)?)$/i.test(value);
  }
  if (type.name === "date" || type.name.startsWith("timestamp")) {
    const day = /^(\d{4})-(\d\d)-(\d\d)/.exec(value);
    if (day === null) return /\d|infinity|epoch|now|today|tomorrow|yesterday/i.test(value);
    const date = new Date(Date.UTC(2000, 0, 1));
    date.setUTCFullYear(Number(day[1]), Number(day[2]) - 1, Number(day[3]));
    return date.getUTCMonth() === Number(day[2]) - 1 && date.getUTCDate() === Number(day[3]);
  }
  const form = FORMS[type.name];
  if (form !== undefined) return form.test(value);
  if (type.name === "json" || type.name === "jsonb") return isJson(value);
  if ((type.name === "varchar" || type.name === "char") && !text.includes("\0")) {
    // Postgres cuts blanks at the end, and nothing else.
    return [...text.replace(/ +$/, "")].length <=
      (type.length ?? (type.name === "char" ? 1 : Infinity));
  }
  return !text.includes("\0");
}

/** Compares where both are written plainly; what cannot be compared is not above. */
export function isAbove(type: ColumnType, min: string, max: string): boolean {
  if (INTEGERS.test(type.name) && isOf(type, min) && isOf(type, max)) {
    return BigInt(min.replace("+", "")) > BigInt(max.replace("+", ""));
  }
  if (NUMBERS.test(type.name)) return Number(min) > Number(max);
  const plain = /^\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d)?$/;
  return plain.test(min) && plain.test(max) && min.slice(0, 10) !== max.slice(0, 10) && min > max;
}

/** Message and hint for a text that {@link isOf} refuses. */
export function notOfType(type: ColumnType, value: string): [message: string, hint: string | null] {
  const isInteger = INTEGERS.test(type.name) && /^[+-]?\d+$/.test(value.trim());
  return [
    `"${value}" is not a valid ${typeText(type)}`,
    isInteger ? `Expected ${BOUNDS[type.name].join(" to ")}` : null,
  ];
}

const BOUNDS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  smallint: [-(2n ** 15n), 2n ** 15n - 1n],
  integer: [-(2n ** 31n), 2n ** 31n - 1n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
};

const FORMS: Readonly<Record<string, RegExp>> = {
  boolean: /^(t|tr|tru|true|y|ye|yes|on|1|f|fa|fal|fals|false|n|no|of|off|0)$/i,
  uuid: /^\{?([0-9a-f]{4}-?){7}[0-9a-f]{4}\}?$/i,
  time: /\d/,
  interval: /\d|infinity/i,
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

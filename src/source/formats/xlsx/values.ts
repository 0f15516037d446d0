import type { NumberKind } from "./styles.ts";

const DAY = 86_400_000;
/** Days from 1970-01-01 to the days that are 0 in the two systems, and the last one of Excel. */
const EPOCH_1900 = -25_569;
const EPOCH_1904 = -24_107;
const LAST_DAY = 2_958_466;

/**
 * A number as it is stored in a cell, as a text for Postgres.
 *
 * Its digits stay, but for two things: programs write doubles with 17 digits, of which the shortest
 * text of the same double is what people see; and whole numbers have no decimals and no exponent.
 */
export function numberText(stored: string): string {
  stored = stored.trim();
  const parts = /^([-+]?)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/.exec(stored);
  if (parts === null || (parts[2] + (parts[3] ?? "")) === "") return stored;
  const [, sign, whole, fraction = "", exponent] = parts;
  const minus = sign === "-" ? "-" : "";
  if (exponent === undefined && /^0*$/.test(fraction)) {
    return minus + (whole.replace(/^0+(?=\d)/, "") || "0");
  }
  const digits = (whole + fraction).replace(/^0+/, "").replace(/0+$/, "").length;
  const value = Number(stored);
  // More digits than a double has are somebody's own.
  if (digits > 17 || !Number.isFinite(value)) return stored;
  if (exponent === undefined && digits <= 15) {
    return `${minus}${whole || "0"}.${fraction.replace(/0+$/, "")}`;
  }
  return plainText(value);
}

/** A double in the shortest digits, without an exponent where that is not long. */
function plainText(value: number): string {
  const text = String(value);
  const parts = /^(-?)(\d)(?:\.(\d+))?e([-+]\d+)$/.exec(text);
  if (parts === null) return text;
  const [, minus, first, rest = "", power] = parts;
  const shift = Number(power);
  if (shift < -30 || shift > 30) return text;
  const all = first + rest;
  return shift < 0
    ? `${minus}0.${"0".repeat(-shift - 1)}${all}`
    : minus + all.padEnd(shift + 1, "0");
}

/**
 * A day number of Excel, as the date, time or interval that its format shows.
 *
 * Times are rounded to milliseconds, which is what a double of days is good for. A date without a
 * time has none, unless its format has one; what no day is stays the number, which types refuse.
 *
 * @param asDate a date column wants the day alone where there is no time
 */
export function serialText(
  stored: string,
  kind: Exclude<NumberKind, "number">,
  is1904: boolean,
  asDate: boolean,
): string {
  const serial = Number(stored);
  if (stored.trim() === "" || !Number.isFinite(serial)) return stored;
  const all = Math.round(serial * DAY);
  if (kind === "duration") {
    const minus = all < 0 ? "-" : "";
    const time = Math.abs(all);
    return `${minus}${clockText(time, Math.floor(time / 3_600_000))}`;
  }
  const day = Math.floor(all / DAY);
  const time = all - day * DAY;
  if (serial < 0 || day >= LAST_DAY - (is1904 ? 1462 : 0)) return numberText(stored);
  // A time of no day.
  if (day === 0 && (kind === "time" || time > 0 && !is1904)) return clockText(time);
  const date = dateText(day, is1904);
  if (time === 0 && (kind === "date" || asDate)) return date;
  return `${date} ${clockText(time)}`;
}

/** A day or time that is stored as ISO 8601, by the same rule: midnight is no time of a date. */
export function isoText(stored: string, kind: NumberKind, asDate: boolean): string {
  return kind === "date" || asDate ? stored.replace(/T00:00(:00(\.0+)?)?$/, "") : stored;
}

function dateText(day: number, is1904: boolean): string {
  if (is1904) return isoDate(day + EPOCH_1904);
  // Days that Lotus 1-2-3 thought there were.
  if (day === 0) return "1900-01-00";
  if (day === 60) return "1900-02-29";
  return isoDate(day + EPOCH_1900 + (day < 60 ? 1 : 0));
}

function isoDate(days: number): string {
  return new Date(days * DAY).toISOString().slice(0, 10);
}

function clockText(time: number, hours = Math.floor(time / 3_600_000) % 24): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const fraction = time % 1000;
  return `${two(hours)}:${two(Math.floor(time / 60_000) % 60)}:${
    two(Math.floor(time / 1000) % 60)
  }` + (fraction === 0 ? "" : `.${String(fraction).padStart(3, "0").replace(/0+$/, "")}`);
}

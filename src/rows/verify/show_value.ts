import type { ColumnType } from "../../spec/pipeline_spec.ts";

/** Characters of a value that a message shows. */
const SHOWN = 80;

/** 2000-01-01, where Postgres begins to count, in milliseconds of JavaScript. */
const EPOCH = 946_684_800_000;

const DAY = 86_400_000;

/** A binary value as a message shows it. */
export function showValue(type: ColumnType, bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type.name) {
    case "smallint":
      return String(view.getInt16(0));
    case "integer":
      return String(view.getInt32(0));
    case "bigint":
      return String(view.getBigInt64(0));
    case "real":
      return String(view.getFloat32(0));
    case "double precision":
      return String(view.getFloat64(0));
    case "numeric":
      return numericText(view);
    case "boolean":
      return bytes[0] === 0 ? "false" : "true";
    case "uuid":
      return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    case "bytea":
      return cut(`\\x${hex(bytes.subarray(0, SHOWN))}`);
    case "date":
      return dayText(view.getInt32(0)) ?? `day ${view.getInt32(0)} from 2000-01-01`;
    case "time":
      return timeText(view.getBigInt64(0));
    case "timestamp":
      return timestampText(view.getBigInt64(0));
    case "timestamptz":
      return timestampText(view.getBigInt64(0)).replace(/\d$/, "$&Z");
    case "interval":
      return `${view.getInt32(12)} months ${view.getInt32(8)} days ${view.getBigInt64(0)} µs`;
    default:
      return cut(JSON.stringify(new TextDecoder().decode(bytes.subarray(0, SHOWN * 4))));
  }
}

function numericText(view: DataView): string {
  const sign = view.getUint16(4);
  if (sign === 0xc000) return "NaN";
  if (sign === 0xd000 || sign === 0xf000) return sign === 0xd000 ? "Infinity" : "-Infinity";
  const count = view.getInt16(0);
  const weight = view.getInt16(2);
  const scale = view.getUint16(6);
  const digit = (i: number) =>
    String(i >= 0 && i < count ? view.getInt16(8 + i * 2) : 0).padStart(4, "0");
  const sequence = (from: number, to: number) =>
    Array.from({ length: Math.max(0, to - from) }, (_, i) => digit(from + i)).join("");
  const whole = sequence(0, weight + 1).replace(/^0+(?=\d)/, "") || "0";
  const fraction = sequence(weight + 1, weight + 1 + Math.ceil(scale / 4)).slice(0, scale);
  return cut(`${sign === 0x4000 ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`);
}

function dayText(days: number): string | null {
  if (days === 2147483647 || days === -2147483648) return days > 0 ? "infinity" : "-infinity";
  const date = new Date(EPOCH + days * DAY);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().slice(0, -14);
}

function timestampText(micros: bigint): string {
  if (micros === 2n ** 63n - 1n) return "infinity";
  if (micros === -(2n ** 63n)) return "-infinity";
  const perDay = 86_400_000_000n;
  const inDay = ((micros % perDay) + perDay) % perDay;
  const days = Number((micros - inDay) / perDay);
  return `${dayText(days) ?? `day ${days} from 2000-01-01`}T${timeText(inDay)}`;
}

function timeText(micros: bigint): string {
  const seconds = micros / 1_000_000n;
  const two = (value: bigint) => String(value).padStart(2, "0");
  const fraction = String(micros % 1_000_000n).padStart(6, "0").replace(/0+$/, "");
  return `${two(seconds / 3600n)}:${two(seconds / 60n % 60n)}:${two(seconds % 60n)}` +
    (fraction === "" ? "" : `.${fraction}`);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function cut(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

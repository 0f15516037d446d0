import type { ColumnPlan, PartitionBounds } from "../../plan/load_plan.ts";
import type { Column } from "../compile_columns.ts";
import { encodeLiteral, unrounded } from "../rules/literal.ts";
import {
  loadBooleans,
  loadDoubles,
  loadIntegers,
  type LoadNumbers,
  loadReals,
  loadThousandths,
  type NumberLimits,
} from "./load_numbers.ts";
import type { NumberForm } from "./store_numbers.ts";
import type { StoredType } from "./stored_rows.ts";

/** How the numbers of a field become those of its column, without a text between. */
export interface NumberProgram {
  readonly load: LoadNumbers;
  readonly limits: NumberLimits;
  readonly form: NumberForm;
}

/** Days and microseconds from 1970-01-01 to 2000-01-01, from which Postgres counts. */
const EPOCH_DAYS = 10_957;
const EPOCH_MICROS = 946_684_800_000_000;
const DAY_MICROS = 86_400_000_000;
/** The years 1 to 9999, in days from 2000-01-01: others are texts of another form. */
const FIRST_DAY = -730_119;
const LAST_DAY = 2_921_939;

/** The column as the plan has it and as it was compiled, and the bounds of its partition. */
export interface StoredColumnPlan {
  readonly column: Column;
  readonly plan: ColumnPlan;
  readonly bounds: PartitionBounds | null;
}

type Load = Omit<NumberProgram, "limits"> & Omit<NumberLimits, "allowed">;

/** Options that say nothing of numbers, of dates, or of times; others change what a text says. */
const HARMLESS = new Set(["null_values", "empty_as_null", "trim", "timezone"]);

/** The program of a column; null where only its texts tell its values. */
export function numberProgram(column: StoredColumnPlan, type: StoredType): NumberProgram | null {
  const { plan, bounds } = column;
  if (!takesTexts(column) || !judgesValues(column)) return null;
  const load = loadOf(plan, type);
  if (load === null) return null;
  const { rules } = plan;
  const isLimited = rules.min !== undefined || rules.max !== undefined || bounds !== null ||
    rules.one_of !== undefined;
  if (isLimited && load.form === "bool") return null;
  const isFloat = load.form === "float4" || load.form === "float8";
  if (isFloat && (bounds !== null || rules.one_of !== undefined)) return null;
  const read = (what: string, text: string) => {
    const encoded = encodeLiteral(
      `${plan.name}, ${what}`,
      unrounded(plan.type),
      plan.options,
      text,
    );
    return numberOf(load.form, new DataView(encoded.buffer));
  };
  let { low, high } = load;
  if (rules.min !== undefined) low = greater(low, read("min", rules.min));
  if (rules.max !== undefined) high = lesser(high, read("max", rules.max));
  if (bounds !== null) {
    low = greater(low, read("partition bound", bounds.start));
    high = lesser(high, read("partition bound", bounds.end) - 1);
  }
  const allowed = rules.one_of === undefined
    ? null
    : new Set(rules.one_of.map((text) => read("one_of", text)));
  const limits = { times: load.times, plus: load.plus, low, high, allowed };
  return { load: load.load, form: load.form, limits };
}

/** Whether nothing but a value's own text decides what it is. */
export function takesTexts({ column, plan }: StoredColumnPlan): boolean {
  return column.nulls === null &&
    Object.entries(plan.options).every(([key, value]) => value === undefined || HARMLESS.has(key));
}

/** Rules on values, whatever their texts are. */
const ON_VALUES = new Set(["min", "max", "one_of"]);

/** Whether no rule is about texts. */
export function judgesValues({ plan }: StoredColumnPlan): boolean {
  return Object.entries(plan.rules).every(([key, limit]) =>
    limit === undefined || ON_VALUES.has(key)
  );
}

/** A limit that is no number leaves no value between the limits. */
function greater(a: number, b: number): number {
  return a > b ? a : b;
}

function lesser(a: number, b: number): number {
  return a < b ? a : b;
}

const AS_IT_IS = { times: 1, plus: 0 };
const INT2 = { ...AS_IT_IS, low: -32768, high: 32767, form: "int2" } as const;
const INT4 = { ...AS_IT_IS, low: -2147483648, high: 2147483647, form: "int4" } as const;
const INT8 = {
  ...AS_IT_IS,
  low: Number.MIN_SAFE_INTEGER,
  high: Number.MAX_SAFE_INTEGER,
  form: "int8",
} as const;
const ANY = { ...AS_IT_IS, low: -Infinity, high: Infinity };

function loadOf({ type: { name }, options }: ColumnPlan, type: StoredType): Load | null {
  const isNumber = type.kind === "integer" || type.kind === "double";
  switch (name) {
    case "smallint":
      return isNumber ? { ...INT2, load: loadIntegers } : null;
    case "integer":
      return isNumber ? { ...INT4, load: loadIntegers } : null;
    case "bigint":
      return isNumber ? { ...INT8, load: loadIntegers } : null;
    case "real":
      return isNumber ? { ...ANY, form: "float4", load: loadReals } : null;
    case "double precision":
      return isNumber ? { ...ANY, form: "float8", load: loadDoubles } : null;
    case "boolean":
      return type.kind === "boolean" ? { ...ANY, form: "bool", load: loadBooleans } : null;
    case "date":
      if (type.kind !== "date") return null;
      return {
        ...INT4,
        plus: -EPOCH_DAYS,
        low: FIRST_DAY,
        high: LAST_DAY,
        load: loadIntegers,
      };
    case "time":
      if (type.kind !== "time") return null;
      return { ...clock(type.perSecond, 0), low: 0, high: DAY_MICROS - 1 };
    case "timestamp":
    case "timestamptz": {
      const hasZone = name === "timestamptz";
      const isUtc = /^(utc|etc\/utc|z)$/i.test(options.timezone ?? "UTC");
      if (type.kind === "date") {
        if (hasZone && !isUtc) return null;
        return { ...INT8, times: DAY_MICROS, plus: -EPOCH_MICROS, load: loadIntegers };
      }
      if (type.kind !== "timestamp") return null;
      // An offset in a column without one is a reject, and a local time is one of the column's zone.
      if (type.isUtc ? !hasZone : hasZone && !isUtc) return null;
      return clock(type.perSecond, -EPOCH_MICROS);
    }
    default:
      return null;
  }
}

/** Microseconds, of units of which so many are a second. */
function clock(perSecond: number, plus: number): Load {
  return perSecond === 1_000_000_000
    ? { ...INT8, plus, load: loadThousandths }
    : { ...INT8, times: 1_000_000 / perSecond, plus, load: loadIntegers };
}

/** What an encoded literal says, of the form that its column has. */
function numberOf(form: NumberForm, view: DataView): number {
  switch (form) {
    case "int2":
      return view.getInt16(4);
    case "int4":
      return view.getInt32(4);
    case "float4":
      return view.getFloat32(4);
    case "float8":
      return view.getFloat64(4);
    default:
      return Number(view.getBigInt64(4));
  }
}

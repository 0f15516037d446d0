import type { ColumnType } from "../spec/pipeline_spec.ts";
import { catalogType } from "./sql_types.ts";

/** How a column's type changes, as `format_type` prints the old one. */
export type TypeChange =
  /** Each value stays what it is, and no row is written anew. */
  | "relabel"
  /** Each value stays what it is; every row is written anew. */
  | "rewrite"
  /** Values may be changed or refused. */
  | "destructive";

/** Types that hold every value of another one exactly. */
const HOLDS: Readonly<Record<string, readonly string[]>> = {
  smallint: ["integer", "bigint", "numeric", "real", "double precision", "text"],
  integer: ["bigint", "numeric", "double precision", "text"],
  bigint: ["numeric", "text"],
  real: ["double precision", "text"],
  "double precision": ["text"],
  numeric: ["text"],
  boolean: ["text"],
  date: ["timestamp without time zone", "text"],
  "timestamp without time zone": ["text"],
  "timestamp with time zone": ["text"],
  "time without time zone": ["text"],
  interval: ["text"],
  uuid: ["text"],
};

/** Tells a widening from a change that may lose something. */
export function typeChange(from: string, to: ColumnType): TypeChange {
  const wanted = catalogType(to);
  if (HOLDS[from.replace(/\(.*\)/, "")]?.includes(wanted)) return "rewrite";
  const text = /^character varying(?:\((\d+)\))?$/.exec(from);
  if (text !== null) return textChange(text[1], to);
  const exact = /^numeric(?:\((\d+),(\d+)\))?$/.exec(from);
  if (exact !== null && exact[1] !== undefined && to.name === "numeric") {
    return numericChange(Number(exact[1]), Number(exact[2]), to);
  }
  return "destructive";
}

function textChange(length: string | undefined, to: ColumnType): TypeChange {
  if (to.name === "text") return "relabel";
  if (to.name !== "varchar") return "destructive";
  if (to.length === null) return "relabel";
  return length !== undefined && to.length >= Number(length) ? "relabel" : "destructive";
}

function numericChange(
  precision: number,
  scale: number,
  to: ColumnType & { name: "numeric" },
): TypeChange {
  if (to.precision === null) return "relabel";
  const newScale = to.scale ?? 0;
  const wide = newScale >= scale && to.precision - newScale >= precision - scale;
  if (!wide) return "destructive";
  return newScale === scale ? "relabel" : "rewrite";
}

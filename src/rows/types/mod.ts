import type { ColumnOptions, ColumnType } from "../../spec/pipeline_spec.ts";
import { boolean } from "./boolean.ts";
import { bytea } from "./bytea.ts";
import { date, time, timestamp, timestamptz } from "./dates.ts";
import type { Encode, TypeEncoder } from "./encoder.ts";
import { doublePrecision, real } from "./floats.ts";
import { bigint, integer, smallint } from "./integers.ts";
import { interval } from "./interval.ts";
import { json, jsonb } from "./jsons.ts";
import { numeric } from "./numeric.ts";
import { other } from "./other.ts";
import { char, text, varchar } from "./texts.ts";
import { uuid } from "./uuid.ts";

export type { Encode, Problem, TypeEncoder } from "./encoder.ts";

/** All types; a new one is a file and a line here. */
export const TYPE_ENCODERS: readonly TypeEncoder[] = [
  smallint,
  integer,
  bigint,
  real,
  doublePrecision,
  numeric,
  boolean,
  text,
  varchar,
  char,
  uuid,
  bytea,
  date,
  time,
  timestamp,
  timestamptz,
  interval,
  json,
  jsonb,
  other,
];

/** The encoder of a column. */
export function compileType(type: ColumnType, options: ColumnOptions): Encode {
  const encoder = TYPE_ENCODERS.find(({ name }) => name === type.name);
  if (encoder === undefined) throw new Error(`No encoder for type ${type.name}`);
  return encoder.compile(type, options);
}

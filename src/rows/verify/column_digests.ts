import type { ColumnType } from "../../spec/pipeline_spec.ts";
import type { RowEncoder } from "../row_encoder.ts";
import type { Frame } from "../frame.ts";
import { canonicalJsonb } from "./canonical_jsonb.ts";
import { hashBytes, hashed } from "./hash_bytes.ts";
import { BYTEWISE, compareStretch, type Order, orderOf } from "./order.ts";
import { showValue } from "./show_value.ts";

/** A column that COPY carries. */
export interface CarriedColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** What the values of one column came to on their way into COPY. */
export interface ColumnDigest extends CarriedColumn {
  readonly nulls: number;
  readonly values: number;
  /** The sum of the values' hashes, modulo 2^64. */
  readonly hash: bigint;
  /** Null where there is no value, or the type has no order. */
  readonly min: Uint8Array | null;
  readonly max: Uint8Array | null;
  readonly ordered: boolean;
  /** Whether two binary values are equal for the type's order. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
  show(value: Uint8Array): string;
}

/** Digests of all columns, collected as the rows pass by. */
export interface ColumnDigests {
  readonly rows: number;
  /** Takes in the tuples of a frame from `from` on. */
  add(frame: Frame, from: number): void;
  columns(): readonly ColumnDigest[];
}

/** The carry of the sums is taken out after as many rows, long before a double loses a bit. */
const FOLD_ROWS = 1 << 20;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** An encoder whose rows are digested as well. */
export function digestingEncoder(encoder: RowEncoder, digests: ColumnDigests): RowEncoder {
  return {
    columns: encoder.columns,
    end: () => encoder.end(),
    get discarded() {
      return encoder.discarded;
    },
    get valuesDiscarded() {
      return encoder.valuesDiscarded;
    },
    get plain() {
      return encoder.plain;
    },
    get special() {
      return encoder.special;
    },
    encode(batch, frame, reject, countOnly) {
      const from = frame.length;
      const rows = encoder.encode(batch, frame, reject, countOnly);
      digests.add(frame, from);
      return rows;
    },
  };
}

/**
 * Starts digests.
 *
 * @param names of the columns that COPY carries, in the order of each tuple's values
 * @param typed their types; a name without one is a number that Sluice itself adds, a bigint
 */
export function columnDigests(
  names: readonly string[],
  typed: readonly CarriedColumn[],
): ColumnDigests {
  const columns = names.map((name) => ({
    name,
    type: typed.find((column) => column.name === name)?.type ?? { name: "bigint" } as const,
  }));
  const count = columns.length;
  const orders = columns.map(({ type }) => orderOf(type));
  const isJsonb = columns.map(({ type }) => type.name === "jsonb");
  const nulls = new Float64Array(count);
  // Sums of the hashes' halves: exact as doubles, for the carry is taken out in time.
  const low = new Float64Array(count);
  const high = new Float64Array(count);
  const leastRank = new Float64Array(count).fill(Infinity);
  const mostRank = new Float64Array(count).fill(-Infinity);
  const least: (Uint8Array | null)[] = columns.map(() => null);
  const most: (Uint8Array | null)[] = columns.map(() => null);
  let rows = 0;

  function order(c: number, order: Order, frame: Frame, at: number, end: number): void {
    const rank = order.rank(frame.view, at, end - at);
    const exact = Math.abs(rank) < order.exactBelow;
    if (rank < leastRank[c]! || least[c] === null) {
      leastRank[c] = rank;
      least[c] = frame.bytes.slice(at, end);
    } else if (rank === leastRank[c] && !exact && !isAt(frame.bytes, at, end, least[c]!)) {
      const value = frame.bytes.subarray(at, end);
      if (order.compare(value, least[c]!) < 0) least[c] = value.slice();
    }
    if (rank > mostRank[c]! || most[c] === null) {
      mostRank[c] = rank;
      most[c] = frame.bytes.slice(at, end);
    } else if (rank === mostRank[c] && !exact && !isAt(frame.bytes, at, end, most[c]!)) {
      const value = frame.bytes.subarray(at, end);
      if (order.compare(value, most[c]!) > 0) most[c] = value.slice();
    }
  }

  /** Most values differ from the least and the greatest within a few bytes. */
  function orderBytes(c: number, { bytes }: Frame, at: number, end: number): void {
    const first = least[c]!;
    const last = most[c]!;
    if (first === null || compareStretch(bytes, at, end, first) < 0) {
      least[c] = bytes.slice(at, end);
    }
    if (last === null || compareStretch(bytes, at, end, last) > 0) most[c] = bytes.slice(at, end);
  }

  function fold(): void {
    for (let c = 0; c < count; c++) {
      const carry = Math.floor(low[c]! / 4294967296);
      low[c] = low[c]! - carry * 4294967296;
      high[c] = (high[c]! + carry) % 4294967296;
    }
  }

  return {
    get rows() {
      return rows;
    },
    add(frame, from) {
      const { bytes, view, length } = frame;
      let at = from;
      while (at < length) {
        if (view.getInt16(at) !== count) throw new Error("A tuple has not one value a column");
        at += 2;
        // Hot loop: every value passes here.
        for (let c = 0; c < count; c++) {
          const size = view.getInt32(at);
          at += 4;
          if (size < 0) {
            nulls[c] = nulls[c]! + 1;
            continue;
          }
          if (isJsonb[c]) hashJsonb(bytes, at, at + size);
          else hashBytes(bytes, at, at + size);
          low[c] = low[c]! + hashed.low;
          high[c] = high[c]! + hashed.high;
          const known = orders[c]!;
          if (known === BYTEWISE) orderBytes(c, frame, at, at + size);
          else if (known !== null) order(c, known, frame, at, at + size);
          at += size;
        }
        rows++;
        if (rows % FOLD_ROWS === 0) fold();
      }
    },
    columns() {
      fold();
      return columns.map(({ name, type }, c) => ({
        name,
        type,
        nulls: nulls[c]!,
        values: rows - nulls[c]!,
        hash: BigInt(high[c]!) << 32n | BigInt(low[c]!),
        min: least[c]!,
        max: most[c]!,
        ordered: orders[c] !== null,
        equal: (a, b) => orders[c]?.compare(a, b) === 0,
        show: (value) => showValue(type, value),
      }));
    },
  };
}

/** The digests of rows whose values came in different orders: the columns are the same. */
export function mergeDigests(
  parts: readonly Pick<ColumnDigests, "rows" | "columns">[],
): Pick<ColumnDigests, "rows" | "columns"> {
  if (parts.length === 1) return parts[0];
  return {
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
    columns() {
      const [first, ...others] = parts.map((part) =>
        new Map(part.columns().map((digest) => [digest.name, digest]))
      );
      return [...first.values()].map((digest) =>
        others.reduce((sum, other) => mergeColumn(sum, other.get(digest.name)!), digest)
      );
    },
  };
}

function mergeColumn(a: ColumnDigest, b: ColumnDigest): ColumnDigest {
  const order = orderOf(a.type);
  const pick = (x: Uint8Array | null, y: Uint8Array | null, sign: number) =>
    x === null ? y : y === null || order === null || order.compare(x, y) * sign <= 0 ? x : y;
  return {
    ...a,
    nulls: a.nulls + b.nulls,
    values: a.values + b.values,
    hash: BigInt.asUintN(64, a.hash + b.hash),
    min: pick(a.min, b.min, 1),
    max: pick(a.max, b.max, -1),
  };
}

/** Whether these very bytes stand there: most columns meet their extremes again and again. */
function isAt(bytes: Uint8Array, at: number, end: number, value: Uint8Array): boolean {
  if (end - at !== value.length) return false;
  for (let i = 0; i < value.length; i++) if (bytes[at + i] !== value[i]) return false;
  return true;
}

/** jsonb is stored parsed and sent as Postgres writes it: a version byte, then that text. */
function hashJsonb(bytes: Uint8Array, start: number, end: number): void {
  const text = canonicalJsonb(decoder.decode(bytes.subarray(start + 1, end)));
  const canonical = encoder.encode(`\u0001${text}`);
  hashBytes(canonical, 0, canonical.length);
}

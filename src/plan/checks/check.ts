import { quoteIdent, quoteLiteral } from "../../core/quote.ts";
import type { CheckKind } from "../../spec/checks_spec.ts";
import { fillWith } from "../../core/period.ts";
import { fillInSql } from "../../core/zoned_period.ts";
import type { PipelineSpec } from "../../spec/pipeline_spec.ts";

/** Names that a check's SQL has the rows under. */
export const LOAD = quoteIdent("_sluice_load");
/** The rows of the version that is live, as far as the load takes their place or adds to them. */
export const LIVE = quoteIdent("_sluice_live");

/** What a check's SQL depends on beside its own options. */
export interface CheckSqlInput {
  readonly spec: PipelineSpec;
  readonly partition: string | null;
  /** `schema.table`. */
  readonly targetKey: string;
  /** Whether there is a live version to compare with, in `LIVE`. */
  readonly hasLive: boolean;
  /** Whether the rows looked at are those of one load, as the ledger counts them. */
  readonly isOneLoad: boolean;
  /** The target as SQL has it, for `{target}`. */
  readonly target: string;
  /** SQL of a column's type that any text of it can be cast to without being cut. */
  typeOf(column: string): string;
  /** SQL of a parameter, of type text. */
  bind(value: string): string;
  /** A query with its placeholders as parameters. */
  bindQuery(sql: string): string;
}

/**
 * How a check judges, as SQL: Postgres has the rows, its own arithmetic and its own comparisons.
 *
 * `aggregates` and `from` together are one row, over which the others are expressions.
 */
export interface CheckSql {
  /**
   * Aggregates over `LOAD`, by name: the checks that have some share one pass over the rows. Null
   * where `from` looks at the rows itself.
   */
  readonly aggregates: Readonly<Record<string, string>> | null;
  /** What follows FROM; null where there are only the aggregates. */
  readonly from: string | null;
  /** Boolean; NULL is a failure. */
  readonly passed: string;
  /** A number or a text. */
  readonly observed: string;
  /** Text. */
  readonly expected: string;
  /** SQL that returns a jsonb array of up to three examples; null where they would say nothing. */
  readonly examples: string | null;
}

/** One kind of check. */
export type CheckPlug<Kind extends CheckKind["kind"]> = (
  check: Extract<CheckKind, { kind: Kind }>,
  context: CheckSqlInput,
) => CheckSql;

/** A text of the pipeline file as a parameter, its placeholders filled in. */
export function bindFilled(text: string, { spec, partition, bind }: CheckSqlInput): string {
  const { partitions } = spec;
  return bind(
    partitions === null || partition === null
      ? text
      : fillWith(text, (name, pattern) => fillInSql(partitions, partition, name, pattern)),
  );
}

/** A number of the pipeline file as a parameter. */
export function bindNumber(value: number, { bind }: CheckSqlInput): string {
  return `${bind(String(value))}::numeric`;
}

/** Counts the rows that meet a condition, and shows up to three of them. */
export function countWhere(condition: string, column: string) {
  const query = `select ${quoteIdent(column)} from ${LOAD} where ${condition}`;
  return {
    aggregates: { n: `count(*) filter (where ${condition})` },
    from: null,
    examples: examplesOf(query, [column]),
  };
}

/** Counts the rows of a query, and shows up to three of them. */
export function countRows(query: string, columns: readonly string[]) {
  return {
    aggregates: null,
    from: `(select count(*) as n from (\n${query}\n) c) c`,
    examples: examplesOf(query, columns),
  };
}

function examplesOf(query: string, columns: readonly string[]): string {
  const shown = columns.map((name) => `${quoteLiteral(name)}, e.${quoteIdent(name)}`).join(", ");
  return `(select jsonb_agg(e.example) from (
  select jsonb_build_object(${shown}) as example from (\n${query}\n) e limit 3) e)`;
}

/** The words of an expectation that consists of several, left out where they are null. */
export function both(...words: readonly (string | null)[]): string {
  const there = words.filter((word) => word !== null);
  return there.length === 1 ? there[0] : `concat_ws(', ', ${there.join(", ")})`;
}

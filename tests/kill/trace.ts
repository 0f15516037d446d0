import type { PostgresProxy, Step } from "./postgres_proxy.ts";

/** A step of an undisturbed run. */
export interface TracedStep {
  readonly index: number;
  readonly kind: Step["kind"];
  readonly sql: string;
  /** The part of a run that it belongs to. */
  readonly stage: string;
}

/** Everything an undisturbed run asks of Postgres. */
export interface Trace {
  readonly steps: readonly TracedStep[];
  /** Bytes sent to the server. */
  readonly bytes: number;
}

/** The steps that a proxy saw, with their stages. */
export function traceOf({ steps, bytesSent }: PostgresProxy): Trace {
  const traced = new Map<number, TracedStep>();
  for (const link of new Set(steps.map(({ link }) => link))) {
    for (const unit of units(steps.filter((step) => step.link === link))) {
      const stage = stageOf(unit.map(({ sql }) => sql).join("\n"));
      for (const { index, kind, sql } of unit) traced.set(index, { index, kind, sql, stage });
    }
  }
  return { steps: steps.map(({ index }) => traced.get(index)!), bytes: bytesSent };
}

/** Statements, and transactions as a whole: what a `begin` is for shows only later. */
function units(steps: readonly Step[]): Step[][] {
  const found: Step[][] = [];
  let open: Step[] | null = null;
  for (const step of steps) {
    if (/^\s*begin\b/i.test(step.sql)) found.push(open = []);
    if (open === null) found.push([step]);
    else open.push(step);
    if (/^\s*(commit|rollback)\b/i.test(step.sql)) open = null;
  }
  return found;
}

/** The first that fits. */
const STAGES: readonly (readonly [stage: string, sql: RegExp])[] = [
  ["connect", /pg_backend_pid\(\)/],
  ["lock", /pg_try_advisory_lock|discard all/],
  ["make the ledger", /create table sluice\./],
  ["mark dead runs", /update sluice\.runs set status = 'interrupted'/],
  ["record the start", /insert into sluice\.runs/],
  ["copy", /^\s*copy /],
  ["rejected rows", /sluice\.reject/],
  ["publish", /insert into sluice\.loads/],
  ["retain", /drop table if exists/],
  ["make the target", /insert into sluice\.targets/],
  ["stage", /Sluice staging/],
  ["record the end", /update sluice\.runs/],
  ["deduplicate", /create unique index|copies|removed/],
  ["index", /create index|analyze|drop column/],
  ["plan", /^\s*select/],
];

function stageOf(sql: string): string {
  return STAGES.find(([, pattern]) => pattern.test(sql))?.[0] ?? "other";
}

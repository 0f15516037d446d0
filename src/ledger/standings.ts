import type { RunStatus } from "../core/result.ts";
import type { Queryable } from "../db/database.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { appliedMigration } from "./ledger.ts";

/** How a pipeline stands: what is live of it, and its newest run. Times are ISO 8601, UTC. */
export interface Standing {
  readonly pipeline: string;
  readonly target: string;
  /** Live partitions; a whole table is one. */
  readonly partitions: number;
  /** The newest live version; null where nothing is live. */
  readonly version: number | null;
  /** Rows that the live versions were published with. */
  readonly rows: number;
  readonly published_at: string | null;
  /** Null where it has not run. */
  readonly last: StandingRun | null;
}

export interface StandingRun {
  readonly run_id: string;
  readonly status: RunStatus | "running";
  readonly started_at: string;
  readonly rows_rejected: number;
  readonly error: string | null;
}

const ISO = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

/** Reads how pipelines stand, in their order; each has one of an empty ledger where there is none. */
export async function readStandings(
  db: Queryable,
  specs: readonly Pick<PipelineSpec, "pipeline" | "target">[],
): Promise<Standing[]> {
  const names = specs.map(({ pipeline, target }) => ({
    pipeline,
    target: `${target.schema}.${target.table}`,
  }));
  if (await appliedMigration(db) === 0) {
    return names.map((name) => ({
      ...name,
      partitions: 0,
      version: null,
      rows: 0,
      published_at: null,
      last: null,
    }));
  }
  return await db.query<Standing>(
    `select p.pipeline, p.target, coalesce(l.partitions, 0) as partitions, l.version,
  coalesce(l.rows, 0)::double precision as rows,
  to_char(l.published_at at time zone 'UTC', ${ISO}) as published_at,
  case when r.id is not null then json_build_object('run_id', r.id, 'status', r.status,
    'started_at', to_char(r.started_at at time zone 'UTC', ${ISO}),
    'rows_rejected', r.rows_rejected, 'error', left(r.error ->> 'message', 300)) end as last
from unnest($1::text[], $2::text[]) with ordinality p (pipeline, target, place)
left join lateral (
  select count(*)::int as partitions, max(version) as version, sum(rows) as rows,
    max(published_at) as published_at
  from sluice.loads where target = p.target and state = 'live'
) l on true
left join lateral (
  select * from sluice.runs where pipeline = p.pipeline order by started_at desc limit 1
) r on true
order by p.place`,
    [names.map(({ pipeline }) => pipeline), names.map(({ target }) => target)],
  );
}

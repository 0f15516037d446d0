import type { Queryable } from "../db/database.ts";

/** The migration that makes `sluice.target_pipelines`. */
const TARGET_PIPELINES = 10;

/** A pipeline that has loaded a target. */
export interface TargetPipeline {
  readonly pipeline: string;
  /** Its file says that the target is shared, or said so in its newest run. */
  readonly shared: boolean;
}

/** Reads which pipelines have loaded a target. */
export async function readTargetPipelines(
  db: Queryable,
  migration: number,
  targetKey: string,
): Promise<readonly TargetPipeline[]> {
  if (migration < TARGET_PIPELINES) {
    return await db.query<TargetPipeline>(
      `select distinct pipeline, false as shared from sluice.loads where target = $1`,
      [targetKey],
    );
  }
  return await db.query<TargetPipeline>(
    `select pipeline, shared from sluice.target_pipelines where target = $1 order by pipeline`,
    [targetKey],
  );
}

/** Records what a pipeline's file says, before it is held against what others said. */
export async function recordTargetPipeline(
  db: Queryable,
  targetKey: string,
  { pipeline, shared }: TargetPipeline,
): Promise<void> {
  await db.query(
    `insert into sluice.target_pipelines (target, pipeline, shared) values ($1, $2, $3)
on conflict (target, pipeline) do update set shared = excluded.shared`,
    [targetKey, pipeline, shared],
  );
}

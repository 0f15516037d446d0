import { storableJson } from "../core/storable_json.ts";
import type { Queryable } from "../db/database.ts";
import { storing } from "../db/storing.ts";
import type { PlannedStep } from "../plan/steps.ts";

/** Runs of each target whose statements are kept. */
const KEPT = 20;

/** Keeps the statements of a run's plan, and forgets those of old runs of its target. */
export async function recordPlan(
  session: Queryable,
  { runId, target }: { readonly runId: string; readonly target: string },
  steps: readonly PlannedStep[],
): Promise<void> {
  await storing((text) =>
    session.query(
      `insert into sluice.run_plans (run_id, target, statements) values ($1, $2, $3::text::jsonb)
on conflict (run_id) do update set statements = excluded.statements`,
      [runId, target, storableJson(steps, text)],
    )
  );
  await session.query(
    `delete from sluice.run_plans where target = $1 and run_id in (
  select run_id from sluice.run_plans where target = $1 order by recorded_at desc offset ${KEPT})`,
    [target],
  );
}

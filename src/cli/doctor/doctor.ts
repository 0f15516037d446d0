import { SluiceError } from "../../core/error.ts";
import { formatBytes } from "../../core/format_text.ts";
import type { Database } from "../../db/database.ts";
import { appliedMigration, pendingMigrations } from "../../ledger/mod.ts";
import { choosePartitions } from "../../plan/choose_partitions.ts";
import { sourcePlan } from "../../plan/source_plan.ts";
import { probeSource } from "../../source/probe.ts";
import type { PipelineSpec } from "../../spec/pipeline_spec.ts";
import { lookingContext } from "../draft.ts";
import type { Session } from "../session.ts";
import { databaseFindings, ledgerFinding, targetFinding } from "./database.ts";
import { bad, type Finding, ok } from "./finding.ts";

export { machineFindings } from "./machine.ts";

/** Looks at a database that was reached, and at what pipelines need of it. */
export async function reachedFindings(
  db: Database,
  specs: readonly PipelineSpec[],
  { cli }: Session,
): Promise<Finding[]> {
  const found = [ok("connection", db.describe)];
  found.push(...await databaseFindings(db, cli.clock));
  found.push(
    await trying("ledger", async () => {
      const applied = await appliedMigration(db);
      const pending = pendingMigrations(applied).length;
      return ledgerFinding(applied, pending);
    }),
  );
  for (const spec of specs) {
    found.push(await trying(spec.pipeline, () => targetFinding(db, spec)));
  }
  return found;
}

/** Asks for the source of each pipeline, of the last partition where there are several. */
export async function sourceFindings(
  specs: readonly PipelineSpec[],
  session: Session,
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const spec of specs) {
    found.push(await trying(spec.pipeline, () => sourceFinding(spec, session)));
  }
  return found;
}

async function sourceFinding(spec: PipelineSpec, session: Session): Promise<Finding> {
  const partition = choosePartitions(spec, { partitions: [] }, session.cli.clock.now()).at(-1);
  const plan = sourcePlan(spec, partition ?? null);
  const facts = await probeSource(plan, lookingContext(session), null);
  const of = partition === null || partition === undefined ? "" : ` of ${partition}`;
  if (facts !== null) {
    const size = facts.bytes === null ? "" : ` (${formatBytes(facts.bytes)})`;
    return ok(spec.pipeline, `its source${of} is there: ${facts.url}${size}`);
  }
  return plan.missing === "pending"
    ? ok(spec.pipeline, `its source${of} is not published yet`)
    : bad(
      spec.pipeline,
      `its source${of} does not exist`,
      `Correct \`source.${plan.table === undefined ? "url" : "table"}\``,
    );
}

/** An error is a finding, and the others are looked for all the same. */
export async function trying(name: string, work: () => Promise<Finding>): Promise<Finding> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return bad(name, error.message, error.hint ?? `See ${error.code} in docs/errors.md`);
  }
}

import { SluiceError } from "../core/error.ts";
import type { Ledger, LoadRecord } from "../ledger/ledger.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { targetKeyOf } from "./compile.ts";
import { layoutOf } from "./layout.ts";
import { replaceLive, reviveVersion } from "./ledger_rows.ts";
import type { Statement } from "./load_plan.ts";
import { MODES } from "./modes/mod.ts";
import { boundClause } from "./staging.ts";

/** Which partitions go back, and to which version. */
export interface RollbackRequest {
  /** One partition; all that have an earlier version when left out. */
  readonly partition?: string;
  /** A version; the newest one before the live one when left out. */
  readonly to?: number;
}

/** One partition's way back. */
export interface RollbackStep {
  readonly partition: string | null;
  readonly from: number;
  readonly to: number;
  /** One transaction. */
  readonly statements: readonly Statement[];
}

/**
 * Compiles a rollback into one transaction per partition. Pure.
 *
 * @throws SluiceError `plan/nothing_to_roll_back`, `plan/unknown_partition`, `plan/unknown_version`
 */
export function compileRollback(
  spec: PipelineSpec,
  ledger: Ledger,
  request: RollbackRequest,
): readonly RollbackStep[] {
  const live = ledger.loads.filter(({ state }) => state === "live");
  const chosen = request.partition === undefined
    ? live
    : live.filter(({ partition }) => partition === request.partition);
  if (request.partition !== undefined && chosen.length === 0) {
    throw new SluiceError(
      "plan/unknown_partition",
      `Partition "${request.partition}" of "${targetKeyOf(spec)}" is not loaded`,
      { hint: `Loaded: ${live.map(({ partition }) => partition).join(", ") || "nothing"}` },
    );
  }
  const steps = chosen.flatMap((load) => step(spec, ledger, load, request) ?? []);
  if (steps.length > 0) return steps;
  throw new SluiceError(
    "plan/nothing_to_roll_back",
    `No earlier version of "${targetKeyOf(spec)}" is kept`,
    { hint: "`history` lists the versions; `target.versions` says how many are kept" },
  );
}

function step(
  spec: PipelineSpec,
  ledger: Ledger,
  live: LoadRecord,
  request: RollbackRequest,
): RollbackStep | null {
  const kept = ledger.loads.filter((load) =>
    load.partition === live.partition &&
    (load.state === "retained" || load.state === "rolled_back")
  );
  const to = request.to === undefined
    ? kept.filter(({ version }) => version < live.version).at(-1)
    : kept.find(({ version }) => version === request.to);
  if (to === undefined) {
    if (request.to === undefined) return null;
    const versions = kept.map(({ version }) => version).join(", ") || "none";
    throw new SluiceError(
      "plan/unknown_version",
      live.version === request.to
        ? `Version ${request.to}${of(live)} is live already`
        : `Version ${request.to}${of(live)} is not kept`,
      { hint: `Versions that can be put back: ${versions}` },
    );
  }
  const targetKey = targetKeyOf(spec);
  const layout = layoutOf(spec);
  // Going forward again leaves an earlier version behind, which was never rolled back itself.
  const left = to.version < live.version ? "rolled_back" : "retained";
  return {
    partition: live.partition,
    from: live.version,
    to: to.version,
    statements: [
      replaceLive(targetKey, live.partition, live.version, left),
      reviveVersion(targetKey, live.partition, to.version),
      ...MODES[spec.refresh.mode].rollback({
        parent: layout.target,
        bound: boundClause(spec, layout, live.partition),
        live: { schema: live.schema, table: live.table, version: live.version },
        next: { schema: to.schema, table: to.table, version: to.version },
      }),
    ],
  };
}

function of(load: LoadRecord): string {
  return load.partition === null ? "" : ` of partition "${load.partition}"`;
}

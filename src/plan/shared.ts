import { SluiceError } from "../core/error.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { chainOf, versionsOf } from "./versions.ts";

/**
 * Refuses a target that holds rows of another pipeline, unless both say that they share it.
 *
 * @throws SluiceError `plan/target_of_another`
 */
export function requireShared(spec: PipelineSpec, targetKey: string, ledger: Ledger): void {
  const present = new Set(
    ledger.loads.filter(({ state }) => state === "live").flatMap((load) =>
      chainOf(versionsOf(ledger, load.partition), load)
    ).map(({ pipeline }) => pipeline),
  );
  const others = ledger.pipelines.filter(({ pipeline }) =>
    pipeline !== spec.pipeline && present.has(pipeline)
  );
  const { shared } = spec.target;
  const silent = others.find((other) => !shared || !other.shared);
  if (silent === undefined) return;
  const { pipeline } = silent;
  throw new SluiceError(
    "plan/target_of_another",
    shared
      ? `"${targetKey}" holds rows of pipeline "${pipeline}", which does not say that it shares it`
      : `"${targetKey}" holds rows of pipeline "${pipeline}": this one would replace them or add to them`,
    {
      hint: shared
        ? `Set target.shared: true in the file of "${pipeline}" too, and run it first`
        : `Name another target.table, or set target.shared: true in both files. If "${pipeline}" is this pipeline's old name: update sluice.loads set pipeline = '${
          spec.pipeline.replaceAll("'", "''")
        }' where target = '${targetKey.replaceAll("'", "''")}' and pipeline = '${
          pipeline.replaceAll("'", "''")
        }'`,
    },
  );
}

import { SluiceError } from "../core/error.ts";
import { expandPartitions, parsePartition, PERIOD_EXAMPLES, resolveBound } from "../core/period.ts";
import type { Period, PipelineSpec } from "../spec/pipeline_spec.ts";

/** Which partitions are asked for; the pipeline's own where nothing is. */
export interface PartitionChoice {
  readonly partitions: readonly string[];
  readonly from?: string;
  readonly to?: string;
}

/** The partitions a run looks at: the pipeline's own, or those asked for. */
export function choosePartitions(
  spec: PipelineSpec,
  options: PartitionChoice,
  now: Date,
): readonly (string | null)[] {
  const asked = options.partitions.length > 0 || options.from !== undefined ||
    options.to !== undefined;
  if (spec.partitions === null) {
    if (asked) {
      throw new SluiceError(
        "cli/no_partitions",
        `Pipeline "${spec.pipeline}" has no partitions: it loads the whole table at once`,
        { hint: "Leave out --partition, --from and --to" },
      );
    }
    return [null];
  }
  const { by } = spec.partitions;
  const range = {
    ...spec.partitions,
    from: options.from ?? spec.partitions.from,
    to: options.to ?? spec.partitions.to,
  };
  for (const bound of [options.from, options.to]) {
    if (bound === undefined) continue;
    if (by === "list") {
      throw new SluiceError("cli/no_range", "Partitions by list have no --from or --to", {
        hint: "Name them with --partition",
      });
    }
    if (resolveBound(by, bound, now) === null) throw unknownPeriod(by, bound);
  }
  if (options.partitions.length === 0) {
    const chosen = expandPartitions(range, now);
    if (chosen.length > 0) return chosen;
    throw new SluiceError(
      "cli/no_partitions",
      `No partition lies from "${range.from}" to "${range.to}"`,
      { hint: "Give a --from that is not after --to, or change partitions in the pipeline file" },
    );
  }
  for (const partition of options.partitions) {
    if (by !== "list") {
      if (parsePartition(by, partition) === null) throw unknownPeriod(by, partition);
    } else if (!spec.partitions.values.includes(partition)) {
      throw new SluiceError("cli/unknown_partition", `"${partition}" is not a partition`, {
        hint: `Partitions: ${spec.partitions.values.join(", ")}`,
      });
    }
  }
  return [...new Set(options.partitions)];
}

function unknownPeriod(by: Period, text: string): SluiceError {
  return new SluiceError("cli/unknown_partition", `"${text}" is not a valid ${by}`, {
    hint: `Write it as ${PERIOD_EXAMPLES[by]}`,
  });
}

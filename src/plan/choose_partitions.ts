import { SluiceError } from "../core/error.ts";
import { expandPartitions, parsePartition, PERIOD_EXAMPLES, resolveBound } from "../core/period.ts";
import { isSkipped, localClock } from "../core/zoned_period.ts";
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
  moment: Date,
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
  const { by, timezone } = spec.partitions;
  const now = timezone === undefined ? moment : localClock(moment, timezone);
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
    // A day that a zone never had is no partition.
    const there = chosen.filter((partition) =>
      timezone === undefined || by === "list" || !isSkipped(by, partition, timezone)
    );
    if (there.length > 0) return there;
    throw new SluiceError(
      "cli/no_partitions",
      `No partition lies from "${range.from}" to "${range.to}"`,
      { hint: "Give a --from that is not after --to, or change partitions in the pipeline file" },
    );
  }
  for (const partition of options.partitions) {
    if (by !== "list") {
      if (parsePartition(by, partition) === null) throw unknownPeriod(by, partition);
      if (timezone !== undefined && isSkipped(by, partition, timezone)) {
        throw new SluiceError(
          "cli/unknown_partition",
          `${timezone} had no ${partition}: its clocks passed over it`,
          { hint: "Leave the partition out" },
        );
      }
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

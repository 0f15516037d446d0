import { afterOrder } from "../core/after_order.ts";
import { didYouMean } from "../core/did_you_mean.ts";
import { SluiceError } from "../core/error.ts";
import type { PipelineFile } from "./read_pipelines.ts";

/**
 * Finds what is wrong with the files together: pipelines that wait for each other, and names of
 * none. The error is that of the first file concerned, so that it is told once.
 *
 * @param isComplete a folder was named: every pipeline that is meant is among the files
 */
export function checkAfter(
  files: readonly PipelineFile[],
  isComplete: boolean,
): readonly PipelineFile[] {
  const faults = new Map<string, SluiceError>();
  const specs = files.flatMap(({ spec }) => spec ?? []);
  const { cycle } = afterOrder(specs);
  if (cycle !== null) faults.set(cycle[0].file, cycleError(cycle));
  // A file that cannot be read may have the name.
  if (isComplete && files.length === specs.length) {
    const names = new Set(specs.map(({ pipeline }) => pipeline));
    for (const { file, pipeline, after = [] } of specs) {
      const unknown = after.find((name) => !names.has(name));
      if (unknown !== undefined) faults.set(file, unknownError(pipeline, unknown, names));
    }
  }
  return files.map((each) => {
    const error = faults.get(each.file);
    return error === undefined ? each : { ...each, spec: null, error };
  });
}

function cycleError(
  cycle: readonly { readonly pipeline: string; readonly file: string }[],
): SluiceError {
  const names = [...cycle, cycle[0]].map(({ pipeline }) => `"${pipeline}"`).reverse();
  return new SluiceError(
    "cli/after_cycle",
    `Pipelines wait for each other: ${names.join(" after ")}`,
    { hint: `Remove a name from \`after\` in ${cycle.map(({ file }) => file).join(" or ")}` },
  );
}

function unknownError(pipeline: string, name: string, names: ReadonlySet<string>): SluiceError {
  const near = didYouMean(name, names);
  return new SluiceError(
    "cli/unknown_pipeline",
    `"${pipeline}" waits for "${name}", which no file of the folder has`,
    { hint: near === null ? "Correct `after`, or add the file" : `Did you mean "${near}"?` },
  );
}

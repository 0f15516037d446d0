import { resolve } from "node:path";
import type { LogLevel } from "../observe/log_entry.ts";
import { observeSettings } from "../observe/observe_settings.ts";
import type { ObserveFlags } from "./options.ts";
import type { Services } from "./services.ts";
import type { Surroundings } from "./surroundings.ts";

/** The services, with each run watched by whomever the flags, the environment and its file name. */
export function observedServices(
  { services, variables, workingFolder }: Pick<
    Surroundings,
    "services" | "variables" | "workingFolder"
  >,
  { lineageFile, logDatabase, logLevel, allowCommand }: ObserveFlags & {
    readonly logLevel?: LogLevel;
  },
): Services {
  const settings = observeSettings(variables, {
    lineageFile: lineageFile === undefined ? null : resolve(workingFolder, lineageFile),
    logTable: logDatabase === true ? logLevel ?? "info" : null,
    allowCommand: allowCommand ?? [],
  });
  return {
    ...services,
    async runPipeline(spec, options, context) {
      const { observeRun } = await import("../observe/observe_run.ts");
      return await observeRun(
        spec,
        context,
        settings,
        (context) => services.runPipeline(spec, options, context),
      );
    },
    async replayRejects(spec, partition, context) {
      const { observeRun } = await import("../observe/observe_run.ts");
      return await observeRun(
        spec,
        context,
        settings,
        (context) => services.replayRejects(spec, partition, context),
      );
    },
  };
}

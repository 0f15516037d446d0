import type { PipelineSpec } from "../pipeline_spec.ts";
import type { Report } from "../report.ts";
import type { PipelineInput } from "../schema/pipeline.ts";

/** A spec before its hash is taken. */
export type Draft = Omit<PipelineSpec, "hash">;

/** A draft of a file in which other things may be wrong. */
export interface Subject extends Draft {
  /** Those that nothing is wrong with. */
  readonly columns: Draft["columns"];
  /** All of them. */
  readonly columnNames: readonly string[];
}

/** Reports what no single key shows; `input` tells what the file itself says. */
export type Check = (spec: Subject, report: Report, input: PipelineInput) => void;

import type { PipelineSpec } from "../pipeline_spec.ts";
import type { Report } from "../report.ts";
import type { PipelineInput } from "../schema/pipeline.ts";

/** A spec before its hash is taken. */
export type Draft = Omit<PipelineSpec, "hash">;

/** Reports what no single key shows; `input` tells what the file itself says. */
export type Check = (spec: Draft, report: Report, input: PipelineInput) => void;

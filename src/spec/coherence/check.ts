import type { CheckSpec, PipelineSpec } from "../pipeline_spec.ts";
import type { Readers } from "../readers.ts";
import type { Report } from "../report.ts";
import type { PipelineInput } from "../schema/pipeline.ts";
import type { Path } from "../yaml_tree.ts";

/** A spec before its hash is taken. */
export type Draft = Omit<PipelineSpec, "hash">;

/** A draft of a file in which other things may be wrong. */
export interface Subject extends Draft {
  /** Those that nothing is wrong with. */
  readonly columns: Draft["columns"];
  /** All of them. */
  readonly columnNames: readonly string[];
  /** Those checks that nothing is wrong with. */
  readonly placedChecks: readonly PlacedCheck[];
}

/** A check, and where its options stand. */
export interface PlacedCheck {
  readonly check: CheckSpec;
  readonly path: Path;
  /** As the file has them; a list where that stands for the columns. */
  readonly options: Readonly<Record<string, unknown>> | readonly string[];
}

/** Reports mistakes across keys; `input` is the file as written. */
export type Check = (
  spec: Subject,
  report: Report,
  input: PipelineInput,
  readers: Readers,
) => void;

import type { ErrorRecord } from "../../core/error.ts";
import type { InputDataset, JobName, OutputDataset } from "./dataset.ts";
import { facet, type Facets, producerOf } from "./facet.ts";

/** An OpenLineage run event (https://openlineage.io/spec/2-0-2/OpenLineage.json), as JSON. */
export interface LineageEvent {
  readonly eventType: "START" | "COMPLETE" | "FAIL" | "ABORT";
  readonly eventTime: string;
  readonly run: { readonly runId: string; readonly facets: Facets };
  readonly job: JobName & { readonly facets: Facets };
  readonly inputs: readonly InputDataset[];
  readonly outputs: readonly OutputDataset[];
  readonly producer: string;
  readonly schemaURL: string;
}

/** The content of an event beside its type. */
export interface LineageFacts {
  readonly runId: string;
  readonly time: Date;
  readonly job: JobName;
  readonly description: string | null;
  /** Of Sluice. */
  readonly version: string;
  readonly parent: ParentRun | null;
  readonly error: ErrorRecord | null;
  readonly inputs: readonly InputDataset[];
  readonly outputs: readonly OutputDataset[];
}

/** The run that this one is a part of, such as a scheduler's task. */
export interface ParentRun {
  readonly runId: string;
  readonly job: JobName;
}

const SPEC = "https://openlineage.io/spec";

/** Builds one event; every facet names the version of its schema. */
export function lineageEvent(
  eventType: LineageEvent["eventType"],
  facts: LineageFacts,
): LineageEvent {
  const { runId, time, job, description, version, parent, error, inputs, outputs } = facts;
  return {
    eventType,
    eventTime: time.toISOString(),
    run: {
      runId,
      facets: {
        processing_engine: facet(version, "1-1-1/ProcessingEngineRunFacet", {
          name: "Sluice",
          version,
        }),
        ...(parent === null ? {} : {
          parent: facet(version, "1-2-0/ParentRunFacet", {
            run: { runId: parent.runId },
            job: parent.job,
          }),
        }),
        ...(error === null ? {} : {
          errorMessage: facet(version, "1-0-1/ErrorMessageRunFacet", {
            message: `${error.code}: ${error.message}`,
            programmingLanguage: "TypeScript",
          }),
        }),
      },
    },
    job: {
      ...job,
      facets: {
        jobType: facet(version, "2-0-4/JobTypeJobFacet", {
          processingType: "BATCH",
          integration: "SLUICE",
          jobType: "JOB",
        }),
        ...(description === null ? {} : {
          documentation: facet(version, "1-1-0/DocumentationJobFacet", { description }),
        }),
      },
    },
    inputs,
    outputs,
    producer: producerOf(version),
    schemaURL: `${SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent`,
  };
}

/**
 * What the OpenLineage standard 2-0-2 and the schemas of the facets we send ask of a run event,
 * written down by hand: the published schemas come with no package of this project's registry.
 *
 * @returns one sentence for each breach
 */
export function lineageFaults(event: Json): string[] {
  const faults: string[] = [];
  const need = (holds: boolean, fault: string) => void (holds || faults.push(fault));
  need(TYPES.includes(event.eventType), "eventType is none of the standard's");
  need(isTime(event.eventTime), "eventTime is no RFC 3339 time");
  need(isUri(event.producer), "producer is no URI");
  need(isUri(event.schemaURL), "schemaURL is no URI");
  need(
    String(event.schemaURL).endsWith("/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"),
    "schemaURL does not name the schema",
  );
  need(isUuid(event.run?.runId), "run.runId is no UUID");
  need(isText(event.job?.namespace) && isText(event.job?.name), "job has no name");
  need(Array.isArray(event.inputs) && Array.isArray(event.outputs), "no datasets");
  for (const dataset of [...event.inputs, ...event.outputs]) {
    need(isText(dataset.namespace) && isText(dataset.name), "a dataset has no name");
  }
  const groups: [string, Json][] = [
    ["run", event.run?.facets],
    ["job", event.job?.facets],
    ...event.inputs.flatMap((
      each: Json,
    ) => [["dataset", each.facets], ["input", each.inputFacets]]),
    ...event.outputs.flatMap((each: Json) => [
      ["dataset", each.facets],
      ["output", each.outputFacets],
    ]),
  ];
  for (const [group, facets] of groups) {
    for (const [name, facet] of Object.entries<Json>(facets ?? {})) {
      const where = `${group} facet ${name}`;
      const rule = FACETS[`${group}.${name}`];
      need(isUri(facet._producer), `${where} has no _producer`);
      need(rule !== undefined, `${where} is not known here`);
      if (rule === undefined) continue;
      const [schema, holds] = rule;
      need(
        new RegExp(
          `^https://openlineage\\.io/spec/facets/\\d+-\\d+-\\d+/${schema}\\.json#/\\$defs/${schema}$`,
        )
          .test(facet._schemaURL),
        `${where} does not name ${schema}`,
      );
      need(holds(facet), `${where} lacks what ${schema} requires`);
    }
  }
  return faults;
}

// deno-lint-ignore no-explicit-any
type Json = any;

const TYPES = ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"];

const FACETS: Readonly<Record<string, readonly [string, (facet: Json) => boolean]>> = {
  "run.processing_engine": ["ProcessingEngineRunFacet", ({ version }) => isText(version)],
  "run.parent": [
    "ParentRunFacet",
    ({ run, job }) => isUuid(run?.runId) && isText(job?.namespace) && isText(job?.name),
  ],
  "run.errorMessage": [
    "ErrorMessageRunFacet",
    ({ message, programmingLanguage }) => isText(message) && isText(programmingLanguage),
  ],
  "job.jobType": [
    "JobTypeJobFacet",
    ({ processingType, integration }) =>
      ["BATCH", "STREAMING", "SERVICE"].includes(processingType) && isText(integration),
  ],
  "job.documentation": ["DocumentationJobFacet", ({ description }) => isText(description)],
  "dataset.dataSource": [
    "DatasourceDatasetFacet",
    ({ name, uri }) => isText(name) && isUri(uri),
  ],
  "dataset.schema": [
    "SchemaDatasetFacet",
    ({ fields }) =>
      Array.isArray(fields) && fields.every((each: Json) => isText(each.name) && isText(each.type)),
  ],
  "output.outputStatistics": [
    "OutputStatisticsOutputDatasetFacet",
    ({ rowCount, size }) =>
      Number.isInteger(rowCount) && (size === undefined || Number.isInteger(size)),
  ],
};

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isUri(value: unknown): boolean {
  return typeof value === "string" && /^[a-z][a-z0-9+.-]*:[^\s<>"{}|\\^`]+$/i.test(value);
}

function isUuid(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

function isTime(value: unknown): boolean {
  return typeof value === "string" &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value);
}

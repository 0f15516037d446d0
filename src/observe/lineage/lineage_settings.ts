import type { ParentRun } from "./lineage_event.ts";

/** Where lineage goes, and under which names. */
export interface LineageSettings {
  /** Whole URL that events are posted to; null: none. */
  readonly url: string | null;
  /** Absolute path that events are appended to; null: none. */
  readonly file: string | null;
  /** Of the jobs. */
  readonly namespace: string;
  readonly apiKey: string | null;
  readonly parent: ParentRun | null;
}

/**
 * Lineage as the variables of OpenLineage's own clients ask for it; null where nobody does.
 *
 * `OPENLINEAGE_URL`, `OPENLINEAGE_ENDPOINT` (`api/v1/lineage`), `OPENLINEAGE_NAMESPACE`
 * (`sluice`), `OPENLINEAGE_API_KEY`, `OPENLINEAGE_PARENT_ID` (`namespace/job/run id`) and
 * `OPENLINEAGE_DISABLED`.
 */
export function lineageSettings(
  variables: Readonly<Record<string, string>>,
  file: string | null,
): LineageSettings | null {
  const value = (name: string) => variables[name] === "" ? undefined : variables[name];
  if (/^(true|1)$/i.test(value("OPENLINEAGE_DISABLED") ?? "")) return null;
  const base = value("OPENLINEAGE_URL");
  if (base === undefined && file === null) return null;
  const endpoint = value("OPENLINEAGE_ENDPOINT") ?? "api/v1/lineage";
  return {
    url: base === undefined ? null : `${base.replace(/\/+$/, "")}/${endpoint.replace(/^\/+/, "")}`,
    file,
    namespace: value("OPENLINEAGE_NAMESPACE") ?? "sluice",
    apiKey: value("OPENLINEAGE_API_KEY") ?? null,
    parent: parentOf(value("OPENLINEAGE_PARENT_ID")),
  };
}

/** `namespace/job/run id`; the job's name may hold slashes of its own. */
function parentOf(text: string | undefined): ParentRun | null {
  const match = /^([^/]+)\/(.+)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i
    .exec(text ?? "");
  if (match === null) return null;
  const [, namespace, name, runId] = match;
  return { runId, job: { namespace, name } };
}

import type { PartitionResult } from "../../core/result.ts";
import { sqlType } from "../../plan/sql_types.ts";
import type { PipelineSpec } from "../../spec/pipeline_spec.ts";
import { facet, type Facets } from "./facet.ts";

/** A job's name within its namespace. */
export interface JobName {
  readonly namespace: string;
  readonly name: string;
}

export interface Dataset {
  readonly namespace: string;
  readonly name: string;
  readonly facets: Facets;
}

export interface InputDataset extends Dataset {
  readonly inputFacets?: Facets;
}

export interface OutputDataset extends Dataset {
  readonly outputFacets?: Facets;
}

/**
 * A source as OpenLineage names it: the namespace is the server (`file` for local files), the name
 * the path. Queries are left out: they often hold tokens.
 */
export function sourceDataset(url: string, version: string): InputDataset {
  const { namespace, name } = nameSource(url);
  const uri = namespace === "file" ? `file://${encodeURI(name)}` : `${namespace}${name}`;
  return {
    namespace,
    name: decodePath(name),
    facets: {
      dataSource: facet(version, "1-0-1/DatasourceDatasetFacet", { name: namespace, uri }),
    },
  };
}

/** The target: `postgres://host:port`, and `database.schema.table` with the columns of the file. */
export function targetDataset(
  spec: Pick<PipelineSpec, "target" | "columns">,
  /** As `Database.describe` tells it. */
  database: string,
  version: string,
): OutputDataset {
  const url = new URL(database);
  const namespace = `postgres://${url.host === "" ? "localhost" : url.host}`;
  const name = decodePath(url.pathname.slice(1));
  const { schema, table } = spec.target;
  return {
    namespace,
    name: `${name}.${schema}.${table}`,
    facets: {
      dataSource: facet(version, "1-0-1/DatasourceDatasetFacet", {
        name: namespace,
        uri: `${namespace}${url.pathname}`,
      }),
      schema: facet(version, "1-2-0/SchemaDatasetFacet", {
        fields: spec.columns.map((column) => ({ name: column.name, type: sqlType(column.type) })),
      }),
    },
  };
}

/** The target with what a run has put into it; as it is where nothing was published. */
export function withStatistics(
  dataset: OutputDataset,
  partitions: readonly PartitionResult[],
  version: string,
): OutputDataset {
  const published = partitions.filter(({ status }) => status === "published");
  if (published.length === 0) return dataset;
  const rowCount = published.reduce((total, { rows_loaded }) => total + rows_loaded, 0);
  return {
    ...dataset,
    outputFacets: {
      outputStatistics: facet(version, "1-0-2/OutputStatisticsOutputDatasetFacet", { rowCount }),
    },
  };
}

function nameSource(url: string): JobName {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(url) && URL.canParse(url)) {
    const { protocol, host, pathname } = new URL(url);
    if (protocol === "file:") return { namespace: "file", name: pathname };
    return { namespace: `${protocol}//${host}`, name: pathname };
  }
  return { namespace: "file", name: url };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

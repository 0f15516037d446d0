import type { PartitionResult } from "../../core/result.ts";
import { qualified } from "../../core/quote.ts";
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
  const { namespace, name, path = name } = nameSource(url);
  const uri = namespace === "file" ? `file://${encodeURI(name)}` : `${namespace}${path}`;
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

/** What a source reads of a database: `database.schema.table`, or the database. */
function nameOfRows(database: string, table: string): string {
  if (table === "" || table === "query") return database;
  const { schema, table: name } = qualified(decodePath(table));
  return `${database}.${schema}.${name}`;
}

function nameSource(url: string): JobName & { readonly path?: string } {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(url) && URL.canParse(url)) {
    const { protocol, host, hostname, port, pathname, hash } = new URL(url);
    if (/^postgres(ql)?:$/.test(protocol)) {
      const server = `postgres://${hostname || "localhost"}:${port || 5432}`;
      const name = nameOfRows(decodePath(pathname.slice(1)), hash.slice(1));
      return { namespace: server, name, path: pathname };
    }
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

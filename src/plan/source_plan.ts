import { fillTemplate } from "../core/period.ts";
import { isStandardInput, type TransportName, transportOf } from "../core/transports.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import { bindSql } from "./bind_sql.ts";
import type { SourcePlan } from "./load_plan.ts";

/** What the plans of a source's partitions come from, and those that were made. */
interface Known extends Pick<PipelineSpec, "partitions" | "folder"> {
  readonly plans: Map<string | null, SourcePlan>;
}

/** A source is looked at by its plan, and the plan of the run has it again: there may be many. */
const KNOWN = new WeakMap<PipelineSpec["source"], Known>();

/** Where a partition's bytes come from. Relative paths start at the pipeline file's folder. */
export function sourcePlan(spec: PipelineSpec, partition: string | null): SourcePlan {
  const { source, partitions, folder } = spec;
  // The types of a query's parameters may be found out meanwhile.
  if (source.query !== undefined) return makePlan(spec, partition);
  let known = KNOWN.get(source);
  if (known === undefined || known.partitions !== partitions || known.folder !== folder) {
    known = { partitions, folder, plans: new Map() };
    KNOWN.set(source, known);
  }
  let plan = known.plans.get(partition);
  if (plan === undefined) known.plans.set(partition, plan = makePlan(spec, partition));
  return plan;
}

function makePlan(spec: PipelineSpec, partition: string | null): SourcePlan {
  const filled = (text: string) =>
    partition === null ? text : fillTemplate(text, spec.partitions!.by, partition);
  const { naming: _, urls, members, checksum, table, query, ...source } = spec.source;
  const resolved = (urls ?? [spec.source.url]).map((url) => resolvePath(spec.folder, filled(url)));
  return {
    ...source,
    url: resolved.join(", "),
    ...(urls === undefined ? {} : { urls: resolved }),
    ...(table === undefined ? {} : { table: filled(table) }),
    // COPY takes no parameters: the partition's values are literals.
    ...(query === undefined ? {} : { query: bindSql(query, spec, partition, null).sql }),
    ...(members === undefined ? {} : { members: filled(members) }),
    ...(checksum === undefined ? {} : { checksum: checksumPlan(spec.folder, filled(checksum)) }),
    ...(mayBeByRanges(spec, resolved) ? { byRanges: true } : {}),
    missing: spec.partitions?.missing ?? "fail",
  };
}

/**
 * Whether a file of which not all is wanted may be read in parts: it says itself where they are, is
 * as it was written, and its server may send them. A checksum is one of all bytes, and rows with a
 * value of no column are found by reading all columns.
 */
function mayBeByRanges(
  { source: { format, compression, members, checksum }, schemaContract }: PipelineSpec,
  urls: readonly string[],
): boolean {
  return format.type === "parquet" && (compression === "auto" || compression === "none") &&
    members === undefined && checksum === undefined &&
    schemaContract.newColumns !== "discard_row" &&
    urls.some((url) => RANGED.includes(transportOf(schemeOf(url)) ?? "file"));
}

const RANGED: readonly TransportName[] = ["http", "s3", "gs", "az"];

function schemeOf(url: string): string {
  return /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1].toLowerCase() ?? "file";
}

/** A digest as it is, or where a list of them is. */
function checksumPlan(folder: string, text: string): string {
  return /^[0-9a-f]{64}$/i.test(text) ? text : resolvePath(folder, text);
}

/** Whether what is read may be several files, each of which the ledger has an account of. */
export function mayBeSeveral({ source }: Pick<PipelineSpec, "source">): boolean {
  if (source.table !== undefined || source.query !== undefined) return false;
  return source.urls !== undefined || source.members !== undefined ||
    !/^https?:/i.test(source.url) && /[*?]|\[[^\]]+\]/.test(source.url);
}

/** Makes a path absolute and removes `.` and `..`, by text alone; URLs stay as they are. */
function resolvePath(folder: string, path: string): string {
  if (isStandardInput(path)) return "stdin:";
  if (/^([a-z][a-z0-9+.-]+:|\$\{)/i.test(path)) return path;
  // Elsewhere than on Windows a backslash is a character of a name like any other.
  const windows = /^[a-z]:/i.test(folder);
  const absolute = windows ? /^([a-z]:)?[\\/]/i.test(path) : path.startsWith("/");
  const whole = absolute ? path : `${folder}/${path}`;
  // Nothing is to be removed, which is so for nearly all of many.
  if (whole.startsWith("/") && !windows && !/\/\.{0,2}(?:\/|$)/.test(whole)) return whole;
  const parts: string[] = [];
  for (const part of whole.split(windows ? /[\\/]+/ : /\/+/)) {
    if (part === "." || part === "") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  const joined = parts.join("/");
  return /^[a-z]:$/i.test(parts[0] ?? "") ? joined : `/${joined}`;
}

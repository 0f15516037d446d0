import type { LoadRecord } from "../ledger/ledger.ts";
import type { PipelineSpec } from "../spec/pipeline_spec.ts";
import type { KnownVersion } from "./load_plan.ts";
import type { ProbedSource } from "./plan_basis.ts";

export type { ProbedSource };

/** Whether a partition is loaded, and the reason in words. */
export interface LoadOrSkip {
  readonly action: "load" | "skip";
  readonly reason: string;
  readonly skipStatus: "unchanged" | "pending" | null;
}

/** Decides whether a partition needs loading. */
export function decidePartition(
  spec: PipelineSpec,
  newest: LoadRecord | undefined,
  /** Why the newest version's rows are not where the ledger says; null where they are. */
  fault: string | null,
  probe: ProbedSource | null,
  force: boolean,
): LoadOrSkip {
  if (probe === null) {
    if (spec.partitions?.missing === "pending") {
      return { action: "skip", reason: "the source does not exist yet", skipStatus: "pending" };
    }
    return load("the source does not exist");
  }
  if (newest === undefined || newest.state === "dropped") return load("not loaded yet");
  if (fault !== null) return load(fault);
  if (force) return load("--force");
  if (newest.specHash !== spec.hash) {
    return load(`the pipeline file has changed since version ${newest.version}`);
  }
  if (!sameSource(newest, probe)) {
    return load(`the source has changed since version ${newest.version}`);
  }
  if (newest.state === "rolled_back") {
    return skip(
      `version ${newest.version} holds this very file and was rolled back; --force loads it again`,
    );
  }
  return skip(`version ${newest.version} holds this very file`);
}

/**
 * Whether the probe shows the bytes that a version was loaded from.
 *
 * A digest decides where there is one; then a strong etag; then length with modification time.
 * A weak etag (`W/…`) promises meaning, not bytes, and is no proof.
 */
export function sameSource(
  loaded: Pick<LoadRecord, "sourceUrl" | "sha256" | "etag" | "lastModified" | "bytes">,
  probe: ProbedSource,
): boolean {
  if (loaded.sourceUrl !== probe.url) return false;
  if (probe.sha256 !== null && loaded.sha256 !== null) return probe.sha256 === loaded.sha256;
  if (probe.bytes !== null && loaded.bytes !== null && probe.bytes !== loaded.bytes) return false;
  if (probe.etag !== null && loaded.etag !== null && !probe.etag.startsWith("W/")) {
    return probe.etag === loaded.etag;
  }
  return probe.bytes !== null && probe.bytes === loaded.bytes && probe.lastModified !== null &&
    probe.lastModified === loaded.lastModified;
}

/**
 * What a source must be compared with once it is read.
 *
 * Servers that send neither etag nor time leave no other proof that a file is the one loaded before.
 */
export function knownVersion(spec: PipelineSpec, newest: LoadRecord): KnownVersion | null {
  const { version, sourceUrl, sha256, state, specHash } = newest;
  if (state === "dropped" || specHash !== spec.hash || sha256 === null) return null;
  return { version, sourceUrl, sha256 };
}

function load(reason: string): LoadOrSkip {
  return { action: "load", reason, skipStatus: null };
}

function skip(reason: string): LoadOrSkip {
  return { action: "skip", reason, skipStatus: "unchanged" };
}

import { expect } from "packages/expect.ts";
import type { LoadRecord } from "../../src/ledger/ledger.ts";
import { decidePartition, type ProbedSource, sameSource } from "../../src/plan/decide_partition.ts";
import type { PipelineSpec } from "../../src/spec/pipeline_spec.ts";

const LOADED: LoadRecord = {
  pipeline: "p",
  partition: null,
  version: 4,
  schema: "s",
  table: "t__all__v4",
  sourceUrl: "/data/a.csv",
  etag: '"abc"',
  lastModified: "2026-01-01T00:00:00.000Z",
  bytes: 100,
  sha256: "aa",
  rows: 3,
  specHash: "h1",
  state: "live",
  merge: null,
  basedOn: null,
  targetOid: null,
};

const PROBE: ProbedSource = {
  url: "/data/a.csv",
  etag: '"abc"',
  lastModified: "2026-01-01T00:00:00.000Z",
  bytes: 100,
  sha256: null,
};

const SPEC = { hash: "h1", partitions: null } as PipelineSpec;

Deno.test("sameSource lets a digest decide before anything else", () => {
  expect(sameSource(LOADED, { ...PROBE, sha256: "aa", etag: '"other"', lastModified: null })).toBe(
    true,
  );
  expect(sameSource(LOADED, { ...PROBE, sha256: "bb" })).toBe(false);
});

Deno.test("sameSource trusts a strong etag, not a weak one", () => {
  expect(sameSource(LOADED, { ...PROBE, lastModified: null })).toBe(true);
  expect(sameSource(LOADED, { ...PROBE, etag: '"new"' })).toBe(false);
  const weak = { ...PROBE, etag: 'W/"abc"' };
  expect(sameSource({ ...LOADED, etag: 'W/"abc"' }, { ...weak, lastModified: null })).toBe(false);
  expect(sameSource({ ...LOADED, etag: 'W/"abc"' }, weak)).toBe(true);
});

Deno.test("sameSource falls back to length with modification time, and needs both", () => {
  const loaded = { ...LOADED, etag: null };
  const probe = { ...PROBE, etag: null };
  expect(sameSource(loaded, probe)).toBe(true);
  expect(sameSource(loaded, { ...probe, bytes: 101 })).toBe(false);
  expect(sameSource(loaded, { ...probe, lastModified: "2026-01-02T00:00:00.000Z" })).toBe(false);
  expect(sameSource(loaded, { ...probe, lastModified: null })).toBe(false);
  expect(sameSource(loaded, { ...probe, bytes: null })).toBe(false);
});

Deno.test("sameSource never takes another file for the same", () => {
  expect(sameSource(LOADED, { ...PROBE, url: "/data/b.csv", sha256: "aa" })).toBe(false);
});

Deno.test("decidePartition skips what is live and unchanged", () => {
  expect(decidePartition(SPEC, LOADED, null, PROBE, false)).toEqual({
    action: "skip",
    reason: "version 4 holds this very file",
    skipStatus: "unchanged",
  });
});

Deno.test("decidePartition loads for every reason there is, and says which", () => {
  const reasonOf = (...input: Parameters<typeof decidePartition>) => {
    const { action, reason } = decidePartition(...input);
    expect(action).toBe("load");
    return reason;
  };
  expect(reasonOf(SPEC, undefined, null, PROBE, false)).toBe("not loaded yet");
  expect(reasonOf(SPEC, LOADED, "the table of version 4 is gone", PROBE, false)).toBe(
    "the table of version 4 is gone",
  );
  expect(reasonOf(SPEC, LOADED, null, PROBE, true)).toBe("--force");
  expect(reasonOf({ ...SPEC, hash: "h2" }, LOADED, null, PROBE, false)).toBe(
    "the pipeline file has changed since version 4",
  );
  expect(reasonOf(SPEC, LOADED, null, { ...PROBE, bytes: 7 }, false)).toBe(
    "the source has changed since version 4",
  );
  expect(reasonOf(SPEC, LOADED, null, null, false)).toBe("the source does not exist");
});

Deno.test("decidePartition does not bring back what was rolled back, unless forced", () => {
  const rolledBack = { ...LOADED, state: "rolled_back" as const };
  expect(decidePartition(SPEC, rolledBack, null, PROBE, false).reason).toContain("was rolled back");
  expect(decidePartition(SPEC, rolledBack, null, PROBE, true).action).toBe("load");
  expect(decidePartition(SPEC, rolledBack, null, { ...PROBE, bytes: 1 }, false).action).toBe(
    "load",
  );
});

Deno.test("decidePartition waits for a partition that is not there yet", () => {
  const pending = { ...SPEC, partitions: { missing: "pending" } } as PipelineSpec;
  expect(decidePartition(pending, undefined, null, null, false)).toMatchObject({
    action: "skip",
    skipStatus: "pending",
  });
});

/** What every transport must do, whatever it reaches. */
import { expect } from "packages/expect.ts";
import type { SluiceError } from "../../../src/core/error.ts";
import type { TransportName } from "../../../src/core/transports.ts";
import { sameSource } from "../../../src/plan/decide_partition.ts";
import { openSource } from "../../../src/source/open.ts";
import { probeSource } from "../../../src/source/probe.ts";
import { TRANSPORTS } from "../../../src/source/transports/mod.ts";
import { bytesOf, chunksOf, failure, fetchAll, planFor, sha256, testContext } from "../support.ts";
import { type Rig, RIGS } from "./rigs.ts";

const TEXT = bytesOf(
  "a,b\n" + Array.from({ length: 200_000 }, (_, i) => `${i},${i * 7919 % 10007}\n`).join(""),
);
const OTHER = TEXT.slice().fill(0x58, 4, TEXT.length - 1);

Deno.test("transports: each has the name that its schemes are listed under", async () => {
  for (const [name, transport] of Object.entries(TRANSPORTS)) {
    expect((await transport()).name).toBe(name);
  }
});

for (const name of Object.keys(TRANSPORTS) as TransportName[]) {
  const test = (what: string, work: (rig: Rig) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      const rig = await RIGS[name]();
      if (typeof rig === "string") return console.log(`skipped: ${rig}`);
      await using _rig = rig;
      await work(rig);
    });
  const contextOf = (rig: Rig, signal = new AbortController().signal) =>
    testContext(rig.environment, { signal });

  test("reads a file to its last byte, and knows it", async (rig) => {
    await rig.put(TEXT);
    const found = await fetchAll(planFor(rig.url), contextOf(rig));
    expect(found.bytes.length).toBe(TEXT.length);
    expect(found.sha256).toBe(await sha256(TEXT));
    expect(found.read).toBe(TEXT.length);
  });

  test("reads an empty file as one", async (rig) => {
    await rig.put(new Uint8Array(0));
    const found = await fetchAll(planFor(rig.url), contextOf(rig));
    expect(found.bytes.length).toBe(0);
    const facts = await probeSource(planFor(rig.url), contextOf(rig), null);
    expect(facts?.bytes).toBe(0);
  });

  test("looks without reading, and finds the file that was loaded the same, or another", async (rig) => {
    await rig.put(TEXT);
    const context = contextOf(rig);
    await using source = await openSource(planFor(rig.url), context);
    for await (const _ of chunksOf(source));
    const loaded = { ...source.facts, sourceUrl: source.facts.url, sha256: source.sha256() };
    const probe = async () => await probeSource(planFor(rig.url), context, loaded);
    const known = await probe();
    expect(known).toMatchObject({ bytes: TEXT.length, url: source.facts.url });
    expect(sameSource(loaded, known!)).toBe(true);
    await rig.put(OTHER);
    expect(sameSource(loaded, (await probe())!)).toBe(false);
  });

  test("finds no file where there is none", async (rig) => {
    await rig.put(TEXT);
    await rig.remove();
    expect(await probeSource(planFor(rig.url), contextOf(rig), null)).toBe(null);
    const error = await failure(() => fetchAll(planFor(rig.url), contextOf(rig)));
    expect([error.code, error.retry]).toEqual(["source/not_found", "never"]);
    expect(error.hint).toBeDefined();
  });

  test("says who may not read a file", async (rig) => {
    await rig.put(TEXT);
    if (rig.forbid === null) return console.log("skipped: this process may read every file");
    await rig.forbid();
    const works = [
      () => fetchAll(planFor(rig.url), contextOf(rig)),
      () => probeSource(planFor(rig.url), contextOf(rig), null),
    ];
    for (const work of works.slice(0, ["file", "sftp"].includes(name) ? 1 : 2)) {
      const error = await failure(work);
      expect(["source/forbidden", "source/permission_denied"]).toContain(error.code);
      expect(error.retry).toBe("never");
      expect(error.hint).toBeDefined();
    }
  });

  test("goes on where a connection broke, to the same bytes", async (rig) => {
    if (rig.breakAfter === null) return;
    await rig.put(TEXT);
    for (const at of [0, 1, 100_000, TEXT.length - 1]) {
      rig.breakAfter(at);
      const found = await fetchAll(planFor(rig.url), contextOf(rig));
      expect(found.sha256).toBe(await sha256(TEXT));
    }
  });

  test("never joins parts of two files", async (rig) => {
    await rig.put(TEXT);
    rig.breakAfter?.(600_000);
    const whole = [TEXT, OTHER].map((bytes) => bytes.toHex());
    const { context, plan } = { context: contextOf(rig), plan: planFor(rig.url) };
    const read: Uint8Array[] = [];
    let error: SluiceError | null = null;
    try {
      await using source = await openSource(plan, context);
      for await (const chunk of chunksOf(source)) {
        if (read.length === 0) await rig.put(OTHER);
        read.push(chunk.slice());
      }
    } catch (failed) {
      error = failed as SluiceError;
    }
    if (error === null) {
      expect(whole.includes(read.map((part) => part.toHex()).join(""))).toBe(true);
    } else {
      expect(["source/changed_while_reading", "source/restart_needed"]).toContain(error.code);
      expect(error.retry).toBe("restart");
    }
  });

  test("stops when the run is cancelled, and when it is left early", async (rig) => {
    await rig.put(TEXT);
    const cancel = new AbortController();
    const reason = new DOMException("cancelled by the test", "AbortError");
    const plan = planFor(rig.url, { timeoutSeconds: 600 });
    await using source = await openSource(plan, contextOf(rig, cancel.signal));
    const reading = (async () => {
      for await (const _ of chunksOf(source)) cancel.abort(reason);
    })();
    await expect(reading).rejects.toBe(reason);
    const gone = await openSource(plan, contextOf(rig));
    for await (const _ of chunksOf(gone)) break;
    await gone[Symbol.asyncDispose]();
    await gone[Symbol.asyncDispose]();
    await expect(openSource(plan, contextOf(rig, cancel.signal))).rejects.toBe(reason);
  });

  test("gives up a server that says nothing", async (rig) => {
    if (rig.stall === null) return;
    await rig.put(TEXT);
    rig.stall();
    const plan = planFor(rig.url, { timeoutSeconds: 1, retries: 0 });
    const error = await failure(() => fetchAll(plan, contextOf(rig)));
    expect([error.code, error.retry]).toEqual(["source/timeout", "later"]);
  });

  test("shows no secret", async (rig) => {
    if (rig.secret === null) return;
    await rig.put(TEXT);
    const context = contextOf(rig);
    await using source = await openSource(planFor(rig.url), context);
    const facts = JSON.stringify([
      source.facts,
      await probeSource(planFor(rig.url), context, null),
    ]);
    expect(facts).not.toContain(rig.secret);
    await rig.remove();
    const error = await failure(() => fetchAll(planFor(rig.url), contextOf(rig)));
    expect(JSON.stringify(error.toJSON()) + error.stack).not.toContain(rig.secret);
  });
}

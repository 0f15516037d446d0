import { expect } from "packages/expect.ts";
import type { WorkContext } from "../../src/distribute/work_context.ts";
import type { Queue, RunJob } from "../../src/distribute/queue.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import type { Elsewhere, RunContext } from "../../src/run/context.ts";
import { fakeServices, testCli } from "./support.ts";

/** A queue that only remembers detached runs. */
function fakeQueue() {
  const runs: RunJob[] = [];
  let closed = false;
  const unused = () => Promise.reject(new Error("The queue was not expected to do this"));
  const queue: Queue = {
    addLoad: unused,
    addRun: (job) => Promise.resolve(void runs.push(job)),
    remove: unused,
    hold: unused,
    holdRun: unused,
    lost: unused,
    release: unused,
    listen: unused,
    holders: unused,
    work: unused,
    [Symbol.asyncDispose]: () => Promise.resolve(void (closed = true)),
  };
  return { queue, runs, closed: () => closed };
}

const FILES = { files: { "a.yaml": "pipeline: trips" } };

const ELSEWHERE: Elsewhere = {
  accept: () => {},
  concurrency: 1,
  load: () => Promise.reject(new Error("unused")),
};

Deno.test("run --distributed hands the partitions to workers, with the priority", async () => {
  const { queue, closed } = fakeQueue();
  const contexts: RunContext[] = [];
  const asked: unknown[] = [];
  using test = testCli({
    openQueue: ({ applicationName }, version) => {
      asked.push(applicationName, version);
      return Promise.resolve(queue);
    },
    loadElsewhere: (given, priority) => {
      asked.push(given === queue, priority);
      return Promise.resolve(ELSEWHERE);
    },
    runPipeline: (spec, options, context) => {
      contexts.push(context);
      return fakeServices().runPipeline(spec, options, context);
    },
  }, FILES);
  expect(await runCli(["run", "a.yaml", "--distributed", "--priority", "7"], test.cli)).toBe(0);
  expect(asked).toEqual(["sluice run", "1.2.3", true, 7]);
  expect(contexts.map(({ elsewhere }) => elsewhere === ELSEWHERE)).toEqual([true]);
  expect(closed()).toBe(true);
});

Deno.test("run --detach puts runs into the queue and ends", async () => {
  for (const output of ["human", "json"]) {
    const { queue, runs } = fakeQueue();
    using test = testCli({
      openQueue: () => Promise.resolve(queue),
      runPipeline: () => Promise.reject(new Error("A detached run is not run here")),
    }, FILES);
    const args = ["run", "a.yaml", "--detach", "--force", "--priority", "3", "--output", output];
    expect(await runCli(args, test.cli)).toBe(0);
    expect(runs).toMatchObject([{
      spec: { pipeline: "trips" },
      options: { force: true },
      priority: 3,
    }]);
    if (output === "json") {
      expect(JSON.parse(test.out())).toEqual({ pipeline: "trips", status: "queued" });
    } else {
      expect(test.out()).toContain("trips is queued for workers");
    }
  }
});

Deno.test("worker works until it is stopped, tells what it does, and runs detached runs", async () => {
  const { queue, closed } = fakeQueue();
  const seen: Partial<WorkContext> = {};
  using test = testCli({
    openQueue: () => Promise.resolve(queue),
    loadElsewhere: () => Promise.resolve(ELSEWHERE),
    async workOn(given, context) {
      expect(given).toBe(queue);
      Object.assign(seen, context);
      context.ready();
      context.note({ pipeline: "trips", partition: "2021-01", message: "begins" });
      context.note({ pipeline: "trips", partition: null, message: "published" });
      context.warn("The worker waits 1 s for the database");
      context.ready();
      const { spec } = await fakeServices().loadSpec("", { file: "a.yaml" } as never);
      const options = { partitions: [], force: false, allowDestructive: false };
      context.note({
        pipeline: "trips",
        message: await context.run({ id: "1", spec: spec!, options, priority: 0 }),
      });
    },
  }, FILES);
  expect(await runCli(["worker", "--concurrency", "3"], test.cli)).toBe(0);
  expect(seen.concurrency).toBe(3);
  expect(test.out()).toBe("");
  expect(test.err().split("The worker waits for partitions to load\n")).toHaveLength(2);
  expect(test.err()).toContain("trips, 2021-01: begins\ntrips, whole table: published\n");
  expect(test.err()).toContain("warning: The worker waits 1 s");
  expect(test.err()).toContain("trips: succeeded\n");
  expect(closed()).toBe(true);
});

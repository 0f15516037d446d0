import { expect } from "packages/expect.ts";
import { systemClock } from "../../src/core/clock.ts";
import {
  type ReadFile,
  type ServedFiles,
  servedPipelines,
  updateFiles,
} from "../../src/schedule/pipeline_files.ts";
import { PipelineFolder } from "../../src/schedule/pipeline_folder.ts";
import type { ScheduleEvent } from "../../src/schedule/schedule_event.ts";
import { specNamed } from "../cli/support.ts";
import { workspace } from "../support/pipeline.ts";
import { served } from "./scheduler_harness.ts";
import { schedule } from "./support.ts";

const good = (file: string, pipeline: string, cron = "0 6 * * *"): ReadFile => ({
  file,
  served: served(pipeline, schedule(cron)),
  fault: null,
});
const bad = (file: string, fault = "line 1"): ReadFile => ({ file, served: null, fault });

/** Each step is a reading of the folder; what was told after the last one, and what is served. */
function afterwards(...steps: readonly (readonly ReadFile[])[]) {
  let files: ServedFiles = new Map();
  let events: readonly ScheduleEvent[] = [];
  for (const read of steps) ({ files, events } = updateFiles(files, read));
  return {
    told: events.map((event) =>
      "pipeline" in event
        ? `${event.type} ${event.pipeline}`
        : `${event.type} ${"file" in event ? event.file : ""}${
          "kept" in event ? ` kept ${event.kept}` : ""
        }`
    ),
    serves: servedPipelines(files).map(({ spec, schedule }) =>
      `${spec.pipeline} ${schedule?.cron}`
    ),
    faults: [...files.values()].flatMap(({ fault }) => fault ?? []),
  };
}

Deno.test("updateFiles() takes new, changed and removed pipelines", () => {
  expect(afterwards([good("a.yaml", "a"), good("b.yaml", "b")])).toEqual({
    told: ["pipeline_added a", "pipeline_added b"],
    serves: ["a 0 6 * * *", "b 0 6 * * *"],
    faults: [],
  });
  expect(afterwards(
    [good("a.yaml", "a"), good("b.yaml", "b")],
    [good("a.yaml", "a", "0 7 * * *"), good("c.yaml", "c")],
  )).toEqual({
    told: ["pipeline_changed a", "pipeline_added c", "pipeline_removed b"],
    serves: ["a 0 7 * * *", "c 0 6 * * *"],
    faults: [],
  });
  expect(afterwards([good("a.yaml", "a")], [good("a.yaml", "a")]).told).toEqual([]);
});

Deno.test("updateFiles() keeps the last good version of a broken file, and tells it once", () => {
  const before = [good("a.yaml", "a")];
  expect(afterwards(before, [bad("a.yaml")])).toEqual({
    told: ["file_broken a.yaml kept true"],
    serves: ["a 0 6 * * *"],
    faults: ["line 1"],
  });
  expect(afterwards(before, [bad("a.yaml")], [bad("a.yaml")]).told).toEqual([]);
  expect(afterwards(before, [bad("a.yaml")], [bad("a.yaml", "line 2")]).told).toEqual([
    "file_broken a.yaml kept true",
  ]);
  expect(afterwards(before, [bad("a.yaml")], [good("a.yaml", "a", "0 8 * * *")])).toEqual({
    told: ["file_mended a.yaml", "pipeline_changed a"],
    serves: ["a 0 8 * * *"],
    faults: [],
  });
  expect(afterwards([bad("a.yaml")])).toEqual({
    told: ["file_broken a.yaml kept false"],
    serves: [],
    faults: ["line 1"],
  });
});

Deno.test("updateFiles() serves one of two files with the same pipeline, the one that was first", () => {
  const twice = afterwards([good("a.yaml", "x", "0 1 * * *"), good("b.yaml", "x", "0 2 * * *")]);
  expect(twice.serves).toEqual(["x 0 1 * * *"]);
  expect(twice.faults).toEqual([
    'Pipeline "x" is in "a.yaml" already: give one of them another name',
  ]);
  const copied = afterwards(
    [good("b.yaml", "x", "0 2 * * *")],
    [good("a.yaml", "x", "0 1 * * *"), good("b.yaml", "x", "0 2 * * *")],
  );
  expect(copied.serves).toEqual(["x 0 2 * * *"]);
  expect(copied.told).toEqual(["file_broken a.yaml kept false"]);
  // Renamed: the file it was in is gone, the new one has it.
  const renamed = afterwards([good("b.yaml", "x")], [good("a.yaml", "x")]);
  expect(renamed).toEqual({ told: [], serves: ["x 0 6 * * *"], faults: [] });
  // A broken file's last good version does not come back beside another file with its name.
  const both = afterwards([good("b.yaml", "x")], [good("a.yaml", "x"), bad("b.yaml")]);
  expect(both.serves).toEqual(["x 0 6 * * *"]);
});

Deno.test("PipelineFolder reads YAML files only, and follows what becomes of them", async () => {
  using files = workspace({ "a.yaml": "a", "b.yml": "b", "notes.md": "c", ".hidden.yaml": "d" });
  const stop = new AbortController();
  let changes = Promise.withResolvers<readonly string[]>();
  const events: ScheduleEvent[] = [];
  const folder = new PipelineFolder({
    path: files.folder,
    clock: systemClock,
    read: (names) =>
      Promise.resolve(names.map((name) => {
        const text = Deno.readTextFileSync(`${files.folder}/${name}`);
        return text === "broken"
          ? bad(name)
          : { file: name, served: { spec: specNamed(text, name), schedule: null }, fault: null };
      })),
    tell: (event) => events.push(event),
    onChange: (served) => changes.resolve(served.map(({ spec }) => spec.pipeline)),
  });
  await folder.open();
  expect(await changes.promise).toEqual(["a", "b"]);
  expect(events).toEqual([]);
  // It watches before it returns.
  const following = folder.follow(stop.signal);
  changes = Promise.withResolvers();
  files.write("c.yaml", "c");
  expect(await changes.promise).toEqual(["a", "b", "c"]);

  changes = Promise.withResolvers();
  files.write("a.yaml", "broken");
  Deno.removeSync(`${files.folder}/b.yml`);
  expect(await changes.promise).toEqual(["a", "c"]);
  expect(folder.files.get("a.yaml")?.fault).toBe("line 1");

  stop.abort();
  await following;
  expect(events.map(({ type }) => type)).toEqual([
    "pipeline_added",
    "file_broken",
    "pipeline_removed",
  ]);
});

Deno.test("PipelineFolder sees a mounted volume switched from one version to the next", async () => {
  using files = workspace({});
  // As Kubernetes mounts a ConfigMap: a.yaml → ..data/a.yaml, ..data → the newest version.
  const at = (path: string) => `${files.folder}/${path}`;
  for (const version of ["..1", "..2"]) {
    Deno.mkdirSync(at(version));
    Deno.writeTextFileSync(at(`${version}/a.yaml`), `a${version.slice(2)}`);
  }
  Deno.symlinkSync("..1", at("..data"));
  Deno.symlinkSync("..data/a.yaml", at("a.yaml"));
  let changes = Promise.withResolvers<readonly string[]>();
  const folder = new PipelineFolder({
    path: files.folder,
    clock: systemClock,
    read: (names) =>
      Promise.resolve(names.map((name) => {
        const pipeline = Deno.readTextFileSync(at(name));
        return {
          file: name,
          served: { spec: specNamed(pipeline, name), schedule: null },
          fault: null,
        };
      })),
    tell: () => {},
    onChange: (served) => changes.resolve(served.map(({ spec }) => spec.pipeline)),
  });
  await folder.open();
  expect(await changes.promise).toEqual(["a1"]);
  const stop = new AbortController();
  const following = folder.follow(stop.signal);
  changes = Promise.withResolvers();
  Deno.symlinkSync("..2", at("..tmp"));
  Deno.renameSync(at("..tmp"), at("..data"));
  expect(await changes.promise).toEqual(["a2"]);
  stop.abort();
  await following;
});

Deno.test("PipelineFolder says that there is no such folder, and tells when it goes away", async () => {
  using files = workspace({ "a.yaml": "a" });
  const told = Promise.withResolvers<void>();
  const events: ScheduleEvent[] = [];
  const host = {
    clock: {
      ...systemClock,
      sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(5, signal),
    },
    read: (names: readonly string[]) => Promise.resolve(names.map((name) => good(name, "a"))),
    tell(event: ScheduleEvent) {
      events.push(event);
      told.resolve();
    },
    onChange: () => {},
  };
  for (const path of [`${files.folder}/none`, `${files.folder}/a.yaml`]) {
    await expect(new PipelineFolder({ ...host, path }).open()).rejects.toMatchObject({
      code: "cli/no_such_folder",
    });
  }
  const path = `${files.folder}/sub`;
  Deno.mkdirSync(path);
  Deno.writeTextFileSync(`${path}/a.yaml`, "a");
  const folder = new PipelineFolder({ ...host, path });
  await folder.open();
  const stop = new AbortController();
  const following = folder.follow(stop.signal);
  Deno.removeSync(path, { recursive: true });
  await told.promise;
  expect(events[0].type).toBe("folder_broken");
  // What was served stays.
  expect(servedPipelines(folder.files).length).toBe(1);
  stop.abort();
  await following;
});

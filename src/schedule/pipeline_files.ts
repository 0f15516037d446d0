import { afterOrder } from "../core/after_order.ts";
import type { Diagnostic } from "../core/diagnostic.ts";
import type { ScheduleEvent } from "./schedule_event.ts";
import type { ServedPipeline } from "./scheduler_host.ts";

/** A file of the folder after reading. */
export interface ReadFile {
  readonly file: string;
  /** Null where it cannot be used. */
  readonly served: ServedPipeline | null;
  /** What is wrong with it, for people; null where nothing is. */
  readonly fault: string | null;
  /** As it is now; left out where it cannot be read as text. */
  readonly shown?: ShownFile;
}

/** A file as people are shown it: without the secrets that it spells out. */
export interface ShownFile {
  /** Of a long file the beginning, whole lines. */
  readonly text: string;
  readonly cut: boolean;
  /** The first that are wrong, with their places. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What is served, file by file. */
export type ServedFiles = ReadonlyMap<string, ServedFile>;

export interface ServedFile {
  /** The file's last good version; null where there was none. */
  readonly served: ServedPipeline | null;
  /** What is wrong with the file as it is now. */
  readonly fault: string | null;
  /** As it is now, wrong or not. */
  readonly shown?: ShownFile;
}

/** The served pipelines after a folder was read again, and the changes. */
export interface Update {
  readonly files: ServedFiles;
  readonly events: readonly ScheduleEvent[];
}

/**
 * Takes valid files over; a broken one keeps its last good version.
 *
 * Of two files with a pipeline of the same name the one that had it before keeps it, else the first.
 */
export function updateFiles(before: ServedFiles, read: readonly ReadFile[]): Update {
  const files = new Map<string, ServedFile>();
  const owners = new Map<string, string>();
  for (const { file, served } of read) {
    const name = served?.spec.pipeline;
    if (name !== undefined && before.get(file)?.served?.spec.pipeline === name) {
      owners.set(name, file);
    }
  }
  for (const each of read) {
    const { file, served } = each;
    const name = served?.spec.pipeline;
    const owner = name === undefined ? file : owners.get(name) ?? file;
    if (name !== undefined) owners.set(name, owner);
    const fault = owner === file
      ? each.fault
      : `Pipeline "${name}" is in "${owner}" already: give one of them another name`;
    const good = fault === null ? served : before.get(file)?.served ?? null;
    files.set(file, { ...shownOf(each), served: good, fault });
  }
  // A last good version must not come back beside a file that has its name now.
  for (const [file, each] of files) {
    const name = each.served?.spec.pipeline;
    if (name !== undefined && (owners.get(name) ?? file) !== file) {
      files.set(file, { ...each, served: null });
    }
  }
  breakCycles(before, files);
  return { files, events: [...faultEvents(before, files), ...pipelineEvents(before, files)] };
}

/** Pipelines that wait for each other would never run: one of them keeps what it was, or is left out. */
function breakCycles(before: ServedFiles, files: Map<string, ServedFile>): void {
  for (;;) {
    const { cycle } = afterOrder(
      [...files].flatMap(([file, { served }]) => served === null ? [] : { ...served.spec, file }),
    );
    if (cycle === null) return;
    const names = [...cycle, cycle[0]].map(({ pipeline }) => `"${pipeline}"`).reverse();
    const fault = `Pipelines wait for each other: ${names.join(" after ")}`;
    const isNew = ({ file }: { readonly file: string }) => {
      const [now, then] = [files.get(file), before.get(file)].map((each) => each?.served?.spec);
      return JSON.stringify(now?.after) !== JSON.stringify(then?.after);
    };
    // The one whose change closed it.
    const { file } = cycle.find(isNew) ?? cycle[0];
    const each = files.get(file)!;
    const kept = isNew({ file }) ? before.get(file)?.served ?? null : null;
    files.set(file, { ...each, served: kept, fault: each.fault ?? fault });
  }
}

function shownOf({ shown }: ReadFile): Pick<ServedFile, "shown"> {
  return shown === undefined ? {} : { shown };
}

/** The pipelines of all files. */
export function servedPipelines(files: ServedFiles): ServedPipeline[] {
  return [...files.values()].flatMap(({ served }) => served ?? []);
}

function* faultEvents(before: ServedFiles, files: ServedFiles): Generator<ScheduleEvent> {
  for (const [file, { served, fault }] of files) {
    const known = before.get(file)?.fault ?? null;
    if (fault === known) continue;
    if (fault === null) yield { type: "file_mended", file };
    else yield { type: "file_broken", file, kept: served !== null, text: fault };
  }
}

function* pipelineEvents(before: ServedFiles, files: ServedFiles): Generator<ScheduleEvent> {
  const old = byName(before);
  const now = byName(files);
  for (const [pipeline, text] of now) {
    const known = old.get(pipeline);
    if (known === undefined) yield { type: "pipeline_added", pipeline };
    else if (known !== text) yield { type: "pipeline_changed", pipeline };
  }
  for (const pipeline of old.keys()) {
    if (!now.has(pipeline)) yield { type: "pipeline_removed", pipeline };
  }
}

/** Pipelines and everything about them, to be compared. */
function byName(files: ServedFiles): Map<string, string> {
  return new Map(
    servedPipelines(files).map((served) => [served.spec.pipeline, JSON.stringify(served)]),
  );
}

import { basename, join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { SluiceError } from "../core/error.ts";
import { type ReadFile, type ServedFiles, servedPipelines, updateFiles } from "./pipeline_files.ts";
import type { Tell } from "./schedule_event.ts";
import type { ServedPipeline } from "./scheduler_host.ts";

/** Everything from outside that following a folder needs. */
export interface FolderHost {
  /** Absolute path. */
  readonly path: string;
  /** Reads some of its files, named without the folder. */
  readonly read: (names: readonly string[]) => Promise<readonly ReadFile[]>;
  readonly clock: Clock;
  readonly tell: Tell;
  /** Called with all pipelines after each change. */
  readonly onChange: (pipelines: readonly ServedPipeline[]) => void;
}

/** Milliseconds of quiet after which a change counts as finished: editors write in several steps. */
const QUIET = 200;

/** Milliseconds between looks at the folder: network drives and mounted volumes tell no changes. */
const LOOK = 15_000;

/** The pipeline files of a folder, read again when they change. */
export class PipelineFolder {
  readonly #host: FolderHost;
  #files: ServedFiles = new Map();
  /** What was read last, by the entry's name. */
  #known: ReadonlyMap<string, Known> = new Map();
  #signature = "";
  #trouble: string | null = null;

  constructor(host: FolderHost) {
    this.#host = host;
  }

  /** What is served, and what is wrong. */
  get files(): ServedFiles {
    return this.#files;
  }

  /**
   * Reads the folder for the first time.
   *
   * @throws SluiceError `cli/no_such_folder`
   */
  async open(): Promise<void> {
    try {
      await this.#list();
    } catch (cause) {
      const { NotFound, NotADirectory, PermissionDenied } = Deno.errors;
      if (cause instanceof NotFound || cause instanceof NotADirectory) {
        throw new SluiceError("cli/no_such_folder", `There is no folder "${this.#host.path}"`, {
          hint: "Name the folder that has the pipeline files, such as pipelines/",
          cause,
        });
      }
      if (cause instanceof PermissionDenied) {
        const message = `This user may not read the folder "${this.#host.path}"`;
        throw new SluiceError("cli/no_such_folder", message, {
          hint: "Check its owner and mode, and that Deno has --allow-read for it",
          cause,
        });
      }
      throw cause;
    }
    await this.#look();
  }

  /** Follows the folder until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    const { clock } = this.#host;
    let changed = Promise.withResolvers<void>();
    const watching = this.#watch(signal, () => changed.resolve());
    while (!signal.aborted) {
      const woken = new AbortController();
      const either = AbortSignal.any([signal, woken.signal]);
      await Promise.race([changed.promise, clock.sleep(LOOK, either).catch(() => {})]);
      woken.abort();
      if (signal.aborted) break;
      changed = Promise.withResolvers();
      await clock.sleep(QUIET, signal).catch(() => {});
      await this.#look();
    }
    await watching;
  }

  async #look(): Promise<void> {
    try {
      const entries = await this.#list();
      if (signatureOf(entries) !== this.#signature) await this.#read(entries);
      this.#trouble = null;
    } catch (error) {
      this.#tellTrouble(`The folder "${this.#host.path}" cannot be read: ${messageOf(error)}`);
    }
  }

  async #read(entries: readonly Entry[]): Promise<void> {
    const read = await this.#readChanged(entries);
    const { files, events } = updateFiles(this.#files, read);
    const first = this.#signature === "";
    // What changes while it is read is seen by the next look.
    this.#signature = signatureOf(entries);
    this.#files = files;
    for (const event of events) {
      // What is there at the start is no news.
      if (!(first && event.type === "pipeline_added")) this.#host.tell(event);
    }
    this.#host.onChange(servedPipelines(files));
  }

  /** A folder is looked at for each change of one of its files: only that one is read again. */
  async #readChanged(entries: readonly Entry[]): Promise<ReadFile[]> {
    const before = this.#known;
    const isKnown = ({ name, version }: Entry) => before.get(name)?.version === version;
    const changed = entries.filter((entry) => !isKnown(entry)).map(({ name }) => name);
    const fresh = changed.length === 0 ? [] : await this.#host.read(changed);
    const read = new Map(fresh.map((each) => [basename(each.file), each]));
    const known = new Map<string, Known>();
    for (const entry of entries) {
      const { name, version } = entry;
      const file = isKnown(entry) ? before.get(name)!.file : read.get(name);
      // It may be gone meanwhile.
      if (file !== undefined) known.set(name, { version, file });
    }
    this.#known = known;
    return [...known.values()].map(({ file }) => file);
  }

  async #list(): Promise<Entry[]> {
    const entries: Entry[] = [];
    for await (const { name, isDirectory } of Deno.readDir(this.#host.path)) {
      if (isDirectory || !/^[^.].*\.ya?ml$/.test(name)) continue;
      entries.push({ name, version: await versionOf(join(this.#host.path, name)) });
    }
    return entries.sort((a, b) => a.name < b.name ? -1 : 1);
  }

  async #watch(signal: AbortSignal, onChange: () => void): Promise<void> {
    while (!signal.aborted) {
      if (await this.#watchOnce(signal, onChange)) continue;
      await this.#host.clock.sleep(LOOK, signal).catch(() => {});
    }
  }

  /** Whether to begin anew at once. */
  async #watchOnce(signal: AbortSignal, onChange: () => void): Promise<boolean> {
    try {
      using watcher = Deno.watchFs(this.#host.path, { recursive: false });
      const close = () => watcher.close();
      // What has changed before.
      onChange();
      signal.addEventListener("abort", close, { once: true });
      for await (const { kind } of watcher) {
        if (kind !== "access") onChange();
      }
      signal.removeEventListener("abort", close);
    } catch (error) {
      // The runtime cannot tell of a name that is no UTF-8; it is in the folder's list all the same.
      if (signal.aborted || error instanceof TypeError) return true;
      const seconds = LOOK / 1000;
      this.#tellTrouble(
        `Cannot watch "${this.#host.path}" for changes (${messageOf(error)}): ` +
          `it is read every ${seconds} s instead`,
      );
    }
    return false;
  }

  #tellTrouble(message: string): void {
    if (message === this.#trouble) return;
    this.#trouble = message;
    this.#host.tell({ type: "folder_broken", message });
  }
}

interface Known {
  /** Of the entry. */
  readonly version: string;
  readonly file: ReadFile;
}

interface Entry {
  readonly name: string;
  /** Another one whenever the file has changed. */
  readonly version: string;
}

/** One that cannot be looked at is told by whoever reads it; others count all the same. */
async function versionOf(path: string): Promise<string> {
  try {
    const { mtime, size, ino } = await Deno.stat(path);
    return `${mtime?.getTime()} ${size} ${ino}`;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

function signatureOf(entries: readonly Entry[]): string {
  return JSON.stringify(entries);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

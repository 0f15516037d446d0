import { SluiceError } from "../core/error.ts";
import { HOSTS_OF_PROCESS } from "../core/host_slots.ts";
import { ThreadPlaces } from "./thread_hosts.ts";
import type { FromThread, TaskResult, ThreadStart, ThreadTask, ToThread } from "./thread_task.ts";

/** What comes before the end. */
export type ThreadNews = Extract<FromThread, { kind: "file" | "event" }>;

/**
 * Works in a thread of its own, so that nothing in it keeps this one from answering: a file that
 * takes long to read, a load at full speed, a loop without an end.
 *
 * @param signal asks it to stop; it may take its time. A reason `cli/canceled` is passed on
 * @param cut ends it wherever it is
 * @throws what the work threw, or the reason of `cut`
 */
export async function inThread<T extends ThreadTask>(
  start: ThreadStart & { readonly task: T },
  signal: AbortSignal,
  cut: AbortSignal,
  onNews: (news: ThreadNews) => void,
): Promise<TaskResult<T>> {
  const ended = Promise.withResolvers<TaskResult<T>>();
  const thread = new Worker(new URL("./thread_main.ts", import.meta.url), {
    type: "module",
    name: start.task.kind,
  });
  const places = new ThreadPlaces(HOSTS_OF_PROCESS);
  const post = (message: ToThread) => thread.postMessage(message);
  const onStop = () => post({ kind: "stop", canceled: isCanceled(signal.reason) });
  const onCut = () => ended.reject(cut.reason);
  thread.onmessage = ({ data }: MessageEvent<FromThread>) => {
    switch (data.kind) {
      case "done":
        return ended.resolve(data.result as TaskResult<T>);
      case "failed": {
        const { code, message, ...options } = data.error;
        return ended.reject(new SluiceError(code as `cli/${string}`, message, options));
      }
      case "bug":
        return ended.reject(Object.assign(new Error(data.message), { stack: data.stack }));
      case "host":
        return places.ask(data, () => post({ kind: "host_free", id: data.id }));
      case "host_left":
        return places.leave(data.id);
      default:
        onNews(data);
    }
  };
  thread.onerror = (event) => {
    // Else it would be an error of this thread too.
    event.preventDefault();
    ended.reject(new Error(event.message));
  };
  signal.addEventListener("abort", onStop, { once: true });
  cut.addEventListener("abort", onCut, { once: true });
  try {
    post({ kind: "start", start });
    if (signal.aborted) onStop();
    if (cut.aborted) onCut();
    return await ended.promise;
  } finally {
    signal.removeEventListener("abort", onStop);
    cut.removeEventListener("abort", onCut);
    thread.terminate();
    places.leaveAll();
  }
}

/** Whether somebody wants one run to end, not the process. */
function isCanceled(reason: unknown): boolean {
  return reason instanceof SluiceError && reason.code === "cli/canceled";
}

import { SluiceError } from "../../core/error.ts";
import type { SourceContext, SourceFacts } from "../context.ts";
import type { Location } from "../location.ts";
import { sourceAttempts } from "../retry.ts";
import { factsOf } from "./http_headers.ts";
import { discard, sendRequest } from "./http_request.ts";
import type { ReadLimits } from "./transport.ts";

/** Asks for what is known of a file. */
export async function probeHttp(
  location: Location,
  limits: ReadLimits,
  context: SourceContext,
): Promise<SourceFacts | null> {
  try {
    return await sourceAttempts(limits.retries, context).run(() => look(location, limits, context));
  } catch (error) {
    if (error instanceof SluiceError && error.code === "source/not_found") return null;
    throw error;
  }
}

/** Asks for the headers alone; servers that refuse that are asked for the file, and left at once. */
async function look(
  location: Location,
  { timeoutSeconds }: ReadLimits,
  context: SourceContext,
): Promise<SourceFacts> {
  const connection = new AbortController();
  const abort = () => connection.abort(context.signal.reason);
  context.signal.throwIfAborted();
  context.signal.addEventListener("abort", abort, { once: true });
  try {
    const request = { location, timeoutSeconds, connection };
    const head = await sendRequest(
      { ...request, method: "HEAD", accept: [200, 403, 405, 501] },
      context,
    );
    await discard(head);
    if (head.status === 200) return factsOf(location, head.headers);
    const get = await sendRequest({ ...request, method: "GET", accept: [200] }, context);
    await discard(get);
    return factsOf(location, get.headers);
  } finally {
    context.signal.removeEventListener("abort", abort);
  }
}

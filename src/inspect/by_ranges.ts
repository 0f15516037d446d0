import { SluiceError } from "../core/error.ts";
import type { SourceContext } from "../source/context.ts";

/** Reads in parts where that may be, and all of it where parts did not prove themselves. */
export async function byRanges<T>(
  context: SourceContext,
  read: (context: SourceContext) => Promise<T>,
): Promise<T> {
  const ranges = { areTrusted: true };
  try {
    return await read({ ...context, ranges });
  } catch (error) {
    if (!(error instanceof SluiceError) || error.retry !== "restart") throw error;
    return await read(context);
  }
}

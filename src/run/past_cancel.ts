import { SluiceError } from "../core/error.ts";

const QUERY_CANCELED = "57014";

/** The cancel that an interrupt sent for the statement before may meet this one, once. */
export async function pastCancel<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const canceled = error instanceof SluiceError && error.postgres?.code === QUERY_CANCELED;
    if (!canceled || !signal.aborted) throw error;
    return await work();
  }
}

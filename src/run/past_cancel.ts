import { isError } from "../db/sqlstate.ts";

/** The cancel that an interrupt sent for the statement before may meet this one, once. */
export async function pastCancel<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isError(error, "canceled") || !signal.aborted) throw error;
    return await work();
  }
}

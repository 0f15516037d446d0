import { SluiceError } from "../core/error.ts";

/** Somebody wrote into a file while it was read. */
export function changedWhileReading(
  shown: string,
  details?: Readonly<Record<string, string | number>>,
): SluiceError {
  return new SluiceError(
    "source/changed_while_reading",
    `"${shown}" changed while it was read`,
    {
      retry: "restart",
      ...(details === undefined ? {} : { details }),
      hint: "Run again once it is complete; its writer should write another file and rename it",
    },
  );
}

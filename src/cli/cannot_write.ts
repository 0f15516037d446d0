import { SluiceError } from "../core/error.ts";

/** What is thrown where a file that the user has named cannot be written. */
export function cannotWrite(file: string, cause: unknown): unknown {
  if (cause instanceof Deno.errors.NotCapable) return cause;
  const { message } = cause as { message?: string };
  return new SluiceError("cli/cannot_write", `"${file}" cannot be written: ${message ?? cause}`, {
    hint: "Check that its folder is one, and who may write there",
    cause,
  });
}

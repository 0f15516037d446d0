import { SluiceError } from "../../core/error.ts";
import type { ByteInput } from "../byte_input.ts";

/** The compressed data ends before its end. */
export function truncated(input: ByteInput, shown: string): SluiceError {
  const at = input.end;
  return corrupt(shown, `it ends in the middle of the compressed data, at byte ${at}`, at);
}

/** Something stands behind the compressed data. */
export function junkBehind(shown: string, at: number): SluiceError {
  return corrupt(shown, `unexpected data follows the compressed data at byte ${at}`, at);
}

/** The compressed data is wrong at, or soon behind, a stored byte. */
export function corrupt(shown: string, what: string, at: number): SluiceError {
  return new SluiceError("source/corrupt_compression", `"${shown}" is damaged: ${what}`, {
    details: { stored_byte: at },
    hint: "Get the file again and compare its length and checksum with the original's",
  });
}

import { SluiceError } from "../../core/error.ts";

/** The file can only be decompressed with more memory than a load may take. */
export function tooWide(shown: string, bytes: number, limit: number, how: string): SluiceError {
  const mib = (size: number) => `${Math.ceil(size / (1 << 20))} MiB`;
  return new SluiceError(
    "source/window_too_large",
    `"${shown}" needs ${mib(bytes)} of memory to decompress: at most ${mib(limit)} are taken`,
    { hint: `Compress it again with a smaller window, \`${how}\` at most, or decompress it` },
  );
}

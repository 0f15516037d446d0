import { SluiceError } from "../../core/error.ts";
import type { Location } from "../location.ts";
import { file } from "./file.ts";
import { http } from "./http.ts";
import type { Transport } from "./transport.ts";

/** Every transport. */
export const TRANSPORTS: readonly Transport[] = [file, http];

/** The transport that reaches a location. */
export function transportFor({ href, shown }: Location): Transport {
  // One letter before the colon is a Windows drive.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(href)?.[1].toLowerCase() ?? "file";
  const transport = TRANSPORTS.find(({ schemes }) => schemes.includes(scheme));
  if (transport !== undefined) return transport;
  const schemes = TRANSPORTS.flatMap((each) => each.schemes).join(", ");
  throw new SluiceError("source/unknown_scheme", `"${shown}" has an unknown scheme: "${scheme}"`, {
    hint: `Known schemes: ${schemes}, or a path`,
  });
}

import { SluiceError } from "../../core/error.ts";
import { schemeList, type TransportName, transportOf } from "../../core/transports.ts";
import type { Location } from "../location.ts";
import { az } from "./azure.ts";
import { file } from "./file.ts";
import { http } from "./http.ts";
import { gs, s3 } from "./s3.ts";
import { sftp } from "./sftp.ts";
import { stdin } from "./stdin.ts";
import type { Transport } from "./transport.ts";

/** Every transport; `core/transports.ts` has its schemes. */
export const TRANSPORTS: Readonly<Record<TransportName, Transport>> = {
  file,
  stdin,
  http,
  s3,
  gs,
  az,
  sftp,
};

/** The transport that reaches a location. */
export function transportFor({ href, shown }: Location): Transport {
  // One letter before the colon is a Windows drive.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(href)?.[1].toLowerCase() ?? "file";
  const name = transportOf(scheme);
  if (name !== null) return TRANSPORTS[name];
  throw new SluiceError("source/unknown_scheme", `"${shown}" has an unknown scheme: "${scheme}"`, {
    hint: `Known schemes: ${schemeList()}, or a path`,
  });
}

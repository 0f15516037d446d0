import { SluiceError } from "../../core/error.ts";
import { schemeList, type TransportName, transportOf } from "../../core/transports.ts";
import type { Location } from "../location.ts";
import { az } from "./azure.ts";
import { file } from "./file.ts";
import { http } from "./http.ts";
import { gs, s3 } from "./s3.ts";
import { postgres } from "./postgres.ts";
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
  postgres,
};

/** The transport that reaches a location. */
export function transportFor({ href, shown, query }: Location): Transport {
  // One letter before the colon is a Windows drive.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(href)?.[1].toLowerCase() ?? "file";
  const name = transportOf(scheme);
  if (name !== null && (name === "postgres") === (query !== undefined)) return TRANSPORTS[name];
  if (name !== null) {
    throw query === undefined
      ? new SluiceError("source/bad_url", `"${shown}" is a database: which rows is not said`, {
        hint: "Name a `table` in the source, or write a `query`",
      })
      : new SluiceError("source/bad_url", `"${shown}" is no database, and has no tables`, {
        hint: "`table` and `query` are for postgres://user:${PASSWORD}@host:5432/database",
      });
  }
  throw new SluiceError("source/unknown_scheme", `"${shown}" has an unknown scheme: "${scheme}"`, {
    hint: `Known schemes: ${schemeList()}, or a path`,
  });
}

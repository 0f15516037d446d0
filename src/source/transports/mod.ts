import { SluiceError } from "../../core/error.ts";
import { schemeList, type TransportName, transportOf } from "../../core/transports.ts";
import type { Location } from "../location.ts";
import type { Transport } from "./transport.ts";

/** Every transport, read when it is first asked for; `core/transports.ts` has its schemes. */
export const TRANSPORTS: Readonly<Record<TransportName, () => Promise<Transport>>> = {
  file: async () => (await import("./file.ts")).file,
  stdin: async () => (await import("./stdin.ts")).stdin,
  http: async () => (await import("./http.ts")).http,
  s3: async () => (await import("./s3.ts")).s3,
  gs: async () => (await import("./s3.ts")).gs,
  az: async () => (await import("./azure.ts")).az,
  sftp: async () => (await import("./sftp.ts")).sftp,
  postgres: async () => (await import("./postgres.ts")).postgres,
};

/** The transport that reaches a location. */
export async function transportFor({ href, shown, query }: Location): Promise<Transport> {
  // One letter before the colon is a Windows drive.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(href)?.[1].toLowerCase() ?? "file";
  const name = transportOf(scheme);
  if (name !== null && (name === "postgres") === (query !== undefined)) {
    return await TRANSPORTS[name]();
  }
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

/** The schemes of each way to reach a source; a path has the scheme `file`. */
const TRANSPORTS = {
  file: ["file"],
  stdin: ["stdin"],
  http: ["http", "https"],
  s3: ["s3", "s3a", "s3n"],
  gs: ["gs", "gcs"],
  az: ["az", "azure"],
  sftp: ["sftp"],
  postgres: ["postgres", "postgresql"],
} as const;

/** A way to reach sources; `source/transports/mod.ts` has its transport. */
export type TransportName = keyof typeof TRANSPORTS;

/** URL schemes without the colon, by transport. */
export const SCHEMES: Readonly<Record<TransportName, readonly string[]>> = TRANSPORTS;

/** The transport of a scheme in lower case; null where there is none. */
export function transportOf(scheme: string): TransportName | null {
  const names = Object.keys(TRANSPORTS) as TransportName[];
  return names.find((name) => SCHEMES[name].includes(scheme)) ?? null;
}

/** Every scheme, as a hint lists them. */
export function schemeList(): string {
  return Object.values(SCHEMES).flat().filter((scheme) => scheme !== "stdin").join(", ");
}

/** Whether an address is one of the names of standard input. */
export function isStandardInput(address: string): boolean {
  return /^(-|(file:\/\/)?\/dev\/stdin|stdin:)$/.test(address);
}

import { SluiceError } from "../../core/error.ts";
import { secretOf, type SourceContext } from "../context.ts";

/** How a storage account is reached; all of it is the operator's choice. */
export interface AzureSettings {
  readonly account: string;
  /** Of its blobs, without a slash at the end. */
  readonly endpoint: string;
  /** The account's key; null: nobody in particular asks, or {@link AzureSettings.sas} does. */
  readonly key: Uint8Array<ArrayBuffer> | null;
  /** The query of a shared access signature, without its question mark. */
  readonly sas: string | null;
}

/** The variables that hold credentials, for messages. */
export const AZURE_VARIABLES =
  "AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, or " +
  "AZURE_STORAGE_CONNECTION_STRING";

/**
 * Reads the variables of Azure's own command line.
 *
 * @throws SluiceError `source/bad_azure_settings`
 */
export function readAzureSettings({ secrets }: SourceContext): AzureSettings {
  const connection = readConnection(secretOf(secrets, "AZURE_STORAGE_CONNECTION_STRING"));
  const account = secrets.setting("AZURE_STORAGE_ACCOUNT") ?? connection.get("accountname") ?? null;
  const given = connection.get("blobendpoint") ?? null;
  if (account === null && given === null) {
    throw new SluiceError("source/bad_azure_settings", "No storage account of Azure is named", {
      hint: `Set ${AZURE_VARIABLES}`,
    });
  }
  const protocol = connection.get("defaultendpointsprotocol") ?? "https";
  const suffix = connection.get("endpointsuffix") ?? "core.windows.net";
  const endpoint = given ?? `${protocol}://${account}.blob.${suffix}`;
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new SluiceError("source/bad_azure_settings", "The endpoint of Azure is no address", {
      hint: "AZURE_STORAGE_CONNECTION_STRING has BlobEndpoint=https://…",
    });
  }
  const key = secretOf(secrets, "AZURE_STORAGE_KEY") ?? connection.get("accountkey") ?? null;
  const sas = (secretOf(secrets, "AZURE_STORAGE_SAS_TOKEN") ??
    connection.get("sharedaccesssignature"))?.replace(/^\?/, "") ?? null;
  // It is part of addresses.
  if (sas !== null) secrets.hide(`${url.origin}/?${sas}`);
  return {
    account: account ?? url.hostname.split(".")[0],
    endpoint: url.href.replace(/\/+$/, ""),
    key: key === null ? null : readKey(key),
    // A key proves more, and is asked first.
    sas: key === null ? sas : null,
  };
}

function readKey(base64: string): Uint8Array<ArrayBuffer> {
  try {
    const key = Uint8Array.fromBase64(base64);
    if (key.length > 0) return key;
  } catch {
    // Told below, without what was written.
  }
  throw new SluiceError("source/bad_azure_settings", "The key of the account is no base64", {
    hint: "AZURE_STORAGE_KEY is copied as the portal shows it",
  });
}

/** `Name=value` pairs with semicolons between; names in lower case. */
function readConnection(text: string | null): ReadonlyMap<string, string> {
  const pairs = (text ?? "").split(";").flatMap((part) => {
    const at = part.indexOf("=");
    return at === -1 ? [] : [[part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()]];
  });
  return new Map(pairs as [string, string][]);
}

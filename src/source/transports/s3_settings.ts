import { SluiceError } from "../../core/error.ts";
import type { Secrets } from "../../core/secret.ts";
import { secretOf, type SourceContext } from "../context.ts";

/** How a store is reached; all of it is the operator's choice, nothing the pipeline file's. */
export interface S3Settings {
  readonly endpoint: string;
  readonly region: string;
  /** The bucket stands in the path, not before the host. */
  readonly pathStyle: boolean;
  /** Null: nobody in particular asks. */
  readonly credentials: S3Credentials | null;
  /** The variables that hold credentials, for messages. */
  readonly variables: string;
}

interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * Reads the usual variables: `AWS_*`, with profiles, or for Google's store those of its HMAC keys.
 *
 * @throws SluiceError `source/bad_profile`
 */
export async function readS3Settings(
  name: "s3" | "gs",
  { secrets }: SourceContext,
): Promise<S3Settings> {
  if (name === "gs") {
    const host = secrets.setting("STORAGE_EMULATOR_HOST");
    return {
      endpoint: endpointOf(host ?? "https://storage.googleapis.com"),
      region: "auto",
      pathStyle: true,
      credentials: credentialsOf(secrets, "GS_ACCESS_KEY_ID", "GS_SECRET_ACCESS_KEY", null),
      variables: "GS_ACCESS_KEY_ID and GS_SECRET_ACCESS_KEY, an HMAC key of the store",
    };
  }
  const own = credentialsOf(
    secrets,
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
  );
  const profile = own === null ? await readProfile(secrets) : {};
  const region = secrets.setting("AWS_REGION") ?? secrets.setting("AWS_DEFAULT_REGION") ??
    profile.region ?? "us-east-1";
  const endpoint = secrets.setting("AWS_ENDPOINT_URL_S3") ?? secrets.setting("AWS_ENDPOINT_URL") ??
    profile.endpoint_url ?? null;
  const style = secrets.setting("AWS_S3_ADDRESSING_STYLE");
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return {
    endpoint: endpointOf(endpoint ?? `https://s3.${region}.${domain}`),
    region,
    // Stores of others seldom have a name for each bucket.
    pathStyle: style === null ? endpoint !== null : style === "path",
    credentials: own ?? (profile.aws_access_key_id && profile.aws_secret_access_key
      ? {
        accessKeyId: profile.aws_access_key_id,
        secretAccessKey: profile.aws_secret_access_key,
        ...(profile.aws_session_token ? { sessionToken: profile.aws_session_token } : {}),
      }
      : null),
    variables: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
  };
}

function credentialsOf(
  secrets: Secrets,
  id: string,
  secret: string,
  token: string | null,
): S3Credentials | null {
  const accessKeyId = secretOf(secrets, id);
  const secretAccessKey = secretOf(secrets, secret);
  if (accessKeyId === null || secretAccessKey === null) return null;
  const sessionToken = token === null ? null : secretOf(secrets, token);
  return { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }) };
}

function endpointOf(text: string): string {
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `http://${text}`);
  if (url !== null) return url.href;
  throw new SluiceError("source/bad_url", `The endpoint of the store is no address`, {
    hint: "AWS_ENDPOINT_URL_S3 is written such as https://minio.example.org:9000",
  });
}

type Profile = Readonly<Record<string, string>>;

/** The chosen profile of the files that the AWS command line writes; empty where there are none. */
async function readProfile(secrets: Secrets): Promise<Profile> {
  const home = secrets.setting("HOME") ?? secrets.setting("USERPROFILE");
  const named = secrets.setting("AWS_PROFILE");
  const profile = named ?? "default";
  const paths = [
    secrets.setting("AWS_CONFIG_FILE") ?? (home === null ? null : `${home}/.aws/config`),
    secrets.setting("AWS_SHARED_CREDENTIALS_FILE") ??
      (home === null ? null : `${home}/.aws/credentials`),
  ];
  let found = false;
  const values: Record<string, string> = {};
  for (const path of paths) {
    if (path === null) continue;
    let text: string;
    try {
      text = await Deno.readTextFile(path);
    } catch {
      // Not there, or not for this process: then without it.
      continue;
    }
    for (const [section, key, value] of entriesOf(text)) {
      if (section !== profile) continue;
      found = true;
      if (key !== null) values[key] = value;
    }
  }
  if (named !== null && !found) {
    throw new SluiceError("source/bad_profile", `There is no profile "${named}"`, {
      hint: "AWS_PROFILE names a section of ~/.aws/credentials or ~/.aws/config",
    });
  }
  return values;
}

/** The entries of an INI file with their sections, and each section once without an entry. */
function* entriesOf(text: string): Generator<[section: string, key: string | null, value: string]> {
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    const head = /^\s*\[\s*(?:profile\s+)?([^\]]*?)\s*\]/.exec(line);
    if (head !== null) {
      section = head[1];
      yield [section, null, ""];
      continue;
    }
    const entry = /^([A-Za-z_0-9]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (entry !== null) yield [section, entry[1].toLowerCase(), entry[2]];
  }
}

import { AwsV4Signer } from "aws4fetch";
import { SluiceError } from "../../core/error.ts";
import {
  elements,
  elementText,
  escaped,
  keyPath,
  type ObjectPage,
  type ObjectStore,
  objectTransport,
  quotedTag,
} from "./object_store.ts";
import { readS3Settings, type S3Settings } from "./s3_settings.ts";
import type { Transport } from "./transport.ts";

const EXAMPLE = "s3://bucket/folder/2021-01.csv.gz";

/** Objects in S3 and in stores that speak its protocol. */
export const s3: Transport = objectTransport(
  "s3",
  EXAMPLE,
  async (context) => storeOf(await readS3Settings("s3", context)),
);

/** Objects in Google Cloud Storage, by its S3 interface. */
export const gs: Transport = objectTransport(
  "gs",
  EXAMPLE.replace("s3:", "gs:"),
  async (context) => storeOf(await readS3Settings("gs", context)),
);

function storeOf(settings: S3Settings): ObjectStore {
  const { credentials, region } = settings;
  return {
    objectUrl: (bucket, key) => `${bucketUrl(settings, bucket)}/${keyPath(key)}`,
    listUrl(bucket, prefix, next) {
      const query = new URLSearchParams({ "list-type": "2", prefix });
      if (next !== null) query.set("continuation-token", next);
      return `${bucketUrl(settings, bucket)}/?${query.toString().replaceAll("+", "%20")}`;
    },
    readPage,
    async sign(method, url) {
      if (credentials === null) return {};
      const signer = new AwsV4Signer({
        ...credentials,
        method,
        url: url.href,
        service: "s3",
        region,
      });
      const { headers } = await signer.sign();
      return Object.fromEntries(headers);
    },
    explain: (response, shown) => explain(response, shown, settings),
  };
}

function bucketUrl({ endpoint, pathStyle }: S3Settings, bucket: string): string {
  const url = new URL(endpoint);
  const base = url.pathname.replace(/\/+$/, "");
  // A certificate of the store covers no name with a dot more.
  return pathStyle || bucket.includes(".")
    ? `${url.origin}${base}/${escaped(bucket)}`
    : `${url.protocol}//${bucket}.${url.host}${base}`;
}

function explain(
  { status, headers }: Response,
  shown: string,
  { region, credentials, variables }: S3Settings,
): SluiceError | null {
  const right = headers.get("x-amz-bucket-region");
  if (right !== null && right !== region && (status === 301 || status === 307 || status >= 400)) {
    return new SluiceError(
      "source/wrong_region",
      `The bucket of "${shown}" is in the region ${right}, and ${region} was asked`,
      { hint: `Set AWS_REGION=${right}`, details: { region: right } },
    );
  }
  if (status !== 401 && status !== 403 && status !== 400) return null;
  if (status === 400 && headers.get("content-type")?.includes("xml") === false) return null;
  return new SluiceError("source/forbidden", `"${shown}" answered ${status}`, {
    details: { status },
    hint: credentials === null
      ? `No credentials are set: set ${variables}`
      : `Check that ${variables} are valid, and may read and list the bucket`,
  });
}

function readPage(xml: string): ObjectPage {
  const objects = elements(xml, "Contents").flatMap((content) => {
    const key = elementText(content, "Key");
    const size = elementText(content, "Size");
    if (key === null || key.endsWith("/")) return [];
    return [{
      key,
      etag: quotedTag(elementText(content, "ETag")),
      bytes: size === null ? null : Number(size),
    }];
  });
  const isCut = elementText(xml, "IsTruncated") === "true";
  return { objects, next: isCut ? elementText(xml, "NextContinuationToken") : null };
}

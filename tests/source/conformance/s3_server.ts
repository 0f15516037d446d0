import S3rver from "packages/s3rver.ts";
import { AwsV4Signer } from "aws4fetch";

/** An S3 server of the test's own, with a bucket. */
export interface S3Server extends AsyncDisposable {
  readonly port: number;
  readonly bucket: string;
  readonly id: string;
  readonly secret: string;
  put(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Starts one; the reason where that cannot be. */
export async function startS3(): Promise<S3Server | string> {
  const folder = Deno.makeTempDirSync({ prefix: "sluice-test-" });
  const bucket = "trips";
  const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory: folder,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  const { port } = await server.run();
  const origin = `http://127.0.0.1:${port}`;
  const [id, secret] = ["S3RVER", "S3RVER"];

  async function send(method: string, key: string, body: Uint8Array<ArrayBuffer> | null) {
    const path = key.split("/").map((part) =>
      encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)
    ).join("/");
    const signer = new AwsV4Signer({
      method,
      url: `${origin}/${bucket}/${path}`,
      accessKeyId: id,
      secretAccessKey: secret,
      service: "s3",
      region: "us-east-1",
      ...(body === null ? {} : { body }),
    });
    const { url, headers } = await signer.sign();
    const response = await fetch(url, { method, headers, body });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${method} ${key}: ${response.status}`);
  }
  return {
    port,
    bucket,
    id,
    secret,
    put: (key, bytes) => send("PUT", key, bytes.slice()),
    remove: (key) => send("DELETE", key, null),
    async [Symbol.asyncDispose]() {
      await server.close();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

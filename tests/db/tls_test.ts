import { join } from "node:path";
import { expect } from "expect";
import { connect } from "../../src/db/connect.ts";
import { startEmbedded } from "../../src/db/embedded/mod.ts";

const hasOpenssl = await new Deno.Command("openssl", { args: ["version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);
if (!hasOpenssl) console.warn("openssl is not on this machine: the test of encryption is skipped");

Deno.test({
  name: "connect encrypts as sslmode says, and a copy works through it",
  ignore: !hasOpenssl,
  async fn() {
    const path = await Deno.makeTempDir({ prefix: "sluice_test_" });
    if (Deno.build.os !== "windows") await Deno.chmod(path, 0o755);
    try {
      await using server = await startEmbedded({ folder: join(path, ".sluice") });
      await switchOnTls(server.url, server.dataFolder);
      expect(await encrypted(`${server.url}?sslmode=disable`)).toBe(false);
      expect(await encrypted(`${server.url}?sslmode=prefer`)).toBe(true);
      // Nobody we trust has signed this certificate.
      await expect(encrypted(`${server.url}?sslmode=verify-full`)).rejects.toMatchObject({
        code: "db/tls",
      });
      await using db = await connect({ url: `${server.url}?sslmode=require` });
      await db.query("create table t (a int)");
      const copy = await db.copyIn("copy t from stdin");
      await copy.write(new TextEncoder().encode("7\n".repeat(500_000)));
      expect(await copy.finish()).toBe(500_000);
      const dropped = await db.copyIn("copy t from stdin");
      await db.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like 'copy t %'",
      );
      await expect(dropped.finish()).rejects.toMatchObject({ code: "db/connection_lost" });
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  },
});

async function encrypted(url: string): Promise<boolean> {
  await using db = await connect({ url });
  const [{ ssl }] = await db.query<{ ssl: boolean }>(
    "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
  );
  return ssl;
}

async function switchOnTls(url: string, dataFolder: string): Promise<void> {
  const [certificate, key] = ["server.crt", "server.key"].map((name) => join(dataFolder, name));
  await new Deno.Command("openssl", {
    args: [
      ..."req -new -x509 -days 2 -nodes -subj /CN=localhost".split(" "),
      ...["-out", certificate, "-keyout", key],
    ],
    stderr: "null",
  }).output();
  const { uid, gid } = await Deno.stat(dataFolder);
  for (const file of [certificate, key]) {
    await Deno.chown(file, uid, gid);
    await Deno.chmod(file, 0o600);
  }
  await using db = await connect({ url });
  await db.query("alter system set ssl = on");
  await db.query("select pg_reload_conf()");
  // The reload happens soon after: the next sessions show it.
  while (!await encrypted(`${url}?sslmode=prefer`)) await db.query("select pg_sleep(0.02)");
}

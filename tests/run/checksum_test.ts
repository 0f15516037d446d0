import { expect } from "packages/expect.ts";
import { gzipSync } from "node:zlib";
import { bytesOf, sha256 } from "../source/support.ts";
import { run, specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";

const YAML = (source: string, more = "") => `
pipeline: sums
environments: { here: { vars: { base: in } } }
${more}
source: ${source}
target: { table: shop.sums }
columns: { id: integer }
`;

Deno.test("a file is published with the SHA-256 that it must have, and with no other", async () => {
  await using test = await ledgerDatabase();
  const gz = new Uint8Array(gzipSync("id\n1\n"));
  const [one, two] = [await sha256(gz), await sha256(bytesOf("id\n2\n"))];
  using files = workspace({ "a b.csv.gz": gz, "2.csv": "id\n2\n" });
  Deno.mkdirSync(`${files.folder}/in`);
  files.write("gnu", `${two}  other/2.csv\n${one} *./a b.csv.gz\n`);
  files.write("bsd", `SHA256 (a b.csv.gz) = ${one.toUpperCase()}\r\n`);
  files.write("bare", `${one}\n`);
  files.write("wrong", `${two}  a b.csv.gz\n`);
  files.write("none", "hello\n");
  files.write("in/gnu", `${one}  a b.csv.gz\n${two}  2.csv\n`);
  const url = '"a b.csv.gz"';
  const cases: (readonly [string, string | null])[] = [
    [`{ url: ${url}, checksum: ${one} }`, null],
    [`{ url: ${url}, checksum: ${one.toUpperCase()} }`, null],
    [`{ url: ${url}, checksum: gnu }`, null],
    [`{ url: ${url}, checksum: bsd }`, null],
    [`{ url: ${url}, checksum: bare }`, null],
    [`{ url: ${url}, checksum: "{base}/gnu" }`, null],
    [`{ url: [2.csv, ${url}], checksum: gnu }`, null],
    [`{ url: ${url}, checksum: ${two} }`, "source/checksum_mismatch"],
    [`{ url: ${url}, checksum: wrong }`, "source/checksum_mismatch"],
    [`{ url: 2.csv, checksum: bsd }`, "source/no_checksum"],
    [`{ url: ${url}, checksum: none }`, "source/no_checksum"],
    [`{ url: ${url}, checksum: missing }`, "source/not_found"],
    [`{ url: "*.csv*", checksum: wrong }`, "source/no_checksum"],
  ];
  let versions = 0;
  for (const [source, code] of cases) {
    const result = await run(test.db, specOf(YAML(source), files.folder), { force: true });
    expect([source, result.error?.code ?? null]).toEqual([source, code]);
    if (code === null) versions++;
    const loads = await test.db.query("select from sluice.loads");
    expect(loads.length).toBe(versions);
  }
});

Deno.test("a checksum by partition stands beside each file", async () => {
  await using test = await ledgerDatabase();
  using files = workspace({ "2021-01.csv": "id\n1\n", "2021-02.csv": "id\n2\n" });
  files.write("2021-01.csv.sha256", `${await sha256(bytesOf("id\n1\n"))}  2021-01.csv\n`);
  files.write("2021-02.csv.sha256", `${await sha256(bytesOf("id\n1\n"))}  2021-02.csv\n`);
  const spec = specOf(
    YAML(
      '{ url: "{month}.csv", checksum: "{month}.csv.sha256" }',
      "partitions: { by: month, from: 2021-01, to: 2021-02 }",
    ).replace(/environments.*\n/, ""),
    files.folder,
  );
  const { partitions } = await run(test.db, spec);
  expect(partitions.map(({ status, error }) => [status, error?.code ?? null])).toEqual([
    ["published", null],
    ["failed", "source/checksum_mismatch"],
  ]);
});

import { expect } from "packages/expect.ts";
import { gzipSync } from "node:zlib";
import { specOf, workspace } from "../support/pipeline.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { bytesOf, sha256 } from "./support.ts";
import { DENO_RUN } from "../support/deno_run.ts";

const CHILD = new URL("stdin_child.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Runs the child with this as its standard input, in pieces; returns the lines it printed. */
async function child(bytes: Uint8Array, left: number, folder: string): Promise<string[]> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      ...[...DENO_RUN, "-q", "--no-prompt", "--no-check", "--config", CONFIG],
      // No more than a load is allowed.
      ...["--allow-read", "--allow-write=.sluice", "--allow-env", CHILD, "--", String(left)],
    ],
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = process.stdin.getWriter();
  const reading = process.output();
  for (let at = 0; at < bytes.length; at += 300_000) {
    await input.write(bytes.subarray(at, at + 300_000));
  }
  await input.close();
  const { stdout } = await reading;
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test("standard input is read as often as it must be, in the same bytes, from its start", async () => {
  const text = bytesOf("id,name\n" + "1,abc\n".repeat(400_000));
  const packed = new Uint8Array(gzipSync(text));
  for (const [bytes, left] of [[text, 500_000], [text, 1], [packed, 1e9]] as const) {
    using files = workspace();
    const whole = `${text.length} ${await sha256(bytes.slice())}`;
    const rounds = left < text.length ? 2 : 3;
    expect(await child(bytes, left, files.folder)).toEqual(Array(rounds).fill(whole));
    // What it was kept in is gone.
    expect([...Deno.readDirSync(`${files.folder}/.sluice`)]).toEqual([]);
  }
});

Deno.test("standard input that is empty is an empty file", async () => {
  using files = workspace();
  const nothing = `0 ${await sha256(new Uint8Array(0))}`;
  expect(await child(new Uint8Array(0), 1e9, files.folder)).toEqual([nothing, nothing, nothing]);
});

Deno.test("standard input loads by all of its names, and the same again is no work", async () => {
  await using test = await ledgerDatabase();
  for (const [at, url] of ["-", "/dev/stdin", "file:///dev/stdin"].entries()) {
    using files = workspace({
      "p.yaml": `pipeline: p${at}
source: { url: "${url}" }
target: { table: shop.t${at} }
refresh: { mode: full }
idempotency_key: [id]
columns: { id: integer, name: text }
rejects: { limit: 10 }
`,
    });
    const load = async (text: string) => {
      const process = new Deno.Command(Deno.execPath(), {
        args: [
          ...[...DENO_RUN, "-q", "--no-prompt", "--no-check", "-A", "--config", CONFIG],
          new URL("../../src/main.ts", import.meta.url).href,
          ...["run", "p.yaml", "--output", "json"],
        ],
        cwd: files.folder,
        env: { DATABASE_URL: test.url },
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const output = process.output();
      const input = process.stdin.getWriter();
      await input.write(bytesOf(text));
      await input.close();
      const { stdout, stderr } = await output;
      try {
        return JSON.parse(new TextDecoder().decode(stdout));
      } catch {
        throw new Error(new TextDecoder().decode(stderr));
      }
    };
    const text = "id,name\n1,a\n2,b\n1,twice\nx,no\n";
    expect(await load(text)).toMatchObject({
      status: "succeeded",
      rows_loaded: 2,
      rows_rejected: 2,
    });
    expect(await load(text)).toMatchObject({ status: "unchanged" });
    expect(await load(text + "3,c\n")).toMatchObject({ status: "succeeded", rows_loaded: 3 });
    const rejects = await test.db.query(
      "select distinct line::int, code from sluice.rejected_rows where pipeline = $1 order by line",
      [`p${at}`],
    );
    expect(rejects).toEqual([
      { line: 4, code: "duplicate_key" },
      { line: 5, code: "invalid_integer" },
    ]);
  }
});

Deno.test("standard input is refused where it cannot come", () => {
  const yaml = (source: string, more: string) =>
    `pipeline: p\nsource: ${source}\ntarget: { table: t }\nidempotency_key: [id]
refresh: { mode: full }\ncolumns: { id: integer }\n${more}`;
  const refused: (readonly [string, string, string])[] = [
    ['{ url: "-" }', 'schedule: { cron: "0 6 * * *" }', "on a schedule"],
    ['{ url: ["-", a.csv] }', "", "one of several"],
    ["{ url: /dev/fd/3 }", "", "only standard input"],
  ];
  for (const [source, more, part] of refused) {
    expect(() => specOf(yaml(source, more), "/")).toThrow(part);
  }
});

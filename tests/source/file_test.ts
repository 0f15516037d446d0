import { expect } from "packages/expect.ts";
import { gzipSync } from "node:zlib";
import { systemClock } from "../../src/core/clock.ts";
import { OPTIONS } from "./parquet/read_rows.ts";
import { openSource } from "../../src/source/open.ts";
import { probeSource } from "../../src/source/probe.ts";
import {
  bytesOf,
  chunksOf,
  concat,
  failure,
  fetchAll,
  planFor,
  readAll,
  sha256,
  type TestContext,
  testContext,
} from "./support.ts";

const TEXT = bytesOf("a,b\n1,2\n".repeat(200_000));

async function withFile(
  bytes: Uint8Array,
  work: (path: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/file name #1.csv`;
    await Deno.writeFile(path, bytes);
    await work(path, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A context that looks at files long after they were written. */
function later(): TestContext {
  const { clock } = testContext();
  return testContext({}, { clock: { ...clock, now: () => new Date(Date.now() + 3_600_000) } });
}

/** Other bytes of the same length in place, with the modification time put back. */
async function rewriteUnseen(path: string): Promise<void> {
  const { size, atime, mtime } = await Deno.stat(path);
  await Deno.writeFile(path, new Uint8Array(size).fill(0x39));
  await Deno.utime(path, atime!, mtime!);
  expect((await Deno.stat(path)).mtime).toEqual(mtime);
}

/** Makes the last change to an inode lie in the past, as far as whole seconds tell. */
async function untilSettled(path: string): Promise<void> {
  const { ctime } = await Deno.stat(path);
  const end = (Math.floor(ctime!.getTime() / 1000) + 1) * 1000 + 200;
  while (Date.now() < end) await systemClock.sleep(end - Date.now());
}

/** A clock that stands still, so many milliseconds after the second in which the file was changed. */
async function standingAfter(path: string, milliseconds: number): Promise<TestContext> {
  const { ctime } = await Deno.stat(path);
  const now = new Date((Math.floor(ctime!.getTime() / 1000) + 1) * 1000 + milliseconds);
  const { clock } = testContext();
  return testContext({}, { clock: { ...clock, now: () => now } });
}

function fileUrl(path: string): string {
  const url = new URL("file:///");
  url.pathname = path.replaceAll("%", "%25").replaceAll("#", "%23");
  return url.href;
}

Deno.test("openSource reads a file by path and by file URL, with its facts", async () => {
  await withFile(TEXT, async (path) => {
    for (const url of [path, fileUrl(path)]) {
      await using source = await openSource(planFor(url), later());
      expect(source.facts).toEqual({
        url,
        etag: `ctime ${(await Deno.stat(path)).ctime!.toISOString()}`,
        lastModified: (await Deno.stat(path)).mtime!.toISOString(),
        bytes: TEXT.length,
        sha256: null,
      });
      expect(source.bytesRead()).toBe(0);
      expect(() => source.sha256()).toThrow();
      expect(await readAll(source)).toEqual(TEXT);
      expect(source.bytesRead()).toBe(TEXT.length);
      expect(source.sha256()).toBe(await sha256(TEXT));
    }
  });
});

Deno.test("openSource counts and digests the stored bytes of a compressed file", async () => {
  const stored = new Uint8Array(gzipSync(TEXT));
  await withFile(stored, async (path) => {
    const { bytes, sha256: digest, read } = await fetchAll(planFor(path), testContext());
    expect(bytes).toEqual(TEXT);
    expect(read).toBe(stored.length);
    expect(digest).toBe(await sha256(stored));
  });
});

Deno.test("openSource reads an empty file", async () => {
  await withFile(new Uint8Array(0), async (path) => {
    const { bytes, sha256: digest } = await fetchAll(planFor(path), testContext());
    expect(bytes.length).toBe(0);
    expect(digest).toBe(await sha256(new Uint8Array(0)));
  });
});

Deno.test("openSource tells a missing file, also where a folder is missing or a file", async () => {
  await withFile(TEXT, async (path, folder) => {
    for (const missing of [`${folder}/none.csv`, `${folder}/none/x.csv`, `${path}/x.csv`]) {
      const error = await failure(() => openSource(planFor(missing), testContext()));
      expect(error.toJSON()).toMatchObject({
        code: "source/not_found",
        message: `There is no file "${missing}"`,
        retry: "never",
      });
      expect(await probeSource(planFor(missing), testContext(), null)).toBeNull();
    }
  });
});

Deno.test("openSource finds no file for a pattern without one, and reads a file of that name", async () => {
  // What was written a moment ago is waited for: side by side.
  await Promise.all(
    ["part-*.csv", "part-?.csv", "part-[12].csv"].map((name) =>
      withFile(TEXT, async (_path, folder) => {
        const error = await failure(() => openSource(planFor(`${folder}/${name}`), testContext()));
        expect(error.code).toBe("source/not_found");
        expect(error.message).toContain("No file matches");
        expect(error.hint).toContain("any characters of a name");
        await Deno.writeFile(`${folder}/${name}`, TEXT);
        expect((await fetchAll(planFor(`${folder}/${name}`), testContext())).bytes).toEqual(TEXT);
      })
    ),
  );
});

Deno.test("openSource and probeSource refuse a folder", async () => {
  await withFile(TEXT, async (_path, folder) => {
    const opened = await failure(() => openSource(planFor(folder), testContext()));
    expect(opened.code).toBe("source/is_a_folder");
    const probed = await failure(() => probeSource(planFor(folder), testContext(), null));
    expect(probed.code).toBe("source/is_a_folder");
  });
});

Deno.test("openSource notices a file that changes while it is read", async () => {
  const changes: ((path: string) => Promise<void>)[] = [
    (path) => Deno.writeFile(path, bytesOf("more\n"), { append: true }),
    (path) => Deno.truncate(path, TEXT.length - 3),
    (path) => Deno.utime(path, 1_000_000_000, 1_000_000_000),
  ];
  for (const change of changes) {
    await withFile(TEXT, async (path) => {
      await using source = await openSource(planFor(path), testContext());
      const error = await failure(async () => {
        let isChanged = false;
        for await (const _ of chunksOf(source)) {
          if (!isChanged) await change(path);
          isChanged = true;
        }
      });
      expect(error.toJSON()).toMatchObject({
        code: "source/changed_while_reading",
        retry: "later",
      });
    });
  }
});

Deno.test("openSource explains what Deno does not allow", async () => {
  await withFile(TEXT, async (path, folder) => {
    const script = `
      import { openSource } from ${
      JSON.stringify(new URL("../../src/source/open.ts", import.meta.url))
    };
      import { planFor, testContext } from ${
      JSON.stringify(new URL("./support.ts", import.meta.url))
    };
      for (const url of [Deno.args[0], "http://127.0.0.1:54321/x.csv"]) {
        try { await openSource(planFor(url), testContext()); } catch (error) {
          console.log(error.code, error.hint);
        }
      }`;
    const root = new URL("../../", import.meta.url).pathname;
    // What a source needs is imported when it is opened.
    const flags = ["--no-lock", "--no-prompt", "--config", `${root}deno.json`];
    await Deno.writeTextFile(`${folder}/script.ts`, script);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...flags, `--allow-read=${root}`, `${folder}/script.ts`, path],
    }).output();
    expect(new TextDecoder().decode(stdout).trim().split("\n")).toEqual([
      "source/not_allowed Run with --allow-read for this path",
      "source/not_allowed Run with --allow-net for this host",
    ]);
  });
});

Deno.test("openSource leaves nothing open when it is left early or not read at all", async () => {
  await withFile(TEXT, async (path) => {
    {
      await using _source = await openSource(planFor(path), testContext());
    }
    {
      await using source = await openSource(planFor(path), testContext());
      for await (const _ of chunksOf(source)) break;
    }
    const source = await openSource(planFor(path), testContext());
    for await (const _ of chunksOf(source)) break;
    await source[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
  });
});

Deno.test("openSource stops with the signal's reason", async () => {
  await withFile(TEXT, async (path) => {
    const controller = new AbortController();
    const context = testContext({}, { signal: controller.signal });
    await using source = await openSource(planFor(path), context);
    await expect((async () => {
      for await (const _ of chunksOf(source)) controller.abort(new Error("stop"));
    })()).rejects.toThrow("stop");
    await expect(openSource(planFor(path), context)).rejects.toThrow("stop");
  });
});

Deno.test("openSource reveals secrets in a path and shows none", async () => {
  await withFile(TEXT, async (_path, folder) => {
    const context = testContext({ FOLDER: folder });
    const error = await failure(() => openSource(planFor("${FOLDER}/none.csv"), context));
    expect(error.message).toBe('There is no file "${FOLDER}/none.csv"');
    await using source = await openSource(planFor("${FOLDER}/file name #1.csv"), context);
    expect(source.facts.url).toBe("${FOLDER}/file name #1.csv");
    const unset = await failure(() => openSource(planFor("${NONE}/x.csv"), context));
    expect(unset.toJSON()).toMatchObject({
      code: "source/secret_not_set",
      message: 'The variable "NONE" is not set',
    });
  });
});

Deno.test("openSource refuses a scheme it does not know, and a broken URL", async () => {
  const ftp = await failure(() => openSource(planFor("ftp://host/x.csv"), testContext()));
  expect(ftp.code).toBe("source/unknown_scheme");
  for (const url of ["file://host:1/%", "file://in.csv", "file://host/in.csv", "file:in.csv"]) {
    for (const look of [openSource, probeSource]) {
      const error = await failure(() => look(planFor(url), testContext(), null));
      expect([url, error.code, error.retry]).toEqual([url, "source/bad_url", "never"]);
    }
  }
  const windows = await failure(() => openSource(planFor("C:\\none\\x.csv"), testContext()));
  expect(windows.code).toBe("source/not_found");
});

Deno.test("probeSource digests a file of the known length and another date, and no other", async () => {
  await withFile(TEXT, async (path) => {
    const plain = await probeSource(planFor(path), later(), null);
    expect(plain).toMatchObject({ bytes: TEXT.length, sha256: null });
    const known = { ...plain!, sha256: "0".repeat(64) };
    expect(await probeSource(planFor(path), later(), known)).toEqual(plain);
    await Deno.utime(path, 1_000_000_000, 1_000_000_000);
    expect(await probeSource(planFor(path), later(), known)).toMatchObject({
      lastModified: "2001-09-09T01:46:40.000Z",
      sha256: await sha256(TEXT),
    });
    expect(await probeSource(planFor(path), later(), { ...known, bytes: 5 })).toMatchObject({
      sha256: null,
    });
  });
});

Deno.test("probeSource digests a file whose inode changed, or may have changed unseen", async () => {
  await withFile(TEXT, async (path) => {
    const known = { ...(await probeSource(planFor(path), later(), null))!, sha256: "0".repeat(64) };
    const digest = await sha256(TEXT);
    const other = { ...known, etag: "ctime 2001-09-09T01:46:40.000Z" };
    expect(await probeSource(planFor(path), later(), other)).toMatchObject({ sha256: digest });
    // Looked at in the second in which it was written: it may have been written again since.
    const early = (await probeSource(planFor(path), testContext(), null))!;
    expect(early.etag).toBe("ctime unsettled");
    const racy = { ...known, etag: early.etag };
    expect(await probeSource(planFor(path), later(), racy)).toMatchObject({ sha256: digest });
    // What an earlier release recorded.
    const legacy = { ...known, etag: null };
    expect(await probeSource(planFor(path), later(), legacy)).toMatchObject({ sha256: null });
  });
});

Deno.test("probeSource bears with a file system whose clock is behind by a tick of the timer", async () => {
  await withFile(TEXT, async (path) => {
    for (const [milliseconds, settled] of [[0, false], [4, false], [16, false], [500, true]]) {
      const facts = await probeSource(
        planFor(path),
        await standingAfter(path, Number(milliseconds)),
        null,
      );
      expect([milliseconds, facts!.etag !== "ctime unsettled"]).toEqual([milliseconds, settled]);
    }
  });
});

Deno.test("openSource notices a file rewritten in place, its time put back, also in the same second", async () => {
  for (const settled of [true, false]) {
    await withFile(TEXT, async (path) => {
      if (settled) await untilSettled(path);
      const { clock } = testContext();
      const context = testContext({}, { clock: { ...clock, now: () => new Date() } });
      await using source = await openSource(planFor(path), context);
      const error = await failure(async () => {
        let isChanged = false;
        for await (const _ of chunksOf(source)) {
          if (!isChanged) await rewriteUnseen(path);
          isChanged = true;
        }
      });
      expect(error.toJSON()).toMatchObject({ code: "source/changed_while_reading" });
    });
  }
});

Deno.test("openSource reads on where only the name, the mode or the links of a file change", async () => {
  const changes: ((path: string) => Promise<void>)[] = [
    (path) => Deno.chmod(path, 0o600),
    (path) => Deno.rename(path, `${path}.old`),
    (path) => Deno.remove(path),
    async (path) => {
      await Deno.writeTextFile(`${path}.new`, "a,b\n");
      await Deno.rename(`${path}.new`, path);
    },
  ];
  await Promise.all(changes.map((change) =>
    withFile(TEXT, async (path) => {
      await untilSettled(path);
      await using source = await openSource(planFor(path), later());
      const parts: Uint8Array[] = [];
      for await (const chunk of chunksOf(source)) {
        if (parts.length === 0) await change(path);
        parts.push(chunk.slice());
      }
      expect(concat(parts)).toEqual(TEXT);
      expect(source.sha256()).toBe(await sha256(TEXT));
    })
  ));
});

Deno.test("what is read of a file in any order is of one state, which the digest is of, or it is told", async () => {
  const bytes = concat([bytesOf("PAR1"), TEXT, bytesOf("PAR1")]);
  const other = new Uint8Array(bytes.length).fill(0x39);
  const parts = [[1_500_000, 1_600_008], [4, 700_000], [699_000, 900_000]] as const;
  const harmless: ((path: string) => Promise<void>)[] = [
    (path) => Deno.chmod(path, 0o600),
    (path) => Deno.rename(path, `${path}.old`),
    (path) => Deno.remove(path),
  ];
  /** Reads all parts; something happens before each of them, and at the end. */
  async function read(
    path: string,
    context: TestContext,
    happens: (moment: number) => Promise<void>,
  ): Promise<void> {
    const seen: Uint8Array[] = [];
    await using source = await openSource(planFor(path, { format: OPTIONS }), context);
    for await (const file of source.files) {
      const input = await file.whole();
      expect(input.size).toBe(bytes.length);
      for (const [moment, [start, end]] of parts.entries()) {
        await happens(moment);
        seen.push(await input.read(start, end));
      }
      await happens(parts.length);
      await input.confirm();
    }
    expect(source.bytesRead()).toBe(bytes.length);
    const state = source.sha256() === await sha256(bytes) ? bytes : other;
    expect(source.sha256()).toBe(await sha256(state));
    expect(seen).toEqual(parts.map(([start, end]) => state.slice(start, end)));
    if (state === other) throw new Error("other state");
  }
  const moments = [...parts.keys(), parts.length];
  /** Each in a file of its own, of which every change shows where it has settled. */
  async function inFile(
    settled: boolean,
    work: (path: string, context: TestContext) => Promise<void>,
  ): Promise<void> {
    await withFile(bytes, async (path) => {
      if (settled) await untilSettled(path);
      await work(path, settled ? later() : testContext());
    });
  }
  await Promise.all([true, false].flatMap((settled) => [
    ...[null, ...harmless].flatMap((change) =>
      moments.map((moment) =>
        inFile(settled, (path, context) =>
          read(path, context, async (now) => {
            if (now === moment) await change?.(path);
          }))
      )
    ),
    // Written over, and what was there put back: never, or later.
    ...moments.flatMap((moment) =>
      [...moments, parts.length + 1].filter((back) => back > moment).map((back) =>
        inFile(settled, async (path, context) => {
          const error = await failure(() =>
            read(path, context, async (now) => {
              if (now === moment) await rewriteUnseen(path);
              if (now === back) await Deno.writeFile(path, bytes);
            })
          );
          // Written over before anything was read it is another file, and read as that.
          const isOther = settled && moment === 0 && back > parts.length;
          const told = error.code ?? error.message;
          expect({ settled, moment, back, told }).toMatchObject({
            told: isOther ? "other state" : "source/changed_while_reading",
          });
        })
      )
    ),
  ]));
});

Deno.test("a file of a pattern that settles between its listing and its opening is the same file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const name of ["a", "b"]) await Deno.writeTextFile(`${folder}/${name}.csv`, "x\n1\n");
    const { clock } = testContext();
    let isLater = false;
    const now = () => new Date(Date.now() + (isLater ? 3_600_000 : 0));
    const context = testContext({}, { clock: { ...clock, now } });
    await using source = await openSource(planFor(`${folder}/*.csv`), context);
    isLater = true;
    const parts: Uint8Array[] = [];
    for await (const chunk of chunksOf(source)) parts.push(chunk.slice());
    expect(new TextDecoder().decode(concat(parts))).toBe("x\n1\nx\n1\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

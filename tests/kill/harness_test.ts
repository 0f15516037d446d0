import { expect } from "packages/expect.ts";
import { connect } from "../../src/db/connection/connect.ts";
import { randomFrom } from "../rows/random.ts";
import { ledgerDatabase } from "../support/postgres.ts";
import { judge } from "./interrupt.ts";
import { sample } from "./kind.ts";
import { MessageSplitter } from "./message_splitter.ts";
import { proxyPostgres } from "./postgres_proxy.ts";
import type { State } from "./state.ts";

/** The harness itself: a check that finds nothing may be one that cannot find anything. */

function state(partitions: Readonly<Record<string, string>>): State {
  return new Map(
    Object.entries(partitions).map(([name, content]) => [name, {
      content,
      live: `version of ${content}`,
      rows: 1,
      rejects: 0,
    }]),
  );
}

Deno.test("judge tells old from new, each partition by itself, and throws for anything between", () => {
  const arena = {
    pipeline: {},
    old: state({ a: "1", b: "1", same: "1" }),
    new: state({ a: "2", b: "2", c: "2", same: "1" }),
  };
  expect(judge(state({ a: "1", b: "1", same: "1" }), arena)).toBe("old");
  expect(judge(state({ a: "2", b: "2", c: "2", same: "1" }), arena)).toBe("new");
  expect(judge(state({ a: "2", b: "1", same: "1" }), arena)).toBe("some partitions new");
  expect(() =>
    judge(state({ a: "2", b: "1", same: "1" }), { ...arena, pipeline: { together: true } })
  ).toThrow("which were to be published together");
  expect(() => judge(state({ a: "1 and 2", b: "1", same: "1" }), arena)).toThrow(
    "Neither old nor new: a",
  );
  expect(() => judge(state({ a: "1", same: "1" }), arena)).toThrow("Neither old nor new: b");
  // The content of the one, and the ledger's word of the other.
  const torn = new Map(state({ a: "1", b: "1", same: "1" }));
  torn.set("a", { ...torn.get("a")!, live: "version of 2" });
  expect(() => judge(torn, arena)).toThrow("Neither old nor new: a");
});

Deno.test("sample takes one of each group first, keeps the order, and repeats with its seed", () => {
  const items = Array.from({ length: 100 }, (_, n) => n);
  const groupOf = (n: number) => n < 95 ? "many" : n;
  const chosen = sample(randomFrom(1), items, 8, groupOf);
  expect(chosen.length).toBe(8);
  expect(chosen.slice(-5)).toEqual([95, 96, 97, 98, 99]);
  expect([...chosen].sort((a, b) => a - b)).toEqual(chosen);
  expect(sample(randomFrom(1), items, 8, groupOf)).toEqual(chosen);
  expect(sample(randomFrom(1), items, 1000)).toEqual(items);
});

Deno.test("MessageSplitter finds the same messages however the bytes arrive", () => {
  const messages = [[0, 0, 0, 5, 9], [0x51, 0, 0, 0, 6, 65, 0], [0x64, 0, 0, 0, 8, 1, 2, 3, 4], [
    0x63,
    0,
    0,
    0,
    4,
  ]];
  const bytes = Uint8Array.from(messages.flat());
  for (let step = 1; step <= bytes.length; step++) {
    const splitter = new MessageSplitter({ startsUntyped: true, streamed: "d" });
    const pieces = [];
    for (let at = 0; at < bytes.length; at += step) {
      pieces.push(...splitter.push(bytes.slice(at, at + step)));
    }
    expect(pieces.flatMap((piece) => [...piece.bytes])).toEqual([...bytes]);
    expect(pieces.filter(({ first }) => first).map(({ type }) => type)).toEqual([
      "",
      "Q",
      "d",
      "c",
    ]);
    expect(pieces.filter(({ last }) => last).length).toBe(4);
    expect(pieces.find(({ type }) => type === "Q")?.text()).toBe("A\0");
  }
});

Deno.test("proxyPostgres passes a session on, tells its steps, and cuts where it is told to", async () => {
  await using test = await ledgerDatabase();
  const heard: string[] = [];
  await using proxy = proxyPostgres(test.url, {
    onStep(step, moment) {
      heard.push(`${moment} ${step.kind}`);
      if (step.sql.includes("'cut here'") && moment === "answered") step.link.cut();
    },
  });
  await using db = await connect({ url: proxy.url, maxConnections: 1 });
  await db.query("create table public.t (n int)");
  const copy = await db.copyIn("copy public.t from stdin");
  await copy.write(new TextEncoder().encode("1\n2\n"));
  expect(await copy.finish()).toBe(2);
  expect(await db.query("select n from public.t where n > $1::int", [1])).toEqual([{ n: 2 }]);
  expect(heard.filter((what) => what.startsWith("answered")).length).toBeGreaterThan(3);
  expect(heard).toContain("sent copy_data");
  expect(heard).toContain("answered copy_done");
  // The statement takes effect, and its answer is lost.
  await expect(db.query("insert into public.t values (3) returning 'cut here'")).rejects
    .toMatchObject({
      origin: "db",
      retry: "later",
    });
  expect(await test.db.query("select count(*)::int as n from public.t")).toEqual([{ n: 3 }]);
});

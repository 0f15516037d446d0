import { expect } from "packages/expect.ts";
import { SaxesParser } from "saxes";
import { peersChart, shapesChart, ticksTo } from "../../bench/chart.ts";
import { sectionsOf, withoutLayout, withResults } from "../../bench/pages.ts";
import type { Load, PeersFile, ShapesFile } from "../../bench/results.ts";

const MACHINE = {
  date: "2026-11-30",
  cpu: "A Processor",
  cores: 2,
  memoryBytes: 24e9,
  system: "linux x86_64",
  deno: "2.9.6",
  postgres: "18.4",
  settings: {},
  busyCores: 0.1,
};

function load(seconds: number): Load {
  return {
    seconds,
    clientCpuSeconds: seconds / 2,
    serverCpuSeconds: seconds / 4,
    peakBytes: seconds * 1e7,
  };
}

function result(peer: string, setting: "default" | "best", ...seconds: readonly number[]) {
  const loads = seconds.map(load);
  return { peer, setting, version: "1.2", how: "by <hand> & foot", note: "", types: null, loads };
}

const PEERS: PeersFile = {
  machine: MACHINE,
  file: { rows: 1000, columns: 3, bytes: 12e6 },
  rounds: 3,
  results: [
    result("slow", "default", 50),
    result("psql \\copy", "default", 2, 3, 4),
    result("Sluice", "default", 1, 2, 3),
  ],
  failed: [{ peer: "broken", setting: "best", version: "0.9", why: "ended with 1: `no` | way" }],
  missing: [{ peer: "absent", install: "pip install absent==1" }],
};

const SHAPES: ShapesFile = {
  machine: { ...MACHINE, busyCores: 1.94 },
  duels: [{
    id: "month",
    title: "a month",
    against: "\\copy",
    rows: 1_000_000,
    bytes: 1,
    ours: [{ ...load(1), phases: { read: 0.5 } }, { ...load(2), phases: { read: 0.7, index: 1 } }],
    theirs: [load(2), load(3)],
  }],
};

/** Tags with their attributes, and texts; throws where it is no XML. */
function read(svg: string) {
  const tags: { name: string; attributes: Record<string, string> }[] = [];
  const texts: string[] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    tags.push({ name, attributes: attributes as Record<string, string> });
  });
  parser.on("text", (text) => void (text.trim() === "" ? 0 : texts.push(text)));
  parser.write(svg).close();
  return { tags, texts };
}

Deno.test("a chart has each tool, the fastest first, with bars as long as its seconds", () => {
  for (const theme of ["light", "dark"] as const) {
    const { tags, texts } = read(peersChart(PEERS, theme));
    const names = texts.filter((text) => /^(slow|psql|Sluice) /.test(text) || text.includes("1.2"));
    expect(names).toEqual(["Sluice 1.2", "psql \\copy 1.2", "slow 1.2"]);
    const bars = tags.filter(({ name, attributes }) =>
      name === "rect" && attributes.height === "11"
    );
    const [ours, copy, slow] = bars.map(({ attributes }) => Number(attributes.width));
    expect(ours / copy).toBeCloseTo(2 / 3, 2);
    // Cut at six times `\copy`, with a gap in it; its number says how much it is.
    expect(slow / copy).toBeCloseTo(6, 2);
    expect(tags.filter(({ name, attributes }) => name === "path" && attributes.d.endsWith("z")))
      .toHaveLength(2);
    expect(texts).toContain("50.0 s, 500 MB");
    expect(texts).toContain("2.00 s, 30 MB");
  }
});

Deno.test("a chart of shapes says how many times as fast, and draws where both are equal", () => {
  const { texts } = read(shapesChart(SHAPES, "light"));
  expect(texts).toContain("1.75×");
  expect(texts).toContain("1.50 s, psql 2.50 s");
});

Deno.test("an axis has round numbers, few of them", () => {
  expect(ticksTo(1.5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4]);
  expect(ticksTo(16)).toEqual([0, 5, 10, 15]);
  for (const most of [0.3, 0.99, 2.5, 7, 33, 160, 900]) {
    expect(ticksTo(most).length).toBeLessThanOrEqual(10);
    expect(ticksTo(most).at(-1)).toBeLessThanOrEqual(most);
  }
});

Deno.test("tables have what failed, who was absent, and that others were at work", () => {
  const sections = sectionsOf({ peers: PEERS, shapes: SHAPES });
  const peers = withoutLayout(sections.get("measured peers")!);
  expect(peers).toContain(
    "| **Sluice 1.2** | default | 2.00 | 1.50× | 1.00 | 0.50 | 30 | by <hand> & foot |",
  );
  expect(peers).toContain("| slow 1.2 | default | 50.0 | 0.04× |");
  expect(peers).toContain("- broken 0.9, best: `ended with 1: 'no' | way`");
  expect(peers).toContain("- absent was not there: `pip install absent==1`");
  expect(peers).not.toContain("at work");
  const shapes = sections.get("measured shapes")!;
  expect(shapes).toContain("others were at work meanwhile, on 1.9 cores");
  const phases = withoutLayout(sections.get("measured phases")!);
  expect(phases).toContain("| `read` | 0.60 | | `index` | 1.00 | | the whole process | 1.50 |");
});

Deno.test("a page gets its sections, and keeps the rest", () => {
  const sections = new Map([["a", "one"], ["b", "two"]]);
  const page = "# Title\n\n<!-- a -->\n\nold\n\n<!-- end of a -->\n\nkept\n";
  const written = withResults(page, sections);
  expect(written).toBe("# Title\n\n<!-- a -->\n\none\n\n<!-- end of a -->\n\nkept\n");
  expect(withResults(written, sections)).toBe(written);
  expect(() => withResults("<!-- a -->\n", sections)).toThrow("<!-- end of a -->");
});

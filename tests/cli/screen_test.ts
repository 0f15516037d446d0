import { expect } from "packages/expect.ts";
import { textWidth } from "../../src/core/text_width.ts";
import { renderDiagnostic } from "../../src/core/render_diagnostic.ts";
import { errorText } from "../../src/cli/views/error_text.ts";
import { historyText } from "../../src/cli/views/history_text.ts";
import { previewText } from "../../src/cli/views/preview_text.ts";
import { rejectsText } from "../../src/cli/views/rejects_text.ts";
import { shortIds } from "../../src/cli/views/run_id.ts";
import { runText } from "../../src/cli/views/run_text.ts";
import { fit, screenFor, wrap } from "../../src/cli/views/screen.ts";
import { findingsText, standingsText } from "../../src/cli/views/status_text.ts";
import { renderTable, type TableColumn } from "../../src/cli/views/table.ts";
import { capture, partitionResult, plain, runResult, terminal } from "./support.ts";

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? 1 + Math.floor(Math.random() * 2_147_483_645));

/** What takes one column, two, and none. */
const LETTERS = ["a", "é", "東", "京", "🚕", "👩‍👩‍👧", "e\u0301", "-", " ", "."];

let seed = SEED;
const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
const word = (most: number) =>
  Array.from({ length: random(most + 1) }, () => LETTERS[random(LETTERS.length)]).join("").trim();

Deno.test(`renderTable stays within the terminal, and cuts no number (SLUICE_SEED=${SEED})`, () => {
  for (let round = 0; round < 300; round++) {
    const columns: TableColumn[] = Array.from({ length: 1 + random(8) }, (_, at) => ({
      title: `c${at}`,
      ...([{ cut: "end" as const }, { cut: "start" as const }, { drop: at }, {
        align: "right" as const,
      }][random(4)]),
    }));
    const isNumber = columns.map(({ cut }) => cut === undefined);
    const rows = Array.from(
      { length: random(4) },
      () => columns.map((_, at) => isNumber[at] ? String(random(1e6)) : word(60)),
    );
    const width = 20 + random(110);
    const text = renderTable(columns, rows, terminal(width));
    for (const line of text.split("\n")) {
      expect([round, line, textWidth(line) <= width]).toEqual([round, line, true]);
    }
    for (const row of rows) {
      for (const [at, cell] of row.entries()) {
        // Cut, it would be another number. It is there, or its column is left out.
        if (isNumber[at] && columns[at].drop === undefined) expect(text).toContain(cell);
      }
    }
    // Elsewhere than on a terminal, and with --verbose, all is there.
    const verbose = terminal(width, { verbose: true });
    for (const whole of [renderTable(columns, rows, plain), renderTable(columns, rows, verbose)]) {
      for (const cell of rows.flat()) expect(whole).toContain(cell);
    }
  }
});

Deno.test(`wrap loses nothing, and fit cuts to the column (SLUICE_SEED=${SEED})`, () => {
  for (let round = 0; round < 300; round++) {
    const text = Array.from({ length: 1 + random(30) }, () => word(14)).join(" ");
    const width = 30 + random(60);
    const lines = wrap(text, width, 4).split("\n");
    for (const [at, line] of lines.entries()) {
      expect(textWidth(line)).toBeLessThanOrEqual(at === 0 ? width - 4 : width);
    }
    // The package puts letters and accents together.
    const letters = (text: string) => text.normalize().replace(/\s+/g, "");
    expect(letters(lines.join(""))).toBe(letters(text));
    expect(wrap(text, Infinity)).toBe(text);
    const cut = fit(text, width);
    expect(textWidth(cut)).toBeLessThanOrEqual(width);
    expect(cut === text).toBe(textWidth(text) <= width);
    expect(fit(text, Infinity)).toBe(text);
  }
});

const RUN_IDS = ["0b8f6f0e-1000-4000-8000-000000000001", "0b8f6f0e-2000-4000-8000-000000000001"];
const LONG = "東京タワーの高さは三百三十三メートルです".repeat(4);
const VERSION = {
  partition: "2021-01",
  version: 2,
  state: "live" as const,
  rows: 1_369_765,
  bytes: 812_345_678,
  source_url: `/home/someone/project/data/${"deep/".repeat(12)}yellow_tripdata_2021-01.csv.gz`,
  sha256: "aa",
  run_id: RUN_IDS[0],
  published_at: "2026-01-31T12:00:00.123Z",
  changes: null,
};
const HISTORY_RUN = {
  run_id: RUN_IDS[1],
  status: "refused" as const,
  started_at: "2026-01-31T12:00:00.123Z",
  seconds: 12.34,
  rows_read: 1_369_765,
  rows_loaded: 0,
  rows_rejected: 400_000,
  error: { code: "a/b", message: `Too many: ${LONG}`, retry: "never" as const },
};
const ERROR = {
  code: "rows/too_many_rejects",
  message: `41 of 100 rows of ${LONG} were rejected; rejects.limit is 1%`,
  retry: "never" as const,
  hint: "Correct the file or the columns, or raise the limit ".repeat(4),
  details: { rejected: 41, read: 100, staging: "shop.orders__all__v1" },
};

/** Each view, of what is too wide for a terminal. */
const VIEWS: Readonly<Record<string, (screen: typeof plain) => string>> = {
  run: (screen) =>
    runText(
      runResult([
        partitionResult({ partition: "a partition with a very long name, longer than most" }),
        partitionResult({
          status: "unchanged",
          reason: `unchanged since version 1 of ${LONG}`,
          rows_read: 123_456_789,
          rows_duplicate: 12_345_678,
          rows_discarded: 12_345_678,
        }),
      ]),
      "pipelines/trips.yaml",
      screen,
    ),
  history: (screen) => historyText("t", { versions: [VERSION], runs: [HISTORY_RUN] }, screen),
  rejects: (screen) =>
    rejectsText({
      pipeline: "t",
      rejects: {
        run_id: RUN_IDS[0],
        total: 1,
        groups: [{ column: LONG, code: "invalid_timestamp", count: 1, example: LONG }],
        rows: [{
          partition: null,
          source_url: VERSION.source_url,
          line: 812,
          byte_offset: 96_311,
          column: "fare",
          code: "invalid_number",
          message: `"${LONG}" is not a number`,
          raw: LONG.repeat(5),
        }],
      },
    }, screen),
  preview: (screen) =>
    previewText(
      {
        columns: Array.from({ length: 18 }, (_, at) => ({
          name: `column_${at}`,
          type: at % 2 === 0 ? "text" : "integer",
        })),
        rows: [Array.from({ length: 18 }, (_, at) => at % 2 === 0 ? LONG : "123456789")],
        rejects: [{ line: 7, column: "a", code: "x", message: LONG }],
      } as unknown as Parameters<typeof previewText>[0],
      screen,
    ),
  status: (screen) =>
    standingsText(
      [{
        pipeline: "a_pipeline_with_a_name_that_goes_on_and_on_and_on",
        file: "a.yaml",
        target: "s.t",
        partitions: 36,
        version: null,
        rows: 1_369_765_000,
        published_at: "2026-01-31T12:00:00.123Z",
        last: { ...HISTORY_RUN, ended_at: null },
        next: "2026-02-01T06:00:00Z",
      }] as unknown as Parameters<typeof standingsText>[0],
      new Date("2026-01-31T13:00:00Z"),
      screen,
    ),
  doctor: (screen) =>
    findingsText([{ name: "grants", status: "bad", message: LONG, hint: LONG }], screen),
  error: (screen) => errorText(ERROR, screen, { where: `trips, partition ${LONG}` }),
};

for (const [name, view] of Object.entries(VIEWS)) {
  Deno.test(`the view of ${name} fits terminals of 40 to 140 columns`, () => {
    for (const width of [40, 60, 80, 100, 120, 140]) {
      for (const line of view(terminal(width)).split("\n")) {
        // A command is not broken: it is there to be copied.
        if (line.startsWith("  sluice ")) continue;
        expect([width, line, textWidth(line) <= width]).toEqual([width, line, true]);
      }
    }
    // A file has all of it.
    if (name !== "preview" && name !== "rejects") expect(view(plain)).not.toContain("…");
  });
}

Deno.test("the caret of a diagnostic stands under its place in every terminal", () => {
  const source = `columns: { ${"東京: text, ".repeat(8)}price: numbric, ${"x: text, ".repeat(20)}}`;
  const column = source.indexOf("numbric") + 1;
  const place = (offset: number) => ({ line: 7, column: column + offset, offset: 0 });
  for (const width of [40, 60, 80, 120, 160, Infinity]) {
    const text = renderDiagnostic(
      {
        code: "spec/unknown_type",
        severity: "error",
        message: "No",
        file: "a.yaml",
        start: place(0),
        end: place(7),
        source,
      },
      (text) => text,
      width,
    );
    const [, , shown, carets] = text.split("\n");
    expect(textWidth(shown)).toBeLessThanOrEqual(width);
    const before = shown.slice(0, shown.indexOf("numbric"));
    expect(carets.slice(3)).toBe(`${" ".repeat(textWidth(before) - 3)}^^^^^^^`);
  }
});

Deno.test("errorText does not repeat what the message says, and names what it does not", () => {
  const text = errorText(ERROR, plain);
  expect(text).not.toMatch(/rejected +41|read +100/);
  expect(text).toContain("staging  shop.orders__all__v1");
  const message = "4 of 100 rows were rejected";
  expect(errorText({ ...ERROR, message, details: { read: 10 } }, plain)).toContain("read  10\n");
});

Deno.test("ids that are shown together are long enough to tell them apart", () => {
  expect(RUN_IDS.map(shortIds(RUN_IDS, plain))).toEqual(["0b8f6f0e-1", "0b8f6f0e-2"]);
  expect(shortIds([RUN_IDS[0]], plain)(RUN_IDS[0])).toBe("0b8f6f0e");
  expect(shortIds(RUN_IDS, terminal(80, { verbose: true }))(RUN_IDS[0])).toBe(RUN_IDS[0]);
});

Deno.test("paths are shown as the user would type them", () => {
  const screen = screenFor(capture(), "/home/ann/shop");
  const paths: [string, string][] = [
    ["/home/ann/shop/data/a.csv", "data/a.csv"],
    ["/home/ann/other/a.csv", "../other/a.csv"],
    ["/srv/a.csv", "/srv/a.csv"],
    ["/home/ann/shop", "/home/ann/shop"],
    ["https://example.com/home/ann/shop/a.csv", "https://example.com/home/ann/shop/a.csv"],
    ["data/a.csv", "data/a.csv"],
  ];
  for (const [path, shown] of paths) expect(screen.path(path)).toBe(shown);
  const texts: [string, string][] = [
    ['There is no file "/home/ann/shop/data/a.csv"', 'There is no file "data/a.csv"'],
    ["/home/ann/shop/a.csv, (/home/ann/shop/b.csv)", "a.csv, (b.csv)"],
    ["file:///home/ann/shop/a.csv", "file:///home/ann/shop/a.csv"],
    ["/mnt/home/ann/shop/a.csv", "/mnt/home/ann/shop/a.csv"],
    ["/home/ann/shopping/a.csv", "/home/ann/shopping/a.csv"],
    ["the folder /home/ann/shop", "the folder /home/ann/shop"],
  ];
  for (const [text, shown] of texts) expect(screen.text(text)).toBe(shown);
  const verbose = screenFor(capture(), "/home/ann/shop", true);
  for (const [text] of [...paths, ...texts]) {
    expect([verbose.path(text), verbose.text(text)]).toEqual([text, text]);
  }
  expect(screenFor(capture(), "/").text("/etc/passwd")).toBe("/etc/passwd");
});

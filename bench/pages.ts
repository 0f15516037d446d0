import { formatPlural } from "../src/core/format_text.ts";
import { peersChart, shapesChart, type Theme } from "./chart.ts";
import {
  fileLine,
  machineLine,
  monthSentence,
  peersTable,
  phasesTable,
  shapesTable,
} from "./report.ts";
import type { PeersFile, ShapesFile } from "./results.ts";

/** All that was measured, as it is committed. */
export interface Results {
  readonly peers: PeersFile;
  readonly shapes: ShapesFile;
}

const THEMES: readonly Theme[] = ["light", "dark"];

/** What `bench/results/` holds. */
export function readResults(): Results {
  const read = (name: string) =>
    JSON.parse(Deno.readTextFileSync(new URL(`./results/${name}.json`, import.meta.url)));
  return { peers: read("peers"), shapes: read("shapes") };
}

/** The charts, by their paths in the project. */
export function chartsOf({ peers, shapes }: Results): ReadonlyMap<string, string> {
  return new Map(THEMES.flatMap((theme) => [
    [`docs/performance/peers-${theme}.svg`, peersChart(peers, theme)],
    [`docs/performance/shapes-${theme}.svg`, shapesChart(shapes, theme)],
  ]));
}

/** What stands between `<!-- NAME -->` and `<!-- end of NAME -->`, on whatever page. */
export function sectionsOf({ peers, shapes }: Results): ReadonlyMap<string, string> {
  const section = (lines: readonly string[]) => lines.join("\n");
  return new Map([
    ["measured month", monthSentence(shapes)],
    [
      "measured peers",
      section([
        `${fileLine(peers.file)}; ${machineLine(peers.machine)}; medians of ${
          formatPlural(peers.rounds, "round")
        }.`,
        "",
        ...peersTable(peers),
      ]),
    ],
    ["measured shapes", section([`${machineLine(shapes.machine)}.`, "", ...shapesTable(shapes)])],
    ["measured phases", section(phasesTable(shapes))],
  ]);
}

/**
 * A page with its sections as the results have them.
 *
 * @throws Error where a section does not end
 */
export function withResults(page: string, sections: ReadonlyMap<string, string>): string {
  for (const [name, text] of sections) {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
    const from = page.indexOf(begin);
    if (from === -1) continue;
    const to = page.indexOf(end);
    if (to < from) throw new Error(`"${begin}" has no "${end}" behind it`);
    page = `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
  }
  return page;
}

/** Text as `deno fmt` may break it into lines and pad it: for comparing. */
export function withoutLayout(text: string): string {
  return text.replace(/-{3,}/g, "---").replace(/\s+/g, " ").trim();
}

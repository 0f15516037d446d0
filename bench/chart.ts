import { formatCount } from "../src/core/format_text.ts";
import { copyOf, fileLine } from "./report.ts";
import { type DuelResult, type PeersFile, type ShapesFile, speedup, summarize } from "./results.ts";

/** As the reader's system is. */
export type Theme = "light" | "dark";

interface Colours {
  readonly page: string;
  readonly line: string;
  readonly text: string;
  readonly muted: string;
  readonly ours: string;
  readonly others: string;
  readonly client: string;
  readonly server: string;
}

const COLOURS: Readonly<Record<Theme, Colours>> = {
  light: {
    page: "#ffffff",
    line: "#d1d9e0",
    text: "#1f2328",
    muted: "#59636e",
    ours: "#0969da",
    others: "#8c959f",
    client: "#c2570c",
    server: "#0f8a80",
  },
  dark: {
    page: "#0d1117",
    line: "#3d444d",
    text: "#f0f6fc",
    muted: "#9198a1",
    ours: "#4493f8",
    others: "#6e7681",
    client: "#f0883e",
    server: "#39c5bb",
  },
};

const WIDTH = 860;
/** How long the longest bar is. */
const BARS = 400;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

/**
 * Tools by seconds, the fastest first: a bar of wall time, and a thin one of the CPU time on both
 * sides. Bars longer than six times that of `\copy` are cut; their numbers stand beside them.
 */
export function peersChart(file: PeersFile, theme: Theme): string {
  const colours = COLOURS[theme];
  const rows = file.results
    .map((result) => ({ result, sum: summarize(result.loads) }))
    .toSorted((a, b) => a.sum.seconds - b.sum.seconds);
  const slowest = rows.at(-1)!.sum.seconds;
  const most = Math.min(slowest, 6 * summarize(copyOf(file).loads).seconds);
  const scale = BARS / most;
  const height = 36;
  const top = 92;
  const bottom = top + rows.length * height;
  const drawing = new Drawing(colours, bottom + 34, 240);
  drawing.title(`${fileLine(file.file)}, into Postgres: seconds, less is better`);
  drawing.legend([
    [colours.ours, "wall time, Sluice"],
    [colours.others, "others"],
    [colours.client, "CPU of the client"],
    [colours.server, "CPU of Postgres"],
  ]);
  drawing.axis(ticksTo(most), scale, top, bottom, (value) => `${value} s`);
  rows.forEach(({ result, sum }, at) => {
    const y = top + at * height;
    const isOurs = result.peer === "Sluice";
    drawing.label(`${result.peer} ${result.version}`, result.setting, y + 14, isOurs);
    const wall = isOurs ? colours.ours : colours.others;
    const end = drawing.bars([[sum.seconds, wall]], most, scale, y + 5, 11);
    const cpu = [
      [sum.clientCpuSeconds ?? 0, colours.client],
      [sum.serverCpuSeconds ?? 0, colours.server],
    ] as const;
    const cpuEnd = drawing.bars(cpu, most, scale, y + 19, 6);
    const peak = sum.peakBytes === null ? "" : `, ${Math.round(sum.peakBytes / 1e6)} MB`;
    const text = `${digits(sum.seconds)} s${peak}`;
    drawing.text(text, Math.max(end, cpuEnd) + 8, y + 19, colours.text, { bold: isOurs });
  });
  return drawing.svg();
}

/** Kinds of work by how many times as fast as psql Sluice was, with a line where both are equal. */
export function shapesChart({ duels }: ShapesFile, theme: Theme): string {
  const colours = COLOURS[theme];
  const ratios = duels.map(({ ours, theirs }) => speedup(ours, theirs));
  const most = Math.max(...ratios, 1.5);
  const scale = BARS / most;
  const height = 32;
  const top = 92;
  const bottom = top + duels.length * height;
  const drawing = new Drawing(colours, bottom + 34, 320);
  drawing.title("Sluice against psql: times as fast, more is better");
  drawing.legend([[colours.ours, "Sluice, every field checked"], [
    colours.text,
    "1×: as fast as psql",
  ]]);
  drawing.axis(ticksTo(most), scale, top, bottom, (value) => `${value}×`);
  duels.forEach((duel, at) => {
    const y = top + at * height;
    drawing.label(duel.title, against(duel), y + 13, false);
    const end = drawing.bars([[ratios[at], colours.ours]], most, scale, y + 6, 14);
    const [own, other] = [summarize(duel.ours), summarize(duel.theirs)];
    drawing.text(`${ratios[at].toFixed(2)}×`, end + 8, y + 14, colours.text, { bold: true });
    drawing.text(
      `${digits(own.seconds)} s, psql ${digits(other.seconds)} s`,
      end + 8,
      y + 26,
      colours.muted,
      { size: 10 },
    );
  });
  drawing.line(drawing.left + scale, top - 4, drawing.left + scale, bottom, colours.text);
  return drawing.svg();
}

function against({ rows, against }: DuelResult): string {
  const text = `${formatCount(rows)} rows; ${against}`;
  return text.length > 48 ? `${text.slice(0, 47)}…` : text;
}

/** Round numbers from 0 to the most, not more than eight. */
export function ticksTo(most: number): number[] {
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].find((each) => most / each < 8) ?? most;
  return Array.from(
    { length: Math.floor(most / step) + 1 },
    (_, at) => Math.round(at * step * 10) / 10,
  );
}

function digits(seconds: number): string {
  return seconds.toFixed(seconds < 10 ? 2 : 1);
}

/** An SVG that grows line by line. */
class Drawing {
  readonly #parts: string[] = [];
  readonly #height: number;

  /** @param left where bars begin */
  constructor(readonly colours: Colours, height: number, readonly left: number) {
    this.#height = height;
  }

  title(text: string): void {
    this.text(text, 20, 32, this.colours.text, { size: 16, bold: true });
  }

  legend(entries: readonly (readonly [colour: string, text: string])[]): void {
    let x = 20;
    for (const [colour, text] of entries) {
      this.#rect(x, 48, 10, 10, colour);
      this.text(text, x + 16, 57, this.colours.muted, { size: 12 });
      x += 34 + text.length * 6.6;
    }
  }

  axis(
    ticks: readonly number[],
    scale: number,
    top: number,
    bottom: number,
    say: (value: number) => string,
  ): void {
    for (const tick of ticks) {
      const x = this.left + tick * scale;
      this.line(x, top - 4, x, bottom, this.colours.line);
      this.text(say(tick), x, bottom + 18, this.colours.muted, { size: 11, anchor: "middle" });
    }
  }

  /** Two lines at the left: what it is, and how. */
  label(name: string, how: string, y: number, isOurs: boolean): void {
    const right = { anchor: "end" } as const;
    this.text(name, this.left - 12, y, this.colours.text, { ...right, size: 12, bold: isOurs });
    this.text(how, this.left - 12, y + 12, this.colours.muted, { ...right, size: 10 });
  }

  /** One after the other, cut with a gap where they are longer than the most; returns their end. */
  bars(
    values: readonly (readonly [value: number, colour: string])[],
    most: number,
    scale: number,
    y: number,
    height: number,
  ): number {
    let from = 0;
    for (const [value, colour] of values) {
      const to = Math.min(from + value, most);
      if (to > from) this.#rect(this.left + from * scale, y, (to - from) * scale, height, colour);
      from += value;
    }
    const end = this.left + Math.min(from, most) * scale;
    if (from > most * 1.001) {
      const gap = `M${number(end - 22)} ${y + height + 1} l6 ${-(height + 2)} h4 l-6 ${
        height + 2
      } z`;
      this.#parts.push(`<path d="${gap}" fill="${this.colours.page}"/>`);
    }
    return end;
  }

  line(x1: number, y1: number, x2: number, y2: number, colour: string): void {
    const [a, b, c, d] = [x1, y1, x2, y2].map(number);
    this.#parts.push(`<path d="M${a} ${b} L${c} ${d}" stroke="${colour}" fill="none"/>`);
  }

  text(
    text: string,
    x: number,
    y: number,
    colour: string,
    style: {
      readonly size?: number;
      readonly bold?: boolean;
      readonly anchor?: "middle" | "end";
    } = {},
  ): void {
    const anchor = style.anchor === undefined ? "" : ` text-anchor="${style.anchor}"`;
    // Lines of the axis stop before it.
    const halo = `stroke="${this.colours.page}" stroke-width="4" paint-order="stroke"`;
    const weight = style.bold === true ? ' font-weight="600"' : "";
    this.#parts.push(
      `<text x="${number(x)}" y="${number(y)}" font-size="${style.size ?? 12}"${weight}${anchor} ` +
        `fill="${colour}" ${halo}>${escape(text)}</text>`,
    );
  }

  #rect(x: number, y: number, width: number, height: number, colour: string): void {
    const [a, b] = [number(x), number(width)];
    this.#parts.push(
      `<rect x="${a}" y="${y}" width="${b}" height="${height}" rx="1" fill="${colour}"/>`,
    );
  }

  svg(): string {
    const { page, line } = this.colours;
    const size = `width="${WIDTH}" height="${this.#height}"`;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${WIDTH} ${this.#height}" ` +
      `font-family="${FONT}" role="img">`,
      `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${this.#height - 1}" rx="6" ` +
      `fill="${page}" stroke="${line}"/>`,
      ...this.#parts,
      "</svg>\n",
    ].join("\n");
  }
}

/** Two digits behind the point are enough for a pixel. */
function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

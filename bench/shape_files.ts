import { type Random, seededRandom } from "../fixtures/random.ts";

/** A kind of file, to see what the shape of the rows does to the speed. */
export interface Shape {
  /** Part of names of files and tables. */
  readonly id: string;
  readonly title: string;
  readonly rows: number;
  readonly columns: readonly ShapeColumn[];
}

/** A column of such a file. */
export interface ShapeColumn {
  readonly name: string;
  readonly type: string;
  /** The field as the file has it, with its quotes. */
  field(row: number, random: Random): string;
}

const WORDS = (
  "credit cash airport bridge tunnel evening morning standard negotiated group shared transfer " +
  "uptown downtown harbour station terminal meter voucher receipt"
).split(" ");

function words(random: Random, count: number): string {
  return Array.from({ length: count }, () => WORDS[random.below(WORDS.length)]).join(" ");
}

function hex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => random.below(16).toString(16)).join("");
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function time(random: Random): string {
  const [day, hour] = [1 + random.below(28), random.below(24)].map(twoDigits);
  const [minute, second] = [random.below(60), random.below(60)].map(twoDigits);
  return `2021-${twoDigits(1 + random.below(12))}-${day} ${hour}:${minute}:${second}`;
}

const FIELDS = {
  bigint: (row: number) => String(1_000_000_000 + row),
  integer: (_row: number, random: Random) => String(random.below(1_000_000)),
  "double precision": (_row: number, random: Random) => (random.below(1_000_000) / 100).toString(),
  "numeric(12,2)": (_row: number, random: Random) => (random.below(100_000_000) / 100).toFixed(2),
  timestamp: (_row: number, random: Random) => time(random),
  timestamptz: (_row: number, random: Random) => `${time(random)}Z`,
  text: (_row: number, random: Random) => words(random, 2),
  boolean: (_row: number, random: Random) => random.chance(0.5) ? "true" : "false",
  uuid: (_row: number, random: Random) =>
    [8, 4, 4, 4, 12].map((digits) => hex(random, digits)).join("-"),
  jsonb: (row: number, random: Random) => {
    const value = {
      id: row,
      zone: WORDS[random.below(WORDS.length)],
      fare: random.below(9999) / 100,
    };
    return `"${JSON.stringify(value).replaceAll('"', '""')}"`;
  },
} as const;

function column(name: string, type: keyof typeof FIELDS): ShapeColumn {
  return { name, type, field: FIELDS[type] };
}

function several(count: number, name: string, type: keyof typeof FIELDS): ShapeColumn[] {
  return Array.from({ length: count }, (_, at) => column(`${name}_${at + 1}`, type));
}

/** Every third text has quotes of its own, doubled. */
function quoted(name: string): ShapeColumn {
  return {
    name,
    type: "text",
    field: (row, random) => `"${words(random, 2)}${row % 3 === 0 ? ' ""so"", they say' : ""}"`,
  };
}

const MIXED = ["integer", "double precision", "text", "timestamp"] as const;

/** What users load besides trips. */
export const SHAPES: readonly Shape[] = [
  {
    id: "narrow",
    title: "4 columns: bigint, timestamp, double, integer",
    rows: 4_000_000,
    columns: [
      column("id", "bigint"),
      column("at", "timestamp"),
      column("value", "double precision"),
      column("count", "integer"),
    ],
  },
  {
    id: "wide",
    title: "200 columns: integer, double, text, timestamp",
    rows: 100_000,
    columns: Array.from({ length: 200 }, (_, at) => column(`c${at + 1}`, MIXED[at % 4])),
  },
  {
    id: "quoted",
    title: "bigint and 6 quoted texts",
    rows: 1_000_000,
    columns: [
      column("id", "bigint"),
      ...Array.from({ length: 6 }, (_, at) => quoted(`text_${at + 1}`)),
    ],
  },
  {
    id: "texts",
    title: "bigint and 6 plain texts",
    rows: 1_000_000,
    columns: [column("id", "bigint"), ...several(6, "text", "text")],
  },
  {
    id: "numeric",
    title: "bigint and 8 × numeric(12,2)",
    rows: 1_000_000,
    columns: [column("id", "bigint"), ...several(8, "amount", "numeric(12,2)")],
  },
  {
    id: "json",
    title: "bigint, jsonb, uuid, timestamptz, boolean",
    rows: 600_000,
    columns: [
      column("id", "bigint"),
      column("body", "jsonb"),
      column("key", "uuid"),
      column("at", "timestamptz"),
      column("flag", "boolean"),
    ],
  },
];

/** Writes the file of a shape, the same on every machine; leaves alone what is there. */
export async function writeShape(folder: string, shape: Shape, rows: number): Promise<string> {
  const path = `${folder}/${shape.id}_${rows}.csv`;
  await writeLines(path, linesOf(shape, rows));
  return path;
}

function* linesOf({ id, columns }: Shape, rows: number): Iterable<string> {
  const random = seededRandom(id.length * 7919);
  yield columns.map(({ name }) => name).join(",");
  for (let row = 0; row < rows; row++) {
    yield columns.map(({ field }) => field(row, random)).join(",");
  }
}

/** A file is there whole or not at all: a run that was cut short leaves only a `.part`. */
export async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  if (await Deno.stat(path).then(() => true, () => false)) return;
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  const encoder = new TextEncoder();
  const file = await Deno.open(`${path}.part`, { create: true, write: true, truncate: true });
  const writer = file.writable.getWriter();
  let buffer: string[] = [];
  for (const line of lines) {
    if (buffer.push(line) < 20_000) continue;
    await writer.write(encoder.encode(`${buffer.join("\n")}\n`));
    buffer = [];
  }
  if (buffer.length > 0) await writer.write(encoder.encode(`${buffer.join("\n")}\n`));
  await writer.close();
  await Deno.rename(`${path}.part`, path);
}

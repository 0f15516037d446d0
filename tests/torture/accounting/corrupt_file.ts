/** A file with faults, and the same file for a reader that does not know all of them. */
export interface CorruptFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Records whose quotes do not match, and those of several lines that have too few or too many
   * fields, are lines of one field of as many bytes here: each of their lines is a record of its own
   * and malformed, and csv-parse has its own idea of how they go on.
   */
  readonly forOracle: Uint8Array<ArrayBuffer>;
  /** How often each kind of fault was made. */
  readonly faults: Readonly<Record<string, number>>;
}

/** The share of rows that something happens to. */
const FAULTY = 0.08;

type Random = () => number;

/** A row in texts that have one character for each byte. */
interface Row {
  fields: string[];
  lineEnd: string;
}

/** What can happen to a row, by name; each changes it in place. */
const FAULTS: Readonly<Record<string, (row: Row, random: Random, earlier: Row) => void>> = {
  field_lost: ({ fields }, random) => void fields.splice(below(random, fields.length), 1),
  field_added: ({ fields }, random) => void fields.splice(below(random, fields.length), 0, "extra"),
  delimiter_in_text: ({ fields }) => void (fields[6] = "one, two"),
  cut: (row, random) => void row.fields.splice(1 + below(random, row.fields.length - 1)),
  emptied: ({ fields }, random) => void (fields[below(random, fields.length)] = ""),
  quoted_empty: ({ fields }, random) => void (fields[below(random, fields.length)] = '""'),
  word: ({ fields }, random) => void (fields[below(random, fields.length)] = pick(random, WORDS)),
  swapped({ fields }, random) {
    const [a, b] = [below(random, fields.length), below(random, fields.length)];
    [fields[a], fields[b]] = [fields[b], fields[a]];
  },
  not_utf8: inside((random) => pick(random, [0x80, 0xc3, 0xff, 0xe9, 0xed])),
  nul: inside(() => 0),
  digit: inside((random) => 48 + below(random, 10)),
  letter: inside((random) => 65 + below(random, 26)),
  sign: inside((random) => "+-. e:;'\t\\".charCodeAt(below(random, 10))),
  number({ fields }, random) {
    const column = pick(random, [0, 2, 3, 4]);
    fields[column] = pick(random, NUMBERS);
  },
  date: ({ fields }, random) => void (fields[1] = pick(random, DATES)),
  long_text: ({ fields }, random) => void (fields[6] = utf8("é").repeat(19 + below(random, 4))),
  repeated_key({ fields }, random, earlier) {
    // The same value, written otherwise.
    fields[0] = pick(random, ["+", "00", " "]) + earlier.fields[0];
    fields[1] = earlier.fields[1];
  },
  repeated_row: (row, _random, earlier) => void (row.fields = [...earlier.fields]),
  carriage_return: (row) => void (row.lineEnd = "\r\n"),
  empty_line: (row) => void (row.lineEnd = "\n\r\n\n"),
  quotes_unbalanced: ({ fields }, random) =>
    void (fields[6] = pick(random, ['"note"x', '"two\nlines" ', '"a"b"c"'])),
};

const WORDS = [
  "NULL",
  "null",
  "N/A",
  "\\N",
  "-",
  "?",
  "true",
  "NaN",
  "Infinity",
  " ",
  "=1+1",
  "1e5",
];
const NUMBERS = [
  "32767",
  "32768",
  "-1",
  "-0",
  "2147483647",
  "2147483648",
  "99999999.994",
  "99999999.995",
  "1e-10",
  "1e400",
  "0.005",
  "1,5",
  "1.5.2",
  utf8("٣"),
];
const DATES = [
  "2021-02-29 10:00:00",
  "2020-02-29 10:00:00",
  "2021-13-01 10:00:00",
  "2021-01-01 24:00:00",
  "2021-01-01 24:00:01",
  "2021-01-01 10:61:00",
  "01/02/2021 10:00",
  "yesterday at noon",
  "infinity",
];

export const FIELDS = ["id", "at", "amount", "zone", "distance", "flag", "note", "code"] as const;

/** Makes a file of good rows, and then lets things happen to some of them. */
export function corruptFile(random: Random, rows: number): CorruptFile {
  const header = `${FIELDS.join(",")}\n`;
  let text = header;
  let forOracle = header;
  const faults: Record<string, number> = {};
  const names = Object.keys(FAULTS);
  let earlier = goodRow(random, 0);
  for (let id = 1; id <= rows; id++) {
    const row = goodRow(random, id);
    let unbalanced = false;
    if (random() < FAULTY) {
      const name = pick(random, names);
      FAULTS[name](row, random, earlier);
      faults[name] = (faults[name] ?? 0) + 1;
      unbalanced = name === "quotes_unbalanced";
    } else if (random() < 0.1) earlier = row;
    const record = row.fields.join(",");
    text += record + row.lineEnd;
    const width = record.replace(/"[^"]*"/g, "").split(",").length;
    const isMalformed = unbalanced || record.includes("\n") && width !== FIELDS.length;
    forOracle += (isMalformed ? record.replace(/[^\n]/g, "x") : record) + row.lineEnd;
  }
  return { bytes: bytesOf(text), forOracle: bytesOf(forOracle), faults };
}

function goodRow(random: Random, id: number): Row {
  const day = String(1 + below(random, 28)).padStart(2, "0");
  const second = String(below(random, 60)).padStart(2, "0");
  const note = random() < 0.2 ? pick(random, NOTES) : `note ${below(random, 1000)}`;
  return {
    fields: [
      String(id),
      `2021-01-${day} 10:20:${second}`,
      (random() * 1000).toFixed(2),
      String(1 + below(random, 265)),
      random() < 0.1 ? "" : (random() * 20).toFixed(below(random, 4)),
      pick(random, ["Y", "N", ""]),
      note,
      pick(random, ["A1", "B22", "C"]),
    ],
    lineEnd: "\n",
  };
}

const NOTES = [
  "",
  '""',
  '"with, comma"',
  '"two\nlines"',
  '"a ""quote"""',
  '5" disk',
  "é日本😀",
  " x ",
];

/** Puts a byte into a field, or in place of one of its bytes. */
function inside(byte: (random: Random) => number): (row: Row, random: Random) => void {
  return ({ fields }, random) => {
    const which = below(random, fields.length);
    const field = fields[which];
    // What stands in quotes stays in quotes: broken ones are a fault of their own.
    if (field.startsWith('"')) return;
    const at = below(random, field.length + 1);
    const replaced = random() < 0.5 ? 1 : 0;
    fields[which] = field.slice(0, at) + String.fromCharCode(byte(random)) +
      field.slice(at + replaced);
  };
}

/** The UTF-8 of a text, one character for each byte. */
function utf8(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[below(random, from.length)];
}

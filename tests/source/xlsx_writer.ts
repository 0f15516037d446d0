import { bytesOf } from "./support.ts";
import { type ZipFile, zipOf } from "./zip_writer.ts";

/** A cell: a number, a text, a boolean, or XML of its own, where `@` stands for the cell's name. */
export type XlsxCell = null | string | number | boolean | { readonly xml: string };

export interface XlsxSheet {
  readonly name: string;
  readonly rows: readonly (readonly XlsxCell[])[];
  readonly state?: "hidden" | "veryHidden";
  readonly merges?: readonly string[];
  /** In place of `xl/worksheets/sheetN.xml`. */
  readonly part?: string;
  /** In place of the rows. */
  readonly xml?: string;
}

export interface XlsxBook {
  readonly sheets: readonly XlsxSheet[];
  /** Formats of the styles 1, 2, … */
  readonly formats?: readonly (string | number)[];
  readonly date1904?: boolean;
  /** Texts stand in the cells. */
  readonly inline?: boolean;
  /** Before each name of an element. */
  readonly prefix?: string;
  readonly zip?: Partial<ZipFile>;
  /** Parts in place of those that are made; null leaves one out. */
  readonly parts?: Readonly<Record<string, string | null>>;
  /** Order of the parts; left out: the texts last, as some programs write them. */
  readonly stringsFirst?: boolean;
  /** In place of `xl/sharedStrings.xml`. */
  readonly stringsPart?: string;
}

const TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

/** A workbook as programs write them. */
export function xlsxOf(book: XlsxBook): Uint8Array<ArrayBuffer> {
  const strings: string[] = [];
  const { prefix = "", sheets, stringsPart = "xl/sharedStrings.xml" } = book;
  const p = prefix === "" ? "" : `${prefix}:`;
  const parts: Record<string, string | null> = {
    "[Content_Types].xml": "<Types/>",
    "_rels/.rels": relations([["rId1", "officeDocument", "xl/workbook.xml"]]),
    "xl/workbook.xml": element(
      prefix,
      "workbook",
      `<${p}workbookPr${book.date1904 ? ' date1904="1"' : ""}/><${p}sheets>${
        sheets.map(({ name, state }, n) =>
          `<${p}sheet name="${escaped(name)}" sheetId="${n + 1}" r:id="rId${n + 1}"${
            state === undefined ? "" : ` state="${state}"`
          }/>`
        ).join("")
      }</${p}sheets>`,
    ),
    "xl/_rels/workbook.xml.rels": relations([
      ...sheets.map(({ part }, n): [string, string, string] => [
        `rId${n + 1}`,
        "worksheet",
        part === undefined ? `worksheets/sheet${n + 1}.xml` : `/${part}`,
      ]),
      ["rIdS", "styles", "styles.xml"],
      ["rIdT", "sharedStrings", `/${stringsPart}`],
    ]),
    "xl/styles.xml": stylesOf(prefix, book.formats ?? []),
  };
  const made = Object.fromEntries(sheets.map((sheet, n) => [
    sheet.part ?? `xl/worksheets/sheet${n + 1}.xml`,
    sheetOf(sheet, book, strings, prefix),
  ]));
  const shared = {
    [stringsPart]: element(
      prefix,
      "sst",
      strings.map((text) => `<${p}si>${text}</${p}si>`).join(""),
    ),
  };
  const all = { ...parts, ...(book.stringsFirst ? shared : {}), ...made, ...shared, ...book.parts };
  return zipOf(
    Object.entries(all).flatMap(([name, text]) =>
      text === null ? [] : [{ name, bytes: bytesOf(text), ...book.zip }]
    ),
  );
}

function sheetOf(
  { rows, merges = [], xml }: XlsxSheet,
  { inline = false }: XlsxBook,
  strings: string[],
  prefix: string,
): string {
  const p = prefix === "" ? "" : `${prefix}:`;
  const data = xml ?? rows.map((cells, r) => {
    const written = cells.map((cell, c) => cellOf(cell, `${columnName(c)}${r + 1}`, p)).join("");
    return written === "" ? "" : `<${p}row r="${r + 1}">${written}</${p}row>`;
  }).join("");
  return element(
    prefix,
    "worksheet",
    `<${p}sheetData>${data}</${p}sheetData>` +
      (merges.length === 0
        ? ""
        : `<${p}mergeCells>${
          merges.map((ref) => `<${p}mergeCell ref="${ref}"/>`).join("")
        }</${p}mergeCells>`),
  );

  function cellOf(cell: XlsxCell, name: string, p: string): string {
    if (cell === null) return "";
    if (typeof cell === "object") return cell.xml.replaceAll("@", name);
    if (typeof cell === "number") return `<${p}c r="${name}"><${p}v>${cell}</${p}v></${p}c>`;
    if (typeof cell === "boolean") {
      return `<${p}c r="${name}" t="b"><${p}v>${cell ? 1 : 0}</${p}v></${p}c>`;
    }
    const text = `<${p}t xml:space="preserve">${escaped(cell)}</${p}t>`;
    if (inline) return `<${p}c r="${name}" t="inlineStr"><${p}is>${text}</${p}is></${p}c>`;
    if (!strings.includes(text)) strings.push(text);
    return `<${p}c r="${name}" t="s"><${p}v>${strings.indexOf(text)}</${p}v></${p}c>`;
  }
}

function stylesOf(prefix: string, formats: readonly (string | number)[]): string {
  const p = prefix === "" ? "" : `${prefix}:`;
  const own = formats.map((format, n) => typeof format === "number" ? format : 164 + n);
  return element(
    prefix,
    "styleSheet",
    `<${p}numFmts>${
      formats.flatMap((format, n) =>
        typeof format === "number"
          ? []
          : [`<${p}numFmt numFmtId="${own[n]}" formatCode="${escaped(format)}"/>`]
      ).join("")
    }</${p}numFmts><${p}cellStyleXfs><${p}xf numFmtId="14"/></${p}cellStyleXfs><${p}cellXfs>${
      [0, ...own].map((id) => `<${p}xf numFmtId="${id}"/>`).join("")
    }</${p}cellXfs>`,
  );
}

function element(prefix: string, name: string, inner: string): string {
  const [p, ns] = prefix === "" ? ["", "xmlns"] : [`${prefix}:`, `xmlns:${prefix}`];
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n` +
    `<${p}${name} ${ns}="${MAIN}" xmlns:r="${TYPES}">${inner}</${p}${name}>`;
}

function relations(all: readonly (readonly [id: string, kind: string, target: string])[]): string {
  return `<Relationships>${
    all.map(([id, kind, target]) =>
      `<Relationship Id="${id}" Type="${TYPES}/${kind}" Target="${target}"/>`
    ).join("")
  }</Relationships>`;
}

export function columnName(column: number): string {
  const rest = Math.floor(column / 26);
  return (rest === 0 ? "" : columnName(rest - 1)) + String.fromCharCode(65 + column % 26);
}

/** As XML, and as Excel writes characters that XML does not have. */
function escaped(text: string): string {
  return text.replace(/_x[0-9a-fA-F]{4}_/g, "_x005F$&")
    .replace(
      /(?![\t\n])\p{Cc}/gu,
      (each) => `_x${each.charCodeAt(0).toString(16).padStart(4, "0")}_`,
    )
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

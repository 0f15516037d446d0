import type { RandomInput } from "../../random_input.ts";
import { damaged, notAvailable } from "./faults.ts";
import { SluiceError } from "../../../core/error.ts";
import { hold, partsOf } from "./parts.ts";
import { readStrings, SharedStrings } from "./shared_strings.ts";
import { type CellStyles, readStyles } from "./styles.ts";
import { attribute, readXml } from "./xml.ts";

/** What is known of a workbook before its sheet is read. */
export interface Workbook {
  readonly sheet: Sheet;
  readonly strings: SharedStrings;
  readonly styles: CellStyles;
  /** Days are counted from 1904. */
  readonly is1904: boolean;
}

/** A sheet of a workbook. */
export interface Sheet {
  readonly name: string;
  /** The part that holds it, in lower case. */
  readonly part: string;
}

interface Relation {
  readonly id: string;
  /** The last word of its type. */
  readonly kind: string;
  /** The part, in lower case. */
  readonly part: string;
}

const RELATIONS = /(^|\/)_rels\/[^/]*\.rels$/;
/** Where programs put what is needed: a part elsewhere is fetched once more. */
const USUAL = /(^|\/)(workbook\d*|styles\d*)\.xml$/;
const STRINGS = /(^|\/)sharedstrings[^/]*\.xml$/;
const isStrings = (name: string) => STRINGS.test(name);
const BINARY = /\.bin$/;

/** Reads all of a workbook but its sheets, and finds the one that is wanted. */
export async function readWorkbook(
  file: RandomInput,
  wanted: string | number | undefined,
): Promise<Workbook> {
  const { shown } = file;
  const parts = new Map<string, Uint8Array>();
  const texts = new Map<string, SharedStrings>();
  const fetch = async (wanted: (name: string) => boolean, isTexts = isStrings) => {
    for await (const { name, chunks } of partsOf(file, (each) => wanted(each.toLowerCase()))) {
      const low = name.toLowerCase();
      if (parts.has(low) || texts.has(low)) throw damaged(shown, `it has the part ${name} twice`);
      if (isTexts(low)) texts.set(low, await reading(name, () => readStrings(chunks, shown)));
      else parts.set(low, await hold(chunks, name, shown));
    }
  };
  const reading = <T>(part: string, work: () => Promise<T>) => readingPart(shown, part, work);
  const relationsOf = async (part: string): Promise<Relation[]> => {
    const at = part.lastIndexOf("/");
    const name = `${part.slice(0, at + 1)}_rels/${part.slice(at + 1)}.rels`;
    const bytes = parts.get(name);
    if (bytes === undefined) return [];
    return await reading(name, () => readRelations(bytes, part.slice(0, at + 1)));
  };
  const need = async <T>(all: ReadonlyMap<string, T>, part: string): Promise<T> => {
    const isTexts = (all as unknown) === texts;
    if (!all.has(part)) await fetch((name) => name === part, () => isTexts);
    const there = all.get(part);
    if (there === undefined) throw damaged(shown, `its part ${part} is missing`);
    return there;
  };
  await fetch((name) => RELATIONS.test(name) || USUAL.test(name) || isStrings(name));
  const root = (await relationsOf("")).find(({ kind }) => kind === "officeDocument");
  if (root === undefined) throw damaged(shown, "it does not say which part is the workbook");
  if (BINARY.test(root.part)) {
    throw notAvailable(
      shown,
      "an Excel workbook of the binary kind (.xlsb)",
      "Save it as .xlsx, or the sheet as CSV UTF-8",
    );
  }
  const book = await reading(root.part, async () => await readBook(await need(parts, root.part)));
  if (!book.isBook) {
    throw notAvailable(
      shown,
      `no workbook: its main part is ${root.part}`,
      "Save the table in it as a workbook or as CSV",
    );
  }
  const relations = await relationsOf(root.part);
  const sheet = chooseSheet(shown, book.sheets, wanted);
  const target = relations.find(({ id }) => id === sheet.id);
  if (target === undefined) {
    throw damaged(shown, `it does not say where its sheet ${JSON.stringify(sheet.name)} is`);
  }
  if (target.kind !== "worksheet") {
    throw notAvailable(
      shown,
      `a workbook whose sheet ${JSON.stringify(sheet.name)} has no cells, but a ${target.kind}`,
      "Name a sheet with cells in `sheet` under `source.format`",
    );
  }
  const partOf = (kind: string) => relations.find((each) => each.kind === kind)?.part;
  const [strings, styles] = [partOf("sharedStrings"), partOf("styles")];
  return {
    sheet: { name: sheet.name, part: target.part },
    strings: strings === undefined ? new SharedStrings() : await need(texts, strings),
    styles: styles === undefined
      ? await readStyles(null)
      : await reading(styles, async () => await readStyles(await need(parts, styles))),
    is1904: book.is1904,
  };
}

/** Whatever fails in a part is the file's fault, but for what is an error of its own. */
export async function readingPart<T>(
  shown: string,
  part: string,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SluiceError || !(error instanceof Error)) throw error;
    throw damaged(shown, `its part ${part} cannot be read: ${error.message.trim()}`);
  }
}

async function readRelations(bytes: Uint8Array, folder: string): Promise<Relation[]> {
  const found: Relation[] = [];
  await readXml(bytes, {
    open(name, attributes) {
      const { Id: id, Type: type = "", Target: target, TargetMode: mode } = attributes;
      if (name !== "Relationship" || id === undefined || target === undefined) return;
      if (mode === "External") return;
      const path = target.startsWith("/") ? target.slice(1) : folder + target;
      found.push({ id, kind: type.slice(type.lastIndexOf("/") + 1), part: plainPath(path) });
    },
  });
  return found;
}

function plainPath(path: string): string {
  const steps: string[] = [];
  for (const step of path.split("/")) {
    if (step === "..") steps.pop();
    else if (step !== "." && step !== "") steps.push(step);
  }
  return steps.join("/").toLowerCase();
}

interface BookSheet {
  readonly name: string;
  readonly id: string;
  readonly isHidden: boolean;
}

async function readBook(bytes: Uint8Array) {
  const sheets: BookSheet[] = [];
  let is1904 = false;
  let isBook = false;
  await readXml(bytes, {
    open(name, attributes) {
      isBook ||= name === "workbook";
      if (name === "workbookPr") is1904 = /^(1|true)$/.test(attributes.date1904 ?? "");
      if (name !== "sheet") return;
      sheets.push({
        name: attributes.name ?? "",
        id: attribute(attributes, "id") ?? "",
        isHidden: /hidden$/i.test(attributes.state ?? ""),
      });
    },
  });
  return { sheets, is1904, isBook };
}

function chooseSheet(
  shown: string,
  sheets: readonly BookSheet[],
  wanted: string | number | undefined,
): BookSheet {
  const found = wanted === undefined
    ? sheets.find(({ isHidden }) => !isHidden)
    : typeof wanted === "number"
    ? sheets[wanted - 1]
    : sheets.find(({ name }) => name === wanted) ??
      // Excel takes no two names that differ in case only.
      sheets.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  if (found !== undefined) return found;
  const what = wanted === undefined
    ? "no sheet that is not hidden"
    : typeof wanted === "number"
    ? `no sheet ${wanted}`
    : `no sheet ${JSON.stringify(wanted)}`;
  const names = sheets.slice(0, 20)
    .map(({ name, isHidden }) => JSON.stringify(name) + (isHidden ? " (hidden)" : "")).join(", ");
  throw new SluiceError("source/no_sheet", `"${shown}" has ${what}`, {
    hint: `Its sheets are ${names || "none"}: name one as \`sheet\` under \`source.format\``,
  });
}

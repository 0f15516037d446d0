import { readXml } from "./xml.ts";

/** What a number is shown as. */
export type NumberKind = "number" | "date" | "datetime" | "time" | "duration";

/** The kind of each style of cells. */
export interface CellStyles {
  kindOf(style: number): NumberKind;
}

/** Formats that every program knows by their number, of all languages. */
const KNOWN = new Map<number, NumberKind>([
  ...[14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58]
    .map((id) => [id, "date"] as const),
  [22, "datetime"],
  ...[18, 19, 20, 21, 32, 33, 34, 35, 45, 47, 55, 56].map((id) => [id, "time"] as const),
  [46, "duration"],
]);

/** Reads the styles of a workbook; null: it has none. */
export async function readStyles(bytes: Uint8Array | null): Promise<CellStyles> {
  const formats = new Map<number, string>();
  const kinds: NumberKind[] = [];
  let isCellStyle = false;
  if (bytes !== null) {
    await readXml(bytes, {
      open(name, attributes) {
        if (name === "numFmt") {
          formats.set(Number(attributes.numFmtId), attributes.formatCode ?? "");
        } else if (name === "cellXfs") isCellStyle = true;
        else if (name === "xf" && isCellStyle) {
          const id = Number(attributes.numFmtId ?? 0);
          const code = formats.get(id);
          kinds.push(code === undefined ? KNOWN.get(id) ?? "number" : kindOfFormat(code));
        }
      },
      close(name) {
        if (name === "cellXfs") isCellStyle = false;
      },
    });
  }
  return { kindOf: (style) => kinds[style] ?? "number" };
}

/** What a format such as `yyyy-mm-dd` makes of a number. */
export function kindOfFormat(code: string): NumberKind {
  // The first section is that of positive numbers.
  const [section] = code
    .replace(/"[^"]*"|\\.|_.|\*./gs, "")
    .split(";");
  if (/\[(h+|m+|s+)\]/i.test(section)) return "duration";
  const letters = section.replace(/\[[^\]]*\]/g, "").replace(/general/gi, "")
    .replace(/am\/pm|a\/p/gi, "h").toLowerCase();
  if (/[0#?]/.test(letters.replace(/s+\.0+/g, "s"))) return "number";
  const hasTime = /[hs]/.test(letters);
  const hasDate = /[dyeb]/.test(letters) || !hasTime && letters.includes("m");
  if (hasDate) return hasTime ? "datetime" : "date";
  return hasTime ? "time" : "number";
}

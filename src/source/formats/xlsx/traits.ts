import { CFB, type FormatTraits, isWorkbook, markupKind, pointerKind } from "../../recognise.ts";

/** What an Excel workbook looks like: a zip archive with the parts of one. */
export const XLSX_TRAITS: FormatTraits = {
  label: "Excel workbook (.xlsx)",
  // Encrypted ones, and those of the old kind, are named when they are read.
  isOwn: (head) => isWorkbook(head) || CFB.every((byte, at) => head[at] === byte),
  controls: [],
  separators: [],
  other: (text) =>
    text === "" ? null : pointerKind(text) ?? markupKind(text) ?? {
      what: "something else, by its first bytes",
      hint: "If it is CSV, which some programs call `.xls`, say so:\nsource:\n  format: csv",
    },
};

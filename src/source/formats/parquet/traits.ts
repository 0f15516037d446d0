import { type FormatTraits, markupKind, pointerKind } from "../../recognise.ts";

/** What Parquet looks like. */
export const PARQUET_TRAITS: FormatTraits = {
  label: "Parquet file",
  magic: [0x50, 0x41, 0x52, 0x31],
  tail: [0x50, 0x41, 0x52, 0x31],
  controls: [],
  separators: [],
  other: (text) =>
    text === "" ? null : pointerKind(text) ?? markupKind(text) ?? {
      what: "something else, by its first bytes",
      hint: "If it is CSV or JSON lines, say so in `source.format`",
    },
};

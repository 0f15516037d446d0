import { type FormatTraits, markupKind, pointerKind } from "../../recognise.ts";

/** What lines of fields at fixed places look like: any text. */
export const FIXED_TRAITS: FormatTraits = {
  label: "file of fixed widths",
  controls: [],
  separators: [0x0a, 0x20],
  other: (text) => pointerKind(text) ?? markupKind(text),
};

import type { Guess, Value } from "./guess.ts";

/** Words for yes and no, in lower case; those of one language stand together. */
const WORDS: readonly (readonly [yes: string, no: string])[] = [
  ["true", "false"],
  ["t", "f"],
  ["yes", "no"],
  ["y", "n"],
  ["on", "off"],
  ["ja", "nein"],
  ["j", "n"],
  ["wahr", "falsch"],
  ["oui", "non"],
  ["o", "n"],
  ["vrai", "faux"],
  ["sí", "no"],
  ["si", "no"],
  ["s", "n"],
  ["verdadero", "falso"],
  ["verdadeiro", "falso"],
  ["vero", "falso"],
  ["sì", "no"],
  ["sim", "não"],
  ["sim", "nao"],
  ["ja", "nee"],
  ["waar", "onwaar"],
  ["ja", "nej"],
  ["ja", "nei"],
  ["kyllä", "ei"],
  ["jah", "ei"],
  ["jā", "nē"],
  ["taip", "ne"],
  ["tak", "nie"],
  ["ano", "ne"],
  ["áno", "nie"],
  ["igen", "nem"],
  ["da", "nu"],
  ["da", "ne"],
  ["да", "нет"],
  ["да", "не"],
  ["так", "ні"],
  ["evet", "hayır"],
  ["ναι", "όχι"],
  ["כן", "לא"],
  ["نعم", "لا"],
  ["بله", "خیر"],
  ["हाँ", "नहीं"],
  ["হ্যাঁ", "না"],
  ["はい", "いいえ"],
  ["是", "否"],
  ["是", "不是"],
  ["真", "假"],
  ["예", "아니요"],
  ["네", "아니오"],
  ["có", "không"],
  ["ya", "tidak"],
  ["ใช่", "ไม่ใช่"],
  ["ndiyo", "hapana"],
];

/** Words for yes and no of one language; null where the first value is no such word. */
export function wordGuess(first: Value): Guess | null {
  let pairs = WORDS.filter((pair) => includes(pair, lower(first.text)));
  if (pairs.length === 0) return null;
  /** As they are written. */
  const spelled = new Set<string>();
  return {
    what: "words for yes and no",
    takes({ text }) {
      // Nearly every value is one that was seen before.
      if (spelled.has(text)) return true;
      pairs = pairs.filter((pair) => includes(pair, lower(text)));
      if (pairs.length === 0) return false;
      spelled.add(text);
      return true;
    },
    settle() {
      const [[yes, no]] = pairs;
      const true_values = [...spelled].filter((text) => lower(text) === lower(yes));
      const false_values = [...spelled].filter((text) => lower(text) === lower(no));
      if (true_values.length === 0 || false_values.length === 0) {
        return { unsure: `nothing but ${[...spelled].map((text) => `"${text}"`).join(", ")}` };
      }
      return { type: "boolean", options: { true_values, false_values } };
    },
    rank: () => null,
  };
}

/** Capitals aside, those of Turkish too. */
function lower(text: string): string {
  return text.normalize("NFC").toLowerCase().replace("i\u0307", "i").replace("ı", "i");
}

function includes(pair: readonly [string, string], word: string): boolean {
  return pair.some((each) => lower(each) === word);
}

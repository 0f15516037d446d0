import type { Guess, Settled, Unsure, Value } from "./guess.ts";

/** What stands around amounts. */
const UNITS =
  /^(?:\p{Sc}|(?:US|CA|AU|NZ|HK|S|C|A|R)\$|USD|EUR|GBP|CHF|JPY|CNY|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|INR|BRL|ZAR|MXN|SGD|HKD|KRW|TRY|Fr\.?|kr\.?|zł|Kč|Ft|Rs\.?|%)/u;
const UNITS_BEHIND = new RegExp(`(${UNITS.source.slice(1)})$`, "u");

interface Parts {
  readonly units: readonly string[];
  readonly sign: "front" | "parentheses" | "trailing" | null;
  readonly number: string;
}

/**
 * Amounts with their currency, percent, and numbers whose minus is no `-5`; null where the first
 * value is none.
 *
 * @param inner guesses at the number between
 */
export function moneyGuess(first: Value, inner: (value: Value) => Guess[]): Guess | null {
  const start = partsOf(first.text);
  if (start === null) return null;
  let guesses = inner(valueOf(start));
  const units = new Set<string>();
  const signs = new Set<string>();
  let bare = 0;
  let unsigned = 0;
  return {
    what: "numbers",
    takes(value) {
      const parts = partsOf(value.text);
      if (parts === null) return false;
      for (const unit of parts.units) units.add(unit);
      if (parts.units.length === 0) bare++;
      if (parts.sign === "parentheses" || parts.sign === "trailing") signs.add(parts.sign);
      else unsigned++;
      const number = valueOf(parts);
      guesses = guesses.filter((guess) => guess.takes(number));
      return guesses.length > 0;
    },
    settle(isWhole): Settled | Unsure {
      const settled = guesses[0]!.settle(isWhole);
      if ("unsure" in settled) return settled;
      if (signs.size > 1) return { unsure: "negative numbers are written in two ways" };
      if (signs.size > 0 && unsigned === 0) {
        return { unsure: "every value has what may make it negative" };
      }
      if (units.size > 1) {
        return { unsure: `there are ${[...units].join(" and ")}, which \`strip\` would lose` };
      }
      if (units.has("%") && bare > 0) return { unsure: "some numbers are percent and others not" };
      return {
        type: settled.type,
        options: {
          ...(units.size > 0 ? { strip: [...units] } : {}),
          ...(signs.size > 0 ? { negative: [...signs][0] as "parentheses" | "trailing" } : {}),
          ...settled.options,
        },
      };
    },
    rank(text) {
      const parts = partsOf(text);
      return parts === null ? null : guesses[0]!.rank(valueOf(parts).text);
    },
  };
}

function valueOf({ number, sign }: Parts): Value {
  const text = sign === null ? number : `-${number}`;
  return { text, bytes: new TextEncoder().encode(text), isNumber: false };
}

/** Taken apart as `rows/types/number_text.ts` does. */
function partsOf(text: string): Parts | null {
  if (text.length > 100) return null;
  const units: string[] = [];
  let sign: Parts["sign"] = null;
  let rest = text;
  for (;;) {
    const unit = UNITS.exec(rest)?.[0] ?? UNITS_BEHIND.exec(rest)?.[0];
    if (unit !== undefined) {
      if (units.includes(unit)) return null;
      units.push(unit);
      rest = (UNITS.test(rest) ? rest.slice(unit.length) : rest.slice(0, -unit.length))
        .replace(/^[ \u00a0\u202f]+|[ \u00a0\u202f]+$/g, "");
      continue;
    }
    if (sign !== null) break;
    if (/^-\S/.test(rest)) {
      sign = "front";
      rest = rest.slice(1);
    } else if (/^\(.+\)$/.test(rest)) {
      sign = "parentheses";
      rest = rest.slice(1, -1);
    } else if (/\d-$/.test(rest)) {
      sign = "trailing";
      rest = rest.slice(0, -1);
    } else break;
  }
  return /^[\d.]/.test(rest) ? { units, sign, number: rest } : null;
}

import type { ColumnOptions } from "../spec/pipeline_spec.ts";
import type { Guess, Value } from "./guess.ts";

/** Ways to write a number with separators: between thousands, before decimals. */
const WAYS = [
  [",", "."],
  [".", ","],
  [" ", ","],
  ["\u00a0", ","],
  ["\u202f", ","],
  ["'", "."],
  ["’", "."],
  [" ", "."],
  ["\u00a0", "."],
  ["\u202f", "."],
] as const;

/** A guess at numbers with separators that knows what a plain `1.234` would be there. */
export interface SeparatedGuess extends Guess {
  /** Every value may have points between thousands, and some have. */
  mayBeThousands(): boolean;
}

interface Way {
  readonly thousands: string;
  readonly decimal: string;
  readonly form: RegExp;
  hasThousands: boolean;
  hasDecimals: boolean;
}

/** Numbers such as `1,234.50` and `1.234,50`; null where the first value is none. */
export function separatedGuess(first: Value): SeparatedGuess | null {
  if (!/^-?\d[\d.,'’ \u00a0\u202f]*$/.test(first.text)) return null;
  let ways = WAYS.map(([thousands, decimal]): Way => {
    const grouped = `[1-9]\\d{0,2}(?:\\${thousands}\\d{3})+`;
    return {
      thousands,
      decimal,
      form: new RegExp(`^(?!-0$)-?(?:${grouped}|0|[1-9]\\d*)(?:\\${decimal}\\d+)?$`),
      hasThousands: false,
      hasDecimals: false,
    };
  });
  return {
    what: "numbers",
    takes({ text }) {
      // Without separators it is a number whichever way.
      if (/^(0|-?[1-9]\d{0,99})$/.test(text)) return true;
      if (text.length > 100) return false;
      ways = ways.filter(({ form }) => form.test(text));
      for (const way of ways) {
        way.hasThousands ||= text.includes(way.thousands);
        way.hasDecimals ||= text.includes(way.decimal);
      }
      return ways.length > 0;
    },
    settle() {
      const different = new Map(ways.map((way) => [JSON.stringify(optionsOf(way)), way]));
      const [way, other] = different.values();
      if (other !== undefined) {
        return {
          unsure: `\`${way.thousands}\` may stand between thousands or before decimals: write ` +
            `\`thousands\` or \`decimal\``,
        };
      }
      return { type: way.hasDecimals ? "numeric" : "bigint", options: optionsOf(way) };
    },
    rank(text) {
      const [way] = ways;
      return Number(text.replaceAll(way.thousands, "").replace(way.decimal, "."));
    },
    mayBeThousands: () => ways.some((way) => way.thousands === "." && way.hasThousands),
  };
}

function optionsOf({ thousands, decimal, hasThousands, hasDecimals }: Way): ColumnOptions {
  return {
    ...(hasThousands ? { thousands } : {}),
    ...(hasDecimals && decimal !== "." ? { decimal } : {}),
  };
}

/** Letters of a date format by what they tell, as `rows/types/date_format.ts` reads them. */
const TOKENS: Readonly<Record<string, readonly string[]>> = {
  year: ["yyyy", "yy"],
  month: ["MM", "M"],
  day: ["dd", "d"],
  hour: ["HH", "H", "hh", "h"],
  minute: ["mm"],
  second: ["ss"],
  fraction: ["S"],
  half: ["a"],
};

const LETTERS = Object.values(TOKENS).flat();

/** Letters that take one digit or two, or more. */
const LOOSE = ["M", "d", "H", "h", "S"];

/** Each of the first says nothing without the second. */
const NEEDS: readonly (readonly [string, string])[] = [
  ["day", "month"],
  ["minute", "hour"],
  ["second", "minute"],
  ["fraction", "second"],
];

/** What to do about a wrong format. */
export const FORMAT_HINT = `Letters: ${
  LETTERS.join(" ")
}; MM is the month, mm the minute; put others in single quotes`;

/** The mistake in a date format; null where it gives exactly one date or time. */
export function formatFault(format: string, type: string): string | null {
  const told = new Map<string, string>();
  let loose: string | null = null;
  for (const [run] of format.matchAll(/'[^']*'|([A-Za-z])\1*|[^A-Za-z']+|'/g)) {
    if (run === "'") return `A quote in "${format}" is not closed`;
    // A `T` stands for itself, as in ISO 8601.
    if (run === "T" || !/^[A-Za-z]/.test(run)) {
      const text = run === "''" ? "'" : run.replaceAll("'", "");
      if (loose !== null && /^\d/.test(text)) return unended(format, loose);
      loose = null;
      continue;
    }
    const token = /^S+$/.test(run) ? "S" : run;
    const part = Object.keys(TOKENS).find((part) => TOKENS[part].includes(token));
    if (part === undefined) return `"${run}" in "${format}" is not a part of a date or time`;
    if (told.has(part)) return `"${format}" has the ${part} twice`;
    if (loose !== null && part !== "half") return unended(format, loose);
    told.set(part, token);
    loose = LOOSE.includes(token) ? token : null;
  }
  const needed = type === "time" ? "hour" : "year";
  if (!told.has(needed)) return `"${format}" does not have the ${needed}`;
  for (const [part, other] of NEEDS) {
    if (told.has(part) && !told.has(other)) {
      return `"${format}" has the ${part} and not the ${other}`;
    }
  }
  const twelve = /^h/.test(told.get("hour") ?? "");
  if (twelve && !told.has("half")) return `"${format}" has hours up to 12, but no "a" (am or pm)`;
  if (!twelve && told.has("half")) return `"${format}" has "a", which needs "h" or "hh"`;
  return null;
}

function unended(format: string, token: string): string {
  return `"${format}" does not say where the digits of "${token}" end`;
}

import type { TypeCase } from "./differential_cases.ts";
import { pick } from "./random.ts";

/** The corpus, texts of the type's grammar, parts of two of them, and all with characters changed. */
export function makeText(entry: TypeCase, random: () => number): string {
  const whole = () => random() < 0.15 ? pick(random, entry.corpus) : entry.generate(random);
  let text = whole();
  if (random() < 0.1) {
    const other = whole();
    const [end, start] = [text, other].map(({ length }) => Math.floor(random() * (length + 1)));
    text = text.slice(0, end) + other.slice(start);
  }
  while (random() < 0.3) {
    const at = Math.floor(random() * (text.length + 1));
    const drop = random() < 0.6 ? 1 : 0;
    const extra = random() < 0.7 ? pick(random, entry.alphabet) : "";
    text = text.slice(0, at) + extra + text.slice(at + drop);
  }
  return text.toWellFormed();
}

import type { Explanation } from "../explanations.ts";
import { type Screen, wrap } from "./screen.ts";

/** Each code with what it means below. */
export function explanationsText(
  explanations: readonly Explanation[],
  { paint, width }: Screen,
): string {
  return explanations.map(({ code, text, page }) => {
    const lines = text.split("\n").map((line) => line === "" ? "" : wrap(`  ${line}`, width, 2));
    return `${paint("strong", code)}  ${paint("faint", `(${page})`)}\n${lines.join("\n")}\n`;
  }).join("\n");
}

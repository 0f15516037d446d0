import { renderDiagnostic } from "../../src/core/render_diagnostic.ts";
import { load } from "./support.ts";

/** Pipeline files with something wrong, and beside each what is said about it. */
export const BROKEN = new URL("broken/", import.meta.url);

/** What a person sees of a broken file. */
export function renderFaults(name: string): string {
  const text = Deno.readTextFileSync(new URL(`${name}.in`, BROKEN));
  const { diagnostics } = load(text, { file: `${name}.yaml` });
  return diagnostics.map((diagnostic) => `${renderDiagnostic(diagnostic)}\n`).join("\n");
}

/** Writes what is said now; read the difference before keeping it. */
if (import.meta.main) {
  for (const { name } of Deno.readDirSync(BROKEN)) {
    if (!name.endsWith(".in")) continue;
    const base = name.slice(0, -".in".length);
    Deno.writeTextFileSync(new URL(`${base}.out`, BROKEN), renderFaults(base));
  }
}

import { stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

/** Where the schema for the editor lies in a folder of pipelines; `new` writes it there. */
const SCHEMA = join("schemas", "pipeline.schema.json");

/**
 * The first line of a pipeline file, which tells the editor where the schema is: the nearest above
 * the file, up to the root of the repository. Empty where there is none.
 *
 * @param folder of the file, absolute
 */
export async function schemaLine(folder: string): Promise<string> {
  for (let at = folder;; at = dirname(at)) {
    if (await isThere(join(at, SCHEMA))) {
      const path = relative(folder, join(at, SCHEMA)).replaceAll("\\", "/");
      return `# yaml-language-server: $schema=${path.startsWith(".") ? path : `./${path}`}\n`;
    }
    if (await isThere(join(at, ".git")) || dirname(at) === at) return "";
  }
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}

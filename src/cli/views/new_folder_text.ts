import { isTaskOf } from "../typed.ts";
import { printable } from "./printable.ts";
import { shellWord } from "./run_text.ts";
import type { Screen } from "./screen.ts";
import type { MadeFolder } from "./view.ts";

/** What is in a new folder, and how to load its sample. */
export function newFolderText(
  { folder, isHere, files }: MadeFolder,
  { typed, paint, path }: Screen,
): string {
  const where = isHere ? "here" : `in ${printable(path(folder))}`;
  // A task runs in the folder of its project, and not in the new one.
  const isTask = isTaskOf(typed);
  const steps = [
    ...(isTask ? [`${typed} install`] : []),
    ...(isHere ? [] : [`cd ${shellWord(path(folder))}`]),
    `${isTask ? "sluice" : typed} run pipelines/`,
  ];
  return `${paint("strong", `${files.length} files are written ${where}`)}\n` +
    files.map((path) => `  ${path}\n`).join("") +
    `Load the sample:\n${steps.map((step) => `  ${step}\n`).join("")}`;
}

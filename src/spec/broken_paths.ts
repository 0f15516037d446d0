import type { Path } from "./yaml_tree.ts";

/** Places of a file where something is wrong; asked as often as the file is long. */
export class BrokenPaths {
  readonly #paths = new Set<string>();
  /** Them, and every section that holds one. */
  readonly #above = new Set<string>();

  add(path: Path): void {
    const steps = [...stepsOf(path)];
    this.#paths.add(steps.at(-1)!);
    for (const step of steps) this.#above.add(step);
  }

  /** Whether something is wrong at exactly this path. */
  has(path: Path): boolean {
    return this.#paths.has([...stepsOf(path)].at(-1)!);
  }

  /** Whether something is wrong at a path, above it or below it. */
  touches(path: Path): boolean {
    const steps = [...stepsOf(path)];
    return this.#above.has(steps.at(-1)!) || steps.some((step) => this.#paths.has(step));
  }
}

/** A name for each part of a path that leads to its end, the whole file first. */
function* stepsOf(path: Path): Generator<string> {
  let name = "";
  yield name;
  for (const step of path) yield name += `${JSON.stringify(step)}/`;
}

/** A step into JSON: the name of a member, or the position of an element, from 0. */
export type PathStep = string | number;

/** Why a text is no path. */
export interface PathFault {
  readonly message: string;
  readonly hint: string;
}

/** Deeper paths are refused: documents are not nested so deep by people. */
const MOST_STEPS = 100;
const MOST_POSITION = 1_000_000;

/** Whether the name of a field is a path: `$`, `$.user.id`, `$["user"][0]`; `$ref` is a name. */
export function isPath(text: string): boolean {
  return text === "$" || text.startsWith("$.") || text.startsWith("$[");
}

/** The steps of a path; empty for `$`, which is the whole. */
export function parsePath(text: string): readonly PathStep[] | PathFault {
  if (!isPath(text)) {
    return {
      message: `"${text}" is no path: it does not begin with "$"`,
      hint: `Write it as in "$.data.items"; the whole document is "$"`,
    };
  }
  const steps: PathStep[] = [];
  let at = 1;
  while (at < text.length) {
    const step = stepAt(text, at);
    if (step === null) return fault(text, at);
    steps.push(step.step);
    at = step.end;
  }
  if (steps.length > MOST_STEPS) {
    return { message: `The path has more than ${MOST_STEPS} steps`, hint: "Name a shorter one" };
  }
  return steps;
}

function stepAt(
  text: string,
  at: number,
): { readonly step: PathStep; readonly end: number } | null {
  const rest = text.slice(at);
  const name = /^\.([^.[\]*]+)/.exec(rest);
  if (name !== null) return { step: name[1], end: at + name[0].length };
  const position = /^\[(0|[1-9]\d{0,6})\]/.exec(rest);
  if (position !== null) {
    const step = Number(position[1]);
    return step > MOST_POSITION ? null : { step, end: at + position[0].length };
  }
  const quoted = /^\[("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\]/s.exec(rest);
  if (quoted === null) return null;
  const step = unquoted(quoted[1]);
  return step === null ? null : { step, end: at + quoted[0].length };
}

/** What a name in quotes says; null where it has a mistake. */
function unquoted(text: string): string | null {
  const inner = text.slice(1, -1);
  const double = text.startsWith("'")
    ? inner.replaceAll(/\\'/g, "'").replaceAll(/(\\.)|"/gs, (_, kept) => kept ?? '\\"')
    : inner;
  try {
    return JSON.parse(`"${double}"`) as string;
  } catch {
    return null;
  }
}

function fault(text: string, at: number): PathFault {
  const rest = text.slice(at);
  const hint = /^\.\.|\*|^\[[?(:@-]|^\[\d*:/.test(rest)
    ? "A path names one value: it has no wildcards, filters, slices or positions from the end"
    : 'Write names as in "$.user.id" or "$[\'first name\']", and positions as in "$.tags[0]"';
  return {
    message: `"${text}" is no path from ${JSON.stringify(rest.slice(0, 40))} on`,
    hint,
  };
}

/** A path in the form that messages show; two texts of one path have the same. */
export function pathText(steps: readonly PathStep[]): string {
  return "$" +
    steps.map((step) =>
      typeof step === "number"
        ? `[${step}]`
        : /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(step)
        ? `.${step}`
        : `[${JSON.stringify(step)}]`
    ).join("");
}

/** How a pipeline names a key of a record: as it is, unless that would be a path. */
export function fieldOfKey(key: string): string {
  return isPath(key) ? `$[${JSON.stringify(key)}]` : key;
}

/**
 * The steps to a field by its name in a pipeline: a path, or the name of a key.
 *
 * A path is right: `spec/` has refused the others.
 */
export function stepsOf(field: string): readonly PathStep[] {
  if (!isPath(field)) return [field];
  const steps = parsePath(field);
  if ("message" in steps) throw new Error(steps.message);
  return steps;
}

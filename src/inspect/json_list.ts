import { type PathStep, pathText } from "../core/json_path.ts";

const TOKEN = /[[\]{},:]|"(?:[^"\\]|\\.)*"|[^\s[\]{},:"]+/gs;

/** Brackets that are open, each with the step that is taken in it. */
interface Open {
  readonly isObject: boolean;
  step: PathStep;
}

/**
 * The path of the list of objects that stands the least deep in the start of a JSON document, the
 * first of several; null where there is none.
 */
export function findJsonList(text: string): string | null {
  const stack: Open[] = [];
  let best: string | null = null;
  let depth = Infinity;
  let isName = false;
  let before = "";
  for (const [token] of text.replace(/^\uFEFF/, "").matchAll(TOKEN)) {
    const last = stack.at(-1);
    if (token === "{" || token === "[") {
      if (token === "{" && before === "[" && stack.length - 1 < depth) {
        depth = stack.length - 1;
        best = pathText(stack.slice(0, -1).map(({ step }) => step));
      }
      stack.push({ isObject: token === "{", step: 0 });
      isName = token === "{";
    } else if (token === "}" || token === "]") stack.pop();
    else if (token === "," && last !== undefined) {
      isName = last.isObject;
      if (typeof last.step === "number") last.step++;
    } else if (isName && last !== undefined && token.startsWith('"')) {
      last.step = nameOf(token);
      isName = false;
    }
    before = token;
    if (depth === 0) break;
  }
  return best;
}

function nameOf(token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    return token;
  }
}

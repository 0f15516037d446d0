import { maskUrls, secretParts } from "./mask_urls.ts";
import { type Unreadable, unreadable } from "./pipeline_variables.ts";

/**
 * Text that may contain `${NAME}` references to environment variables.
 *
 * Everything that is planned, printed or stored keeps the reference; only the code that opens a
 * connection calls {@link Secrets.reveal}.
 */
export type SecretText = string;

/** Reveals references, and removes revealed values from whatever is about to be shown. */
export interface Secrets {
  /** Replaces each `${NAME}` by the variable's value: only in texts of Sluice and its operator. */
  reveal(text: SecretText): string;
  /** The same in a text of a pipeline file; what such a file cannot read stays as it is. */
  revealInPipeline(text: SecretText): string;
  /** A variable that tells the operator's choice and is no secret, such as a region; null: unset. */
  setting(name: string): string | null;
  /** The references of a text that a pipeline file cannot read. */
  unreadable(text: SecretText): readonly { readonly name: string; readonly why: Unreadable }[];
  /**
   * Remembers the passwords and tokens that are written into a URL: the text from its scheme to its
   * end. Wherever the URL is quoted later it may be unclear where it ends.
   */
  hide(url: string): void;
  /** Replaces what was revealed or hidden so far, and each password or token in a URL, by `***`. */
  redact(text: string): string;
}

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The names that a text refers to, in order of appearance, each once. */
export function secretNames(text: SecretText): string[] {
  return [...new Set([...text.matchAll(REFERENCE)].map((match) => match[1]))];
}

/** Secrets taken from a snapshot of the environment. */
export function secretsFrom(environment: Readonly<Record<string, string>>): Secrets {
  /** By the text that must not be seen: what is shown in its place. */
  const revealed = new Map<string, string>();
  function reveal(text: SecretText, mayRead: (name: string) => boolean): string {
    const result = text.replace(REFERENCE, (whole, name: string) => {
      const value = environment[name];
      if (value === undefined || !mayRead(name)) return whole;
      if (value !== "") { for (const form of formsOf(value)) revealed.set(form, "***"); }
      return value;
    });
    // What is written into it, and what only its variables make a password of.
    for (const url of new Set([text, result])) hide(url);
    return result;
  }
  function hide(url: string): void {
    if (!url.includes("://")) return;
    for (const [part, shown] of secretParts(url)) {
      const json = JSON.stringify(part).slice(1, -1);
      for (const written of [part, json, encodeURI(part.toWellFormed())]) {
        if (written !== "" && !revealed.has(written)) revealed.set(written, shown);
      }
    }
  }
  return {
    reveal: (text) => reveal(text, () => true),
    setting: (name) => environment[name] || null,
    revealInPipeline: (text) => reveal(text, (name) => unreadable(name, environment) === null),
    unreadable: (text) =>
      secretNames(text).flatMap((name) => {
        const why = unreadable(name, environment);
        return why === null ? [] : [{ name, why }];
      }),
    hide,
    redact(text) {
      // Last: what is hidden of a URL may begin in the middle of a value.
      return maskUrls(hideAll(text, revealed));
    },
  };
}

/**
 * Replaces what must not be seen. Where two such texts overlap, what either of them covers goes: if
 * one were replaced after the other, the rest of it would stay.
 */
function hideAll(text: string, revealed: ReadonlyMap<string, string>): string {
  const found: { start: number; end: number; shown: string }[] = [];
  for (const [value, shown] of revealed) {
    for (let at = text.indexOf(value); at !== -1; at = text.indexOf(value, at + 1)) {
      found.push({ start: at, end: at + value.length, shown });
    }
  }
  if (found.length === 0) return text;
  // Of those that begin together, the longest comes first.
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  let result = "";
  let last = { start: 0, end: 0, shown: "" };
  for (const each of found) {
    if (each.start >= last.end) {
      result += last.shown + text.slice(last.end, each.start);
      last = each;
    } else if (each.end > last.end) {
      last = { start: last.start, end: each.end, shown: "***" };
    }
  }
  return result + last.shown + text.slice(last.end);
}

/** A value as it may appear: in a URL it is written with escapes, others in each of its parts. */
function formsOf(value: string): string[] {
  const forms = [value, encodeURIComponent(value.toWellFormed()), encodeURI(value.toWellFormed())];
  const url = new URL("http://host");
  url.password = value;
  url.pathname = value;
  url.search = value;
  forms.push(url.password, url.pathname.slice(1), url.search.slice(1));
  forms.push(JSON.stringify(value).slice(1, -1));
  return forms.filter((form) => form !== "");
}

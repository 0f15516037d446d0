/** What ends a URL in a text. Quotes of other kinds may be part of a password. */
// deno-lint-ignore no-control-regex
const END = /[\s"<>\u0000-\u001f\u007f]/g;
const SCHEME = /[A-Za-z0-9+.-]/;
/** A host and a port, as numbers or as they stand in a template; or several of them. */
const HOST = /^(\[[^\]]*\]|[^:]*)(:(\d+|\$?\{[A-Za-z_]+\}))?$/;
/** Values that are taken from the environment later: nothing to hide. */
const REFERENCES = /^(\$\{[A-Za-z_][A-Za-z0-9_]*\}|\*\*\*|:)*$/;
/** Longer names of users are taken for tokens. */
const LONGEST_USER = 20;
/** What services take in place of a password when the user is the token. */
const NO_PASSWORD = new Set(["", "x-oauth-basic", "x-access-token"]);
const SECRET_NAME = /token|secret|passw|pwd|signature|credential|api[-_]?key|access[-_]?key/i;
/** Names that often stand for something else: only long values of theirs are hidden. */
const PERHAPS_SECRET = /^(key|sig|code|auth|authorization|session|sid)$/i;
const LONG = 16;

/**
 * Replaces passwords and tokens in URLs by `***`, in time proportional to the text.
 *
 * People write passwords into URLs as they are, with `@`, `/`, `?` or `#` in them. Where it is not
 * clear what belongs to the password, too much is hidden: a host rather than a part of a secret is
 * lost. Users of databases stay, as do references (`${NAME}`) but for those in place of a password.
 */
export function maskUrls(text: string): string {
  let masked = "";
  let done = 0;
  let end = 0;
  let known = -1;
  /** The next `@`, looked for once: a text may have many URLs and no `@`. */
  const nextAt = (from: number): number => {
    if (known < from) {
      const found = text.indexOf("@", from);
      known = found === -1 ? text.length : found;
    }
    return known;
  };
  for (let at = text.indexOf("://"); at !== -1; at = text.indexOf("://", at + 3)) {
    if (at < done) continue;
    let start = at;
    while (start > done && SCHEME.test(text[start - 1])) start--;
    if (start === at) continue;
    const begin = at + 3;
    if (end < begin) {
      END.lastIndex = begin;
      end = END.exec(text)?.index ?? text.length;
    }
    const credentials = userinfo(text, begin, end, nextAt);
    if (credentials === null) continue;
    const scheme = text.slice(start, at).toLowerCase();
    masked += text.slice(done, begin) + maskUserinfo(text.slice(begin, credentials), scheme);
    done = credentials;
  }
  return maskParameters(masked + text.slice(done));
}

/** Whether a URL has a secret in it that is no reference to the environment. */
export function hasLiteralSecret(url: string): boolean {
  const without = url.replace(/\$\{[A-Za-z_][A-Za-z0-9_]*\}/g, "***");
  return maskUrls(without) !== without;
}

/** Where the `@` stands that ends a user and a password; null where there is none. */
function userinfo(
  text: string,
  begin: number,
  end: number,
  nextAt: (from: number) => number,
): number | null {
  let authorityEnd = begin;
  while (authorityEnd < end && !"/?#\\".includes(text[authorityEnd])) authorityEnd++;
  const authority = text.slice(begin, authorityEnd);
  const first = authority.includes("@")
    ? begin + authority.indexOf("@")
    // `u:a/b@host`: no number follows the colon, so that this is no host yet.
    : authority.split(",").every((host) => HOST.test(host))
    ? end
    : nextAt(authorityEnd);
  if (first >= end) return null;
  // `u:a@b/c?d@host`: the last one before the next URL.
  let last = first;
  for (let at = first + 1; at < end && !text.startsWith("://", at); at++) {
    if (text[at] === "@") last = at;
  }
  return last;
}

function maskUserinfo(credentials: string, scheme: string): string {
  const colon = credentials.indexOf(":");
  const user = colon === -1 ? credentials : credentials.slice(0, colon);
  const password = credentials.slice(colon + 1);
  const database = scheme.startsWith("postgres");
  if (colon === -1) return database || REFERENCES.test(user) ? user : "***";
  const isToken = !REFERENCES.test(user) && !database &&
    (user.length > LONGEST_USER || NO_PASSWORD.has(password));
  const shown = isToken ? "***" : user;
  return `${shown}:${password === "" ? "" : "***"}`;
}

function maskParameters(text: string): string {
  if (!text.includes("://")) return text;
  return text.replace(
    /([?&;#])([^?=&;#\s"<>]{1,100})=([^&;#\s"<>]+)/g,
    (whole, separator: string, name: string, value: string) => {
      const secret = SECRET_NAME.test(name) || (PERHAPS_SECRET.test(name) && value.length >= LONG);
      return !secret || REFERENCES.test(value) ? whole : `${separator}${name}=***`;
    },
  );
}

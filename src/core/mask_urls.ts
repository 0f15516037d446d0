/**
 * What ends a URL in a text: blanks, and a quote or an angle behind which a text may go on.
 * Quotes of other kinds, and these in the middle of a word, may be part of a password.
 */
// deno-lint-ignore no-control-regex
const END = /[\s\u0000-\u001f\u007f]|["<>](?![^\s"<>,;:.)\]}/\\])/g;
const SCHEME = /[A-Za-z0-9+.-]/;
/** A host without a port. A number behind a colon may be the beginning of a password. */
const HOST = /^(\[[^\]]*\]|[^:]*)$/;
/** Hosts with ports, as numbers or as they stand in a template. */
const PORT = /^(\[[^\]]*\]|[^:]*):(\d+|\$?\{[A-Za-z_]+\})$/;
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
 * People write passwords into URLs as they are, with `@`, `/`, `?`, `#`, quotes or blanks in them.
 * Where it is not clear what belongs to the password, too much is hidden: a host rather than a part
 * of a secret is lost. Users of databases stay, as do references (`${NAME}`) but for those in place
 * of a password. A text does not always say where a URL ends; {@link secretParts} knows it.
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
    const start = schemeStart(text, at, done);
    if (start === at) continue;
    const begin = at + 3;
    if (end < begin) {
      END.lastIndex = begin;
      end = END.exec(text)?.index ?? text.length;
    }
    const credentials = userinfo(text, begin, end, nextAt);
    if (credentials === null) continue;
    const scheme = text.slice(start, at).toLowerCase();
    const userinfoText = text.slice(begin, credentials);
    masked += text.slice(done, begin) + maskUserinfo(userinfoText, scheme);
    done = credentials;
    if (!endsInParameter(userinfoText)) continue;
    // `h:80/x?token=a@b`: behind what may be a password the token goes on.
    while (done < text.length && !/[&\s"<>]/.test(text[done])) done++;
    masked += "@***";
  }
  return maskParameters(masked + text.slice(done));
}

/** The same for a text that is one URL from its scheme to its end, whatever characters it has. */
export function maskUrl(url: string): string {
  let masked = url;
  for (const [part, shown] of secretParts(url)) masked = masked.replaceAll(part, () => shown);
  return maskUrls(masked);
}

/**
 * The secret parts of a URL, longest first, each with the text that replaces it; empty where the
 * text is not a URL or has no secret. The URL goes to the end of the text.
 */
export function secretParts(url: string): readonly (readonly [part: string, shown: string])[] {
  const at = url.indexOf("://");
  const start = schemeStart(url, at, 0);
  if (at === -1 || start === at) return [];
  const parts: [string, string][] = [];
  // As the machine writes it in its own messages.
  const href = URL.parse(url)?.href ?? url;
  const nextAt = (from: number) => {
    const found = url.indexOf("@", from);
    return found === -1 ? url.length : found;
  };
  if (userinfo(url, at + 3, url.length, nextAt) !== null) {
    const credentials = url.slice(at + 3, url.lastIndexOf("@"));
    const shown = maskUserinfo(credentials, url.slice(start, at).toLowerCase());
    if (shown !== credentials) {
      parts.push(withParameter(url, credentials, shown));
      // `u:443/a@h` has become `u/a@h`, which no longer looks like a password.
      const written = href.slice(href.indexOf("://") + 3, href.lastIndexOf("@"));
      parts.push(withParameter(href, written, shown));
    }
    const password = credentials.slice(credentials.indexOf(":") + 1);
    // Others may be words of every text: `postgres` is a password that many have.
    if (password.length >= 6 && /[^\w-]/.test(password) && !REFERENCES.test(password)) {
      parts.push([password, "***"]);
    }
  }
  for (const form of new Set([url, href])) {
    for (
      const { 0: { length }, 1: name, index } of form.matchAll(/(?<=[?&;#])([^?=&;#]{1,100})=/g)
    ) {
      const [value] = form.slice(index + length).split("&", 1);
      if (value !== "" && isSecretParameter(name, value)) {
        parts.push([`${name}=${value}`, `${name}=***`]);
      }
    }
  }
  return parts.sort(([a], [b]) => b.length - a.length);
}

/** Credentials to their `@`; and where that may be one of a parameter, to the end of that. */
function withParameter(url: string, credentials: string, shown: string): [string, string] {
  if (!endsInParameter(credentials)) return [`${credentials}@`, `${shown}@`];
  const [rest] = url.slice(url.lastIndexOf("@") + 1).split("&", 1);
  return [`${credentials}@${rest}`, `${shown}@***`];
}

/** Whether a secret parameter of a query may go on behind the text: its value may have any mark. */
function endsInParameter(text: string): boolean {
  return text.slice(text.lastIndexOf("&") + 1).split(/[?;#]/).some((part, at) => {
    const name = part.slice(0, part.indexOf("=") + 1);
    const begins = at > 0 || text.includes("&");
    return begins && (SECRET_NAME.test(name) || PERHAPS_SECRET.test(name.slice(0, -1)));
  });
}

/** Whether a URL spells out a secret, rather than naming a variable. */
export function hasLiteralSecret(url: string): boolean {
  const without = url.replace(/\$\{[A-Za-z_][A-Za-z0-9_]*\}/g, "***");
  return maskUrl(without) !== without;
}

/** Where the scheme begins that ends at `at`, not before `from`; `at` where there is none. */
function schemeStart(text: string, at: number, from: number): number {
  let start = at;
  while (start > from && SCHEME.test(text[start - 1])) start--;
  return start;
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
  let first = authority.indexOf("@");
  if (first !== -1) first += begin;
  else {
    if (isHost(authority)) return null;
    // `u:a/b@host`, and `u:12/34@host`, which begins as a host with a port does.
    first = nextAt(authorityEnd);
    if (first >= end) end = endOfPassword(text, begin, authorityEnd, end);
  }
  if (first >= end) return null;
  // `u:a@b/c?d@host`: the last one before the next URL.
  let last = first;
  for (let at = first + 1; at < end && !text.startsWith("://", at); at++) {
    if (text[at] === "@") last = at;
  }
  return last;
}

/** Whether what follows a scheme is no user with a password, nor a token: hosts without ports. */
function isHost(authority: string): boolean {
  if (!authority.split(",").every((host) => HOST.test(host))) return false;
  return authority.length <= LONGEST_USER || /[.,[$]/.test(authority);
}

/**
 * How far a password may go on behind a blank or a quote at `end`: `u:pass word@host`. Behind what
 * looks like a port it is one word, as prose may follow; else nothing but a password stands there.
 */
function endOfPassword(text: string, begin: number, authorityEnd: number, end: number): number {
  let hostsEnd = authorityEnd;
  while (hostsEnd > begin && ".,;:!)'".includes(text[hostsEnd - 1])) hostsEnd--;
  const hosts = text.slice(begin, hostsEnd).split(",");
  if (hosts.every((host) => HOST.test(host) || PORT.test(host))) {
    if (authorityEnd < end || text[end] !== " ") return end;
    END.lastIndex = end + 1;
    return END.exec(text)?.index ?? text.length;
  }
  const next = text.indexOf("://", end);
  let stop = end;
  while (stop < text.length && stop !== next && text[stop] !== "\n") stop++;
  return stop;
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
    (whole, separator: string, name: string, value: string) =>
      isSecretParameter(name, value) ? `${separator}${name}=***` : whole,
  );
}

function isSecretParameter(name: string, value: string): boolean {
  const secret = SECRET_NAME.test(name) || (PERHAPS_SECRET.test(name) && value.length >= LONG);
  return secret && !REFERENCES.test(value);
}

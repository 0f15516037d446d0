import { createHash, createHmac } from "node:crypto";

/** A key that a host is known by. */
export interface KnownKey {
  /** `ssh-ed25519`, `rsa-sha2-512` … as the file has it. */
  readonly type: string;
  /** Base64. */
  readonly key: string;
  readonly revoked: boolean;
}

/** The keys that a `known_hosts` file has for a host, in the form of OpenSSH. */
export function knownKeys(text: string, host: string, port: number): KnownKey[] {
  const names = port === 22 ? [host, `[${host}]:22`] : [`[${host}]:${port}`];
  return text.split(/\r?\n/).flatMap((line) => {
    const words = line.trim().split(/\s+/);
    if (words[0] === "" || words[0].startsWith("#")) return [];
    const mark = words[0].startsWith("@") ? words.shift()! : null;
    const [hosts, type, key] = words;
    // Keys of authorities sign others, which is not looked at.
    if (key === undefined || mark === "@cert-authority") return [];
    if (!names.some((name) => matchesHost(hosts, name))) return [];
    return [{ type, key, revoked: mark === "@revoked" }];
  });
}

/** The fingerprint of a key, as `ssh-keygen -l` shows it. */
export function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

function matchesHost(hosts: string, name: string): boolean {
  const hashed = /^\|1\|([^|]+)\|(.+)$/.exec(hosts);
  if (hashed !== null) {
    const salt = Uint8Array.fromBase64(hashed[1]);
    return createHmac("sha1", salt).update(name).digest("base64") === hashed[2];
  }
  let found = false;
  for (const pattern of hosts.split(",")) {
    const isNot = pattern.startsWith("!");
    const text = (isNot ? pattern.slice(1) : pattern).toLowerCase();
    if (!matchesWildcards(text, name.toLowerCase())) continue;
    if (isNot) return false;
    found = true;
  }
  return found;
}

/** `*` and `?` as in OpenSSH, in time proportional to the text and the pattern. */
function matchesWildcards(pattern: string, text: string): boolean {
  let [p, t, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (pattern[p] === "*") {
      star = p++;
      mark = t;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

// Slow: texts long enough to show what takes the square of their length.
import { expect } from "packages/expect.ts";
import { escapeControls, jsonText } from "../../src/core/json_text.ts";
import { hasLiteralSecret, maskUrl, maskUrls } from "../../src/core/mask_urls.ts";
import { secretsFrom } from "../../src/core/secret.ts";
import { between, pick, randomFrom } from "../rows/random.ts";

const SEED = Number(Deno.env.get("SLUICE_SEED") ?? Math.floor(Math.random() * 2 ** 31));

Deno.test("maskUrls() hides passwords and tokens, and nothing else", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["postgres://u:SECRET@h:5432/d", "postgres://u:***@h:5432/d"],
    ["postgres://u:a@SECRET@h/d", "postgres://u:***@h/d"],
    ["postgres://u:SEC/RET@h/d", "postgres://u:***@h/d"],
    ["postgres://u:SEC?RET@h/d", "postgres://u:***@h/d"],
    ["postgres://u:SEC#RET@h/d", "postgres://u:***@h/d"],
    ["postgres://u:SEC:RET@h/d", "postgres://u:***@h/d"],
    ["postgres://u:a@b/SECRET@h/d", "postgres://u:***@h/d"],
    ["postgres://u:'SECRET'@h/d", "postgres://u:***@h/d"],
    ["postgres://:SECRET@h/d", "postgres://:***@h/d"],
    ["postgresql+asyncpg://u:SECRET@h/d", "postgresql+asyncpg://u:***@h/d"],
    ["postgres://loader@h/d", "postgres://loader@h/d"],
    ["postgres://h1:5432,h2:5433/d", "postgres://h1:5432,h2:5433/d"],
    ["postgres:///d?host=/tmp&password=SECRET", "postgres:///d?host=/tmp&password=***"],
    ["jdbc:postgresql://h/d?user=u&password=SECRET", "jdbc:postgresql://h/d?user=u&password=***"],
    ["https://SECRET@h/x.csv", "https://***@h/x.csv"],
    ["https://SECRET:@h/x.csv", "https://***:@h/x.csv"],
    ["https://SECRET:x-oauth-basic@h/x", "https://***:***@h/x"],
    ["https://me:SECRET@h/x", "https://me:***@h/x"],
    ["HTTPS://me:SECRET@h/x", "HTTPS://me:***@h/x"],
    ["https://me:SECRET@[::1]:80/x", "https://me:***@[::1]:80/x"],
    ["at https://me:SECRET@h, and https://h2/y", "at https://me:***@h, and https://h2/y"],
    ['{"a":"https://h/x","b":"a@b"}', '{"a":"https://h/x","b":"a@b"}'],
    ['{"a":"https://u:SECRET@h/x","b":"a@b"}', '{"a":"https://u:***@h/x","b":"a@b"}'],
    ["https://h/x?token=SECRET&month=01", "https://h/x?token=***&month=01"],
    ["https://h/x?month=01&X-Amz-Signature=SECRET#y", "https://h/x?month=01&X-Amz-Signature=***#y"],
    ["https://h/x?sv=2022&sig=SECRETSECRETSECRET%3D", "https://h/x?sv=2022&sig=***"],
    ["https://h/x#access_token=SECRET", "https://h/x#access_token=***"],
    ["https://h/x?api_key=SECRET;b=1", "https://h/x?api_key=***;b=1"],
    ["https://h/x?key=2021-01", "https://h/x?key=2021-01"],
    ["https://h/@scope/x.csv?mail=a@b", "https://h/@scope/x.csv?mail=a@b"],
    ["https://h:8080/a:b/x", "https://h:8080/a:b/x"],
    ["https://h:{port}/x, as a@b", "https://h:{port}/x, as a@b"],
    ["https://h:80/x answered 404 to a@b", "https://h:80/x answered 404 to a@b"],
    // What looks like a port may be the beginning of a password.
    ["https://u:12/SECRET@h/x", "https://u:***@h/x"],
    ["https://u:12/@h/x", "https://u:***@h/x"],
    ["https://u:12?SECRET@h/x", "https://u:***@h/x"],
    ["https://u:{12}/SECRET@h/x", "https://u:***@h/x"],
    ["postgres://u:12#SECRET@h:5432/d", "postgres://u:***@h:5432/d"],
    ['https://u:12"SECRET@h/x', "https://u:***@h/x"],
    ["https://u:12 SECRET@h/x", "https://u:***@h/x"],
    ["https://ghp0123456789abcdefgh/SECRET@h/x", "https://***@h/x"],
    ["https://h:80/x?token=SEC@RET&month=1", "https://h:***@***&month=1"],
    ["see https://h:80/x?sig=a@SECRET next", "see https://h:***@*** next"],
    // Quotes, angles and blanks.
    ['https://u:SEC"RET@h/x', "https://u:***@h/x"],
    ['https://u:SECRET"@h/x', "https://u:***@h/x"],
    ["https://u:SEC<RET>@h/x", "https://u:***@h/x"],
    ["https://u:SEC RET S@h/x", "https://u:***@h/x"],
    ["https://u:SE/C RET S@h/x", "https://u:***@h/x"],
    ['no "https://u:a@SEC"RET@h/x" here', 'no "https://u:***@h/x" here'],
    ["<https://u:SECRET@h/x>", "<https://u:***@h/x>"],
    ["see https://u:p\nmail a@b", "see https://u:p\nmail a@b"],
    [
      "https://${USER}:${PASSWORD}@h/x?token=${TOKEN}",
      "https://${USER}:***@h/x?token=${TOKEN}",
    ],
    ["https://${TOKEN}@h/x", "https://${TOKEN}@h/x"],
    ["https://u:${A}SECRET@h/x", "https://u:***@h/x"],
    ["mail a@b, select 1 where token='x'", "mail a@b, select 1 where token='x'"],
    ["://u:p@h", "://u:p@h"],
    ["", ""],
  ];
  for (const [text, masked] of cases) {
    expect([text, maskUrls(text)]).toEqual([text, masked]);
    expect(maskUrls(masked)).toBe(masked);
  }
});

Deno.test(`no part of a secret is left, wherever it stands in a URL (SLUICE_SEED=${SEED})`, () => {
  console.log(`SLUICE_SEED=${SEED}`);
  const random = randomFrom(SEED);
  const odd = [..."@:/?#&=%+;,!$'()*[]{}|\\^~`.-_éß€😀"];
  for (let n = 0; n < 20_000; n++) {
    // Marks that occur nowhere else, among characters that have a meaning in URLs.
    const marks = Array.from({ length: between(random, 1, 4) }, (_, at) => `Q${at}Z`);
    const noise = () =>
      Array.from({ length: between(random, 0, 3) }, () => pick(random, odd)).join("");
    const secret = marks.map((mark) => noise() + mark).join("") + noise();
    // It would begin another URL.
    if (secret.includes("://")) continue;
    const scheme = pick(random, ["postgres", "postgresql", "https", "http", "sftp", "s3"]);
    const rest = pick(random, ["h", "h.example:5432/d", "[::1]/d", "h/x.csv?a=b", "h/x#f"]);
    const before = pick(random, ["", "cannot open ", '"', "(", "https://h/first.csv "]);
    const after = pick(random, ["", " was refused", '" is wrong', " see https://h/@x"]);
    const url = `${scheme}://user:${secret}@${rest}`;
    const masked = maskUrls(before + url + after);
    // A number and a slash look like a port and a path; what is no secret may go, secrets may not.
    const left = marks.filter((mark) => masked.includes(mark));
    if (left.length > 0) throw new Error(`${before}${url}${after} became ${masked}`);
    expect(masked.startsWith(before)).toBe(true);
    expect(masked.endsWith(after)).toBe(true);
  }
});

Deno.test(`a URL that was hidden shows nowhere, whatever is in it (SLUICE_SEED=${SEED})`, () => {
  const random = randomFrom(SEED);
  const odd = [..."\"<> \t\n@:/?#&=%+;,!$'()*[]{}|\\^~`.-_é€😀0123"];
  for (let n = 0; n < 5_000; n++) {
    const marks = Array.from({ length: between(random, 1, 4) }, (_, at) => `Q${at}Z`);
    const noise = () =>
      Array.from({ length: between(random, 0, 4) }, () => pick(random, odd)).join("");
    const secret = marks.map((mark) => noise() + mark).join("") + noise();
    const scheme = pick(random, ["postgres", "https", "http", "s3"]);
    const url = random() < 0.7
      ? `${scheme}://user:${secret}@h.example/x.csv?a=b`
      : `${scheme}://${pick(random, ["h", "h:80", "u:p@h"])}/x?a=b&token=${
        secret.replaceAll("&", "")
      }`;
    const secrets = secretsFrom({});
    secrets.hide(url);
    const texts = [
      maskUrl(url),
      secrets.redact(`cannot open "${url}" for a@b, see https://h/@x`),
      secrets.redact(JSON.stringify({ url, next: "a@b" })),
      secrets.redact(`url: ${url} # a comment`),
      secrets.redact(URL.parse(url)?.href ?? ""),
    ];
    for (const text of texts) {
      if (marks.some((mark) => text.includes(mark))) {
        throw new Error(`${JSON.stringify(url)} became ${text}`);
      }
    }
  }
});

Deno.test("what is hidden of a URL leaves other texts as they are", () => {
  const secrets = secretsFrom({});
  for (
    const url of [
      "postgres://postgres:postgres@h/d",
      "https://u:a@h/x",
      "https://h/@scope/a b.csv",
      "https://${U}:${P}@h/x?token=${T}",
      "https://h/x?mail=a@b",
      "data/a@b.csv",
    ]
  ) secrets.hide(url);
  const text = "the database postgres of u:a and a@b, https://h/@scope/a b.csv";
  expect(secrets.redact(text)).toBe(text);
});

Deno.test("hasLiteralSecret() tells secrets from references to them", () => {
  const literal = [
    "https://u:p@h/x",
    "https://TOKEN@h/x",
    "https://u:${A}b@h/x",
    "https://h/x?token=abc",
    "https://u:12/34@h/x",
    'https://u:a"b c@h/x',
    "https://u:a b@h/x",
    "https://h/x?token=${A} b",
    "https://h/x?token=${A}b",
  ];
  const none = [
    "https://h/x",
    "data/x@y.csv",
    "https://u:${A}@h/x",
    "https://${A}@h/x",
    "https://${A}:${B}@h/x?token=${C}",
    "${URL}",
  ];
  for (const url of literal) expect([url, hasLiteralSecret(url)]).toEqual([url, true]);
  for (const url of none) expect([url, hasLiteralSecret(url)]).toEqual([url, false]);
});

Deno.test("maskUrls() takes time in proportion to the text", () => {
  const n = 300_000;
  const texts = [
    "a".repeat(n),
    "a://".repeat(n),
    "a:b://".repeat(n),
    "a://a:b/".repeat(n),
    "a://a@".repeat(n),
    "a://u:p@h?x=".repeat(n),
    "?".repeat(n) + "a://",
    "&a".repeat(n) + "a://",
    "a://" + "@".repeat(n),
    "a://" + ":".repeat(n) + "@",
    "a://b:c ".repeat(n) + "@",
    "a://b:1 c".repeat(n) + "@",
    "a://b:c" + '"d'.repeat(n) + "@",
    "a://b" + "<".repeat(n) + "@",
    "a://u:" + ".".repeat(n) + "x @",
    "a://u:" + ".,".repeat(n) + "x @",
    'a://b:c"\n'.repeat(n) + "@",
  ];
  for (const text of texts) {
    const started = performance.now();
    maskUrls(text);
    const took = performance.now() - started;
    if (took > 20_000) throw new Error(`${text.slice(0, 20)}… took ${took} ms`);
  }
});

Deno.test("a value that was revealed is hidden in each form that it takes in a URL", () => {
  const value = "p@ss/w?rd#1 é'\"\\%2F+";
  const secrets = secretsFrom({ PW: value });
  secrets.reveal("${PW}");
  const url = new URL("https://h");
  url.password = value;
  url.pathname = value;
  url.search = `a=${value}`;
  for (
    const text of [
      value,
      url.href,
      encodeURIComponent(value),
      JSON.stringify({ value }),
      `https://u:${value}@h/x`,
    ]
  ) {
    const shown = secrets.redact(text);
    expect([shown, /p(@|%40)ss|rd(#|%23)1/.test(shown)]).toEqual([shown, false]);
  }
});

Deno.test("jsonText() escapes what a terminal would obey, and stays the same value", () => {
  const unsafe = Array.from({ length: 0x2070 }, (_, code) => String.fromCharCode(code)).join("");
  for (
    const text of [jsonText({ [unsafe]: unsafe }, undefined, 2), escapeControls(jsonText(unsafe))]
  ) {
    // deno-lint-ignore no-control-regex
    expect(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/.test(text)).toBe(
      false,
    );
  }
  expect(JSON.parse(jsonText({ [unsafe]: unsafe }))).toEqual({ [unsafe]: unsafe });
});

import { expect } from "packages/expect.ts";
import {
  expectIn,
  expectNotIn,
  formTokenOf,
  get,
  ORIGIN,
  post,
  signIn,
  testPage,
  textOf,
  TOKEN,
} from "./support.ts";

const AWAY = { access: { token: TOKEN, loopback: false } };
const ELSEWHERE = "http://etl.example:8080";

Deno.test("every answer of the page forbids scripts, frames and other origins", async () => {
  const page = testPage(null);
  const answers = [
    get("/"),
    get("/session"),
    get("/nothing"),
    get("/assets/page.css"),
    get("/assets/page.js"),
    get("/", {}, "http://evil.example:8080"),
    post("/session", { token: "wrong" }),
    post("/session", { token: TOKEN }),
    post("/session", {}, { "content-type": "text/plain" }),
  ];
  for (const request of answers) {
    const { headers } = (await page(request))!;
    const policy = headers.get("content-security-policy") ?? "";
    expect([request.url, policy]).toEqual([
      request.url,
      expect.stringContaining("default-src 'none'"),
    ]);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    // A browser must not keep what somebody has to sign in for.
    if (!request.url.includes("/assets/")) expect(headers.get("cache-control")).toBe("no-store");
  }
});

Deno.test("on loopback anybody may look, but only under the machine's own names", async () => {
  const page = testPage(null);
  for (const name of ["127.0.0.1", "localhost", "[::1]", "127.9.8.7"]) {
    await textOf(page, get("/session", {}, `http://${name}:8080`));
  }
  for (
    const name of [
      "evil.example",
      "127.0.0.1.evil.example",
      "localhost.evil.example",
      "0.0.0.0",
      "10.0.0.1",
      "127.0.0.1@evil.example",
    ]
  ) {
    const origin = `http://${name}:8080`;
    const request = new Request(origin.replace("127.0.0.1@", "") + "/session", {
      headers: { accept: "text/html" },
    });
    expect([name, await textOf(page, request, 403)]).toEqual([
      name,
      expect.stringContaining("another host"),
    ]);
    const sent = post("/session", { token: TOKEN }, {}, new URL(request.url).origin);
    expect((await page(sent))!.status).toBe(403);
  }
});

Deno.test("elsewhere nothing is shown without a session or the token", async () => {
  const page = testPage(null, AWAY);
  for (const path of ["/", "/starts", "/queue", "/run/x", "/pipeline/x/versions", "/nothing"]) {
    const text = await textOf(page, get(path, {}, ELSEWHERE), 401);
    expectIn(text, "<h1>Sign in</h1>");
    // Signed in, one goes on to what was asked for.
    expectIn(text, `name="next" value="${path}"`);
    const answer = (await page(get(path, { accept: "*/*" }, ELSEWHERE)))!;
    // A path that is nobody's is the server's to refuse.
    if (path === "/nothing") continue;
    expect([answer.status, (await answer.json()).error.code]).toEqual([401, "http/no_token"]);
  }
  const bearer = { authorization: `Bearer ${TOKEN}` };
  expectIn(await textOf(page, get("/nothing", bearer, ELSEWHERE), 404), "no such page");
  const session = await signIn(page, ELSEWHERE);
  expectIn(await textOf(page, get("/nothing", session, ELSEWHERE), 404), "no such page");
  for (const cookie of ["sluice_session=", "sluice_session=0", `sluice_session=${TOKEN}`]) {
    await textOf(page, get("/nothing", { cookie }, ELSEWHERE), 401);
  }
});

Deno.test("the token becomes a cookie that no script reads, and that ends", async () => {
  let now = 0;
  const clock = {
    now: () => new Date(now),
    monotonic: () => now,
    sleep: () => new Promise<void>(() => {}),
  };
  const page = testPage(null, { ...AWAY, clock });
  const response = (await page(post("/session", { token: TOKEN, next: "/queue" }, {}, ELSEWHERE)))!;
  expect([response.status, response.headers.get("location")]).toEqual([303, "/queue"]);
  const cookie = response.headers.get("set-cookie")!;
  expect(cookie).toMatch(
    /^sluice_session=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  expect(cookie).not.toContain(TOKEN);
  // Behind a proxy that speaks TLS it is never sent without.
  const proxied = { origin: "https://etl.example", host: "etl.example" };
  const secure = (await page(post("/session", { token: TOKEN }, proxied, ELSEWHERE)))!;
  expect(secure.headers.get("set-cookie")).toMatch(/; Secure$/);

  const session = { cookie: cookie.split(";")[0] };
  await textOf(page, get("/nothing", session, ELSEWHERE), 404);
  now = 12 * 3_600_000 + 1;
  await textOf(page, get("/nothing", session, ELSEWHERE), 401);
});

Deno.test("signing out ends a session for whoever has its cookie", async () => {
  const page = testPage(null);
  const session = await signIn(page);
  const form = { form_token: formTokenOf(await textOf(page, get("/nothing", session), 404)) };
  expect((await page(post("/session/end", { form_token: "0".repeat(64) }, session)))!.status)
    .toBe(403);
  const out = (await page(post("/session/end", form, session)))!;
  expect([out.status, out.headers.get("set-cookie")]).toEqual([
    303,
    expect.stringContaining("Max-Age=0"),
  ]);
  expectNotIn(await textOf(page, get("/nothing", session), 404), "form_token");
});

Deno.test("a wrong token opens no session, and is not repeated", async () => {
  const page = testPage(null, AWAY);
  for (const token of ["", "0", `${TOKEN}x`, TOKEN.slice(1), TOKEN.toUpperCase() + "\0", "💥"]) {
    if (token === TOKEN) continue;
    const response = (await page(post("/session", { token }, {}, ELSEWHERE)))!;
    expect([token, response.status, response.headers.get("set-cookie")]).toEqual([
      token,
      401,
      null,
    ]);
    const text = await response.text();
    expectIn(text, "This is not the token");
    if (token.length > 10) expect(text).not.toContain(token);
  }
  const none = testPage(null, { access: { token: null, loopback: true } });
  expect((await none(post("/session", { token: "" })))!.status).toBe(403);
});

Deno.test("forms of other origins do nothing, whatever they know", async () => {
  const page = testPage(null);
  const session = await signIn(page);
  const form_token = formTokenOf(await textOf(page, get("/nothing", session), 404));
  const strange: Record<string, string | null>[] = [
    { origin: "http://evil.example" },
    { origin: "null" },
    { origin: null },
    { origin: "" },
    { origin: "http://127.0.0.1:8081" },
    { origin: "http://127.0.0.1" },
    { origin: "http://127.0.0.1:8080.evil.example" },
    { origin: "file://127.0.0.1:8080" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "none" },
  ];
  for (const headers of strange) {
    for (const [path, form] of [["/session/end", { form_token }], ["/session", { token: TOKEN }]]) {
      const sent = post(path as string, form as Record<string, string>, { ...session, ...headers });
      expect([headers, path, (await page(sent))!.status]).toEqual([headers, path, 403]);
    }
  }
  // Still there.
  expectIn(await textOf(page, get("/nothing", session), 404), form_token);
  // A browser that does not tell the site tells the origin.
  const old = post("/session/end", { form_token }, { ...session, "sec-fetch-site": null });
  expect((await page(old))!.status).toBe(303);
});

Deno.test("after signing in one goes on to the page itself, and nowhere else", async () => {
  const page = testPage(null);
  for (
    const next of [
      "//evil.example",
      "/\\evil.example",
      "https://evil.example/",
      "javascript:alert(1)",
      "/\t/evil.example",
      "\r\nset-cookie: a=b",
      "evil",
      "",
    ]
  ) {
    const response = (await page(post("/session", { token: TOKEN, next })))!;
    expect([next, response.headers.get("location")]).toEqual([next, "/"]);
  }
  const response = (await page(post("/session", { token: TOKEN, next: "/run/x?log=a%20b" })))!;
  expect(response.headers.get("location")).toBe("/run/x?log=a%20b");
});

Deno.test("no more sessions are kept than people look, the oldest ends first", async () => {
  const page = testPage(null);
  const first = await signIn(page);
  const second = await signIn(page);
  for (let n = 0; n < 99; n++) await signIn(page);
  const isIn = async (session: { cookie: string }) =>
    (await textOf(page, get("/nothing", session), 404)).includes("form_token");
  expect([await isIn(first), await isIn(second)]).toEqual([false, true]);
});

Deno.test("programs get what they always got: the page takes none of their addresses", async () => {
  const page = testPage(null);
  for (const path of ["/healthz", "/readyz", "/metrics", "/schedule", "/runs", "/runs/x"]) {
    expect(await page(get(path))).toBeNull();
    expect(await page(new Request(`${ORIGIN}${path}`, { method: "POST" }))).toBeNull();
  }
  expect(await page(get("/nothing", { accept: "*/*" }))).toBeNull();
  expectIn(await textOf(page, get("/nothing"), 404), "All pipelines");
});

import { expect } from "packages/expect.ts";
import { DELIVERY_LIMITS, post, Undelivered } from "../../src/observe/post.ts";
import { deafOrigin, receiver, stillClock } from "./support.ts";

const MESSAGE = { headers: { "content-type": "application/json", "x-key": "k" }, body: "{}" };

function context() {
  const clock = stillClock();
  return { clock, random: () => 1, fetch };
}

Deno.test("post() delivers body and headers, once", async () => {
  await using server = receiver();
  await post({ ...MESSAGE, url: `${server.origin}/hook?a=1` }, context());
  expect(server.received.map(({ path, body }) => [path, body])).toEqual([["/hook?a=1", "{}"]]);
  expect(server.received[0].headers.get("x-key")).toBe("k");
});

Deno.test("post() tries again what may go well later, with growing waits", async () => {
  await using server = receiver((_request, index) =>
    new Response(null, { status: [500, 429, 503, 200][index] })
  );
  const each = context();
  await post({ ...MESSAGE, url: server.origin }, each);
  expect(server.received).toHaveLength(4);
  expect(each.clock.slept).toEqual([1_000, 2_000, 4_000]);
});

Deno.test("post() waits as long as the server asks for, within its cap", async () => {
  await using server = receiver((_request, index) =>
    new Response(null, {
      status: index < 2 ? 429 : 204,
      headers: { "retry-after": ["3", "3600"][index] ?? "" },
    })
  );
  const each = context();
  await post({ ...MESSAGE, url: server.origin }, each);
  expect(each.clock.slept).toEqual([3_000, DELIVERY_LIMITS.cap]);
});

Deno.test("post() gives up at once where the request itself is wrong", async () => {
  await using server = receiver(() => new Response("no such hook", { status: 404 }));
  const { host } = new URL(server.origin);
  const posting = post(
    { ...MESSAGE, url: `${server.origin}/services/SECRET?token=SECRET` },
    context(),
  );
  await expect(posting).rejects.toThrow(new Undelivered(`${host} answered 404`));
  expect(server.received).toHaveLength(1);
});

Deno.test("post() gives up after its attempts, and does not tell the path", async () => {
  const origin = deafOrigin();
  const { host } = new URL(origin);
  await expect(post({ ...MESSAGE, url: `${origin}/SECRET` }, context()))
    .rejects.toThrow(new Undelivered(`${host} could not be reached in 4 attempts`));
});

Deno.test("post() does not wait for ever", async () => {
  const free = Promise.withResolvers<Response>();
  await using server = receiver(() => free.promise);
  const limits = { attempts: 2, timeout: 50, base: 1, cap: 1 };
  await expect(post({ ...MESSAGE, url: server.origin }, context(), limits))
    .rejects.toThrow("did not answer within 0.05 s in 2 attempts");
  free.resolve(new Response());
});

Deno.test("post() does not follow a redirect: the message would not arrive", async () => {
  await using server = receiver(() =>
    new Response(null, { status: 302, headers: { location: "/" } })
  );
  await expect(post({ ...MESSAGE, url: server.origin }, context())).rejects.toThrow("answered 302");
  expect(server.received).toHaveLength(1);
});

Deno.test("post() of what is no URL says so without quoting it", async () => {
  await expect(post({ ...MESSAGE, url: "SECRET" }, context()))
    .rejects.toThrow("The address could not be reached in 4 attempts");
});

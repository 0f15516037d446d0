import { expect } from "packages/expect.ts";
import { openOutput } from "../../src/cli/output.ts";
import { capture } from "./support.ts";

const target = {
  isTerminal: false,
  columns: () => 80,
  redact: (text: string) => text.replaceAll("hunter2", "***"),
  variables: {},
};

Deno.test("openOutput keeps order and finishes short writes", async () => {
  const bytes: number[] = [];
  const output = openOutput({
    ...target,
    async write(chunk) {
      await Promise.resolve();
      bytes.push(chunk[0]);
      return 1;
    },
  });
  output.write("one ");
  output.write("twö");
  await output.flush();
  expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe("one twö");
});

Deno.test("openOutput goes quiet when its reader has gone", async () => {
  let writes = 0;
  const output = openOutput({
    ...target,
    write() {
      writes++;
      return Promise.reject(new Deno.errors.BrokenPipe("gone"));
    },
  });
  output.write("a");
  output.write("b");
  await output.flush();
  output.write("c");
  await output.flush();
  expect(writes).toBe(1);
});

Deno.test("openOutput reports any other failure at the flush", async () => {
  const output = openOutput({ ...target, write: () => Promise.reject(new Error("disk full")) });
  output.write("a");
  await expect(output.flush()).rejects.toThrow("disk full");
});

Deno.test("write removes secrets, writeSecret is for the one result that is one", async () => {
  const output = capture({ redact: target.redact });
  output.write("hunter2\n");
  output.writeSecret("hunter2\n");
  await output.flush();
  expect(output.text()).toBe("***\nhunter2\n");
});

Deno.test("colors need a terminal, and nobody who said no", () => {
  const colors = (isTerminal: boolean, variables: Record<string, string>) =>
    capture({ isTerminal, variables }).colors;
  expect(colors(true, {})).toBe(true);
  expect(colors(false, {})).toBe(false);
  expect(colors(true, { NO_COLOR: "1" })).toBe(false);
  expect(colors(true, { NO_COLOR: "" })).toBe(true);
  expect(colors(true, { TERM: "dumb" })).toBe(false);
});

Deno.test("outputs that share their turns are written in the order of their texts", async () => {
  const written: string[] = [];
  const turns = { last: Promise.resolve() };
  const gate = Promise.withResolvers<void>();
  const slow = (name: string, ready: Promise<void>) =>
    openOutput({
      async write(bytes) {
        await ready;
        written.push(`${name}${new TextDecoder().decode(bytes)}`);
        return bytes.length;
      },
      isTerminal: true,
      columns: () => 80,
      redact: (text) => text,
      variables: {},
      turns,
    });
  const [out, err] = [slow("out ", Promise.resolve()), slow("err ", gate.promise)];
  err.write("1");
  out.write("2");
  err.write("3");
  out.write("4");
  gate.resolve();
  await out.flush();
  expect(written).toEqual(["err 1", "out 2", "err 3", "out 4"]);
});

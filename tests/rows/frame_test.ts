import { expect } from "packages/expect.ts";
import { Frame } from "../../src/rows/frame.ts";

Deno.test("Frame.reserve makes room and keeps what is written", () => {
  const frame = new Frame(4);
  frame.bytes.set([1, 2, 3]);
  frame.length = 3;
  frame.reserve(1);
  expect(frame.bytes.length).toBe(4);
  frame.reserve(2);
  expect(frame.bytes.length).toBe(8);
  frame.reserve(1000);
  expect(frame.bytes.length).toBe(1003);
  expect([...frame.bytes.subarray(0, 3)]).toEqual([1, 2, 3]);
  expect(frame.view.buffer).toBe(frame.bytes.buffer);
});

Deno.test("Frame.reserve makes room in a frame without any", () => {
  const frame = new Frame(0);
  frame.reserve(1);
  expect(frame.bytes.length).toBe(1);
});

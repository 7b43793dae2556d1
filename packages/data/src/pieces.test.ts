import { expect, test } from "vitest";
import { atOnce, withPauses, type Pieces } from "./pieces.ts";

function* counted(pieces: number): Pieces<number> {
  for (let i = 0; i < pieces; i++) yield;
  return pieces;
}

/** Work that never ends, and takes this long for each piece. */
function* endless(milliseconds: number): Pieces<never> {
  for (;;) {
    for (const end = performance.now() + milliseconds; performance.now() < end;);
    yield;
  }
}

test("work in pieces gives the same with pauses and without", async () => {
  expect(atOnce(counted(5))).toBe(5);
  expect(await withPauses(counted(5), new AbortController().signal)).toBe(5);
});

test("a stop is heard in the midst of it, with its reason", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason), 10);
  const began = performance.now();
  await expect(withPauses(endless(1), controller.signal)).rejects.toBe(reason);
  expect(performance.now() - began).toBeLessThan(1000);
});

test("what fails, fails", async () => {
  // eslint-disable-next-line require-yield
  function* broken(): Pieces<never> {
    throw new Error("broken");
  }
  expect(() => atOnce(broken())).toThrow("broken");
  await expect(withPauses(broken(), new AbortController().signal)).rejects.toThrow("broken");
});

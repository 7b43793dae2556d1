import type { AttuneError } from "@attune/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { holdOut, holdOutStoppably, type Split } from "./hold-out.ts";
import { idOf, textOf, type Row, type Text } from "./row.ts";

const links = (row: Row): string[] => [row.anchor, ...row.positives.map(textOf), ...row.positives.flatMap((text) => idOf(text) ?? [])];

test("about the fraction, never more; order kept; the seed decides", () => {
  const rows = Array.from({ length: 200 }, (_, i): Row => ({ anchor: `a${i}`, positives: [`p${Math.floor(i / 3)}`], negatives: [] }));
  const { training, heldOut } = holdOut(rows, 0.1, 1);
  expect(training.length + heldOut.length).toBe(200);
  expect(heldOut.length).toBeGreaterThanOrEqual(18);
  expect(heldOut.length).toBeLessThanOrEqual(20);
  expect(rows.filter((row) => heldOut.includes(row))).toEqual(heldOut);
  expect(holdOut(rows, 0.1, 1)).toEqual({ training, heldOut });
  expect(holdOut(rows, 0.1, 2).heldOut).not.toEqual(heldOut);
});

test("nothing is shared between the sides, also through chains", () => {
  const texts = fc.nat(30).map((n): Text => (n % 2 ? `t${n}` : { id: `d${n % 8}`, text: `t${n}` }));
  const someRows = fc.array(
    fc.record({ anchor: fc.nat(40).map((n) => `a${n}`), positives: fc.array(texts, { minLength: 1, maxLength: 3 }) }),
    { minLength: 2 },
  );
  fc.assert(
    fc.property(someRows, fc.nat(), (raw, seed) => {
      const rows = raw.map((row): Row => ({ ...row, negatives: [] }));
      const { training, heldOut } = holdOutOrNothing(rows, seed);
      const seen = new Set(training.flatMap(links));
      for (const row of heldOut) expect(links(row).some((link) => seen.has(link))).toBe(false);
      expect(training.length).toBeGreaterThan(0);
      expect(training.length + heldOut.length).toBe(rows.length);
    }),
  );
});

/** Some drawn data is linked throughout: E_HOLD_OUT is then the right answer. */
function holdOutOrNothing(rows: Row[], seed: number): Split {
  try {
    return holdOut(rows, 0.3, seed);
  } catch (error) {
    if ((error as AttuneError).code !== "E_HOLD_OUT") throw error;
    return { training: rows, heldOut: [] };
  }
}

test("texts that differ in case and white space alone are one, ids of several data sets are not", () => {
  const written = (text: string, i: number): string => (i % 2 === 0 ? text : ` ${text.toUpperCase()}\t`);
  const halves = Array.from({ length: 40 }, (_, i): Row => {
    const half = Math.floor(i / 2);
    return { anchor: i < 20 ? written(`a ${half}`, i) : `a ${i}`, positives: [i < 20 ? `p ${i}` : written(`p ${half}`, i)], negatives: [] };
  });
  const { heldOut } = holdOut(halves, 0.2, 1);
  expect(heldOut.length).toBe(8);
  const numbers = heldOut.map((row) => halves.indexOf(row));
  for (const number of numbers) expect(numbers).toContain(number ^ 1);
  const ofSets = Array.from({ length: 10 }, (_, i): Row => {
    const text = `p ${i}`;
    return { anchor: `a ${i}`, positives: [{ id: "0", text, ...(i > 0 && { source: i }) }], negatives: [] };
  });
  expect(holdOut(ofSets, 0.2, 1).heldOut.length).toBe(2);
});

test("rows that all share a positive cannot be split", () => {
  const rows = Array.from({ length: 50 }, (_, i): Row => ({ anchor: `a${i}`, positives: ["one label"], negatives: [] }));
  expect(() => holdOut(rows, 0.1, 1)).toThrow(expect.objectContaining({ code: "E_HOLD_OUT" }));
});

test("what would leave nothing to train on is named so", () => {
  const rows = Array.from({ length: 2 }, (_, i): Row => ({ anchor: `a${i}`, positives: [`p${i}`], negatives: [] }));
  expect(() => holdOut(rows, 0.9, 1)).toThrow("E_HOLD_OUT hold-out 2 of 2 rows held out leaves nothing to train on");
  expect(() => holdOut(rows.slice(1), 0.05, 1)).toThrow("1 of 1 row held out leaves nothing");
});

test("many rows of which none stands alone are refused in a sentence", () => {
  const rows = Array.from({ length: 400_000 }, (_, i): Row => ({ anchor: `${i >> 1}`, positives: ["p"], negatives: [] }));
  const pairs = rows.map((row, i): Row => ({ ...row, positives: [`${i >> 1}`] }));
  expect(() => holdOut(pairs, 1e-6, 1)).toThrow("the smallest linked group has 2");
});

test("with pauses the split is the same, and a stop is heard", async () => {
  const rows = Array.from({ length: 3000 }, (_, i): Row => ({ anchor: `a${i}`, positives: [`p${i >> 1}`], negatives: [] }));
  expect(await holdOutStoppably(rows, 0.1, 1, new AbortController().signal)).toEqual(holdOut(rows, 0.1, 1));
  const slow = new Proxy(rows[0], {
    get(row, key) {
      for (const end = performance.now() + 0.1; performance.now() < end;);
      return Reflect.get(row, key) as unknown;
    },
  });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 10);
  const many = rows.map(() => slow);
  await expect(holdOutStoppably(many, 0.1, 1, controller.signal)).rejects.toMatchObject({ name: "AbortError" });
});

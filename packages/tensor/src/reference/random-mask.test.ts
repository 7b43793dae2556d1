import { describe, expect, it } from "vitest";
import { headMask, keepScale, maskRow } from "./random-mask.ts";

const random = { p: 0.1, seed: 42, step: 3, site: 7, row: 5 };
const kept = (row: Float64Array): string => Array.from(row, (value) => (value > 0 ? "1" : "0")).join("");

describe("maskRow", () => {
  it("never changes: every seed depends on it", () => {
    expect(kept(maskRow({ ...random, p: 0.5 }, 0, 40))).toMatchInlineSnapshot(`"1110101001001111010010101001001011000000"`);
    expect(
      kept(maskRow({ p: 0.5, seed: 2 ** 53 - 1, step: 2 ** 32 - 1, site: 2 ** 32 - 1, row: 2 ** 32 - 1 }, 1, 40)),
    ).toMatchInlineSnapshot(`"0100111000111001010110001000100100100000"`);
  });

  it("keeps the share and scales exactly", () => {
    const row = maskRow(random, 0, 100_000);
    const share = row.filter((value) => value > 0).length / row.length;
    expect(Math.abs(share - 0.9)).toBeLessThan(0.004); // four standard deviations
    expect(new Set(row)).toEqual(new Set([0, keepScale(0.1)]));
    expect(keepScale(0.1)).toBe(65536 / (65536 - 6554));
    expect(keepScale(0.5)).toBe(2);
  });

  it("depends on the row of the whole batch and on nothing else", () => {
    expect(maskRow({ ...random, row: 0 }, 5, 33)).toEqual(maskRow(random, 0, 33));
    expect(maskRow(random, 0, 33).slice(0, 20)).toEqual(maskRow(random, 0, 20));
    for (const other of [{ seed: 43 }, { step: 4 }, { site: 8 }, { row: 6 }]) {
      expect(maskRow({ ...random, p: 0.5, ...other }, 0, 64)).not.toEqual(maskRow({ ...random, p: 0.5 }, 0, 64));
    }
  });

  it("is all ones without a mask or with p = 0", () => {
    expect([...maskRow(undefined, 0, 3), ...maskRow({ ...random, p: 0 }, 0, 3)]).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it("has a site for each head", () => {
    expect(headMask(random, 0)).toEqual(random);
    expect(headMask(random, 3)?.site).toBe((7 + 3 * 0x9e3779b9) % 2 ** 32);
    expect(headMask(undefined, 3)).toBeUndefined();
  });
});

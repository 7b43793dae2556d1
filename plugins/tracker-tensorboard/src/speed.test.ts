import { expect, it } from "vitest";
import { Speed } from "./speed.ts";

it("says nothing of the first three steps, and is steady where steps are", () => {
  const speed = new Speed();
  const values = Array.from({ length: 20 }, (_, i) => speed.after(300, 7 + i * 0.5));
  expect(values).toEqual([undefined, undefined, undefined, ...Array.from({ length: 17 }, () => 600)]);
});

it("forgets what lies more than ten steps back", () => {
  const speed = new Speed();
  let seconds = 0;
  for (let i = 0; i < 12; i++) speed.after(100, (seconds += 10));
  for (let i = 0; i < 9; i++) speed.after(100, (seconds += 1));
  expect(speed.after(100, (seconds += 1))).toBeCloseTo(100, 9);
});

it("is off by one step at most where two steps are told at once", () => {
  const speed = new Speed();
  const values = Array.from({ length: 40 }, (_, i) => speed.after(100, Math.floor(i / 2) * 2)); // one a second
  for (const value of values.slice(10)) expect(value).toBeGreaterThan(89);
  for (const value of values.slice(10)) expect(value).toBeLessThan(112);
});

it("has no value where the clock stands", () => {
  const speed = new Speed();
  expect(Array.from({ length: 6 }, () => speed.after(100, 1))).toEqual([undefined, undefined, undefined, undefined, undefined, undefined]);
});

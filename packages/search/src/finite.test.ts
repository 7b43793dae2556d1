import { expect, test } from "vitest";
import { expectFiniteScores, expectFiniteVectors } from "./finite.ts";

const thrown = (sentence: string) => expect.objectContaining({ code: "E_NON_FINITE", sentence });

test("the first text whose vector is not of numbers is named", () => {
  const texts = ["a", "b", "c"];
  expect(() => expectFiniteVectors(Float32Array.of(1, 2, 3, 4, 5, 6), texts)).not.toThrow();
  expect(() => expectFiniteVectors(Float32Array.of(1, 2, 3, NaN, NaN, 6), texts)).toThrow(thrown('embedding of "b" contains NaN'));
  expect(() => expectFiniteVectors(Float32Array.of(1, 2, 3, 4, -Infinity, 6), texts)).toThrow(
    thrown('embedding of "c" contains -Infinity'),
  );
  expect(() => expectFiniteVectors(new Float32Array(), [])).not.toThrow();
});

test("the first pair whose score is no number is named", () => {
  const pairs = ["a", "b"].map((document) => ({ query: "q", document }));
  expect(() => expectFiniteScores([0, -1], pairs)).not.toThrow();
  expect(() => expectFiniteScores([0, NaN], pairs)).toThrow(thrown('score of "q" with "b" is NaN'));
});

import { expect, test } from "vitest";
import { queryAnswers } from "./query-answers.ts";

const set = {
  queries: new Map([
    ["q1", "how do I reset it"],
    ["q2", "why is it dark"],
  ]),
  corpus: new Map([
    ["a", "Restoring factory settings"],
    ["b", "Screen stays black"],
    ["c", "Delivery times"],
  ]),
  qrels: new Map([
    ["q1", new Map(Object.entries({ a: 1, b: 0 }))],
    ["q2", new Map(Object.entries({ a: 2, b: 1 }))],
  ]),
};
const embeddings = { queries: Float32Array.of(1, 0, 0, 1), corpus: Float32Array.of(0.5, 0.25, 0.75, 0.5, 0, 0), dimension: 2 };

test("the right answer is scored outside the hits too, and the wrong one is the first hit that is not relevant", () => {
  const run = new Map([["q1", [{ document: "b", score: 0.75 }]]]);
  expect(queryAnswers(set, run, embeddings)).toEqual([
    {
      query: "how do I reset it",
      right: { text: "Restoring factory settings", score: 0.5 },
      wrong: { text: "Screen stays black", score: 0.75 },
    },
  ]);
});

test("both answers are scored by the embeddings: an index knows its hits only roughly, and may find what the set does not have", () => {
  const rough = new Map([["q1", ["elsewhere", "b"].map((document) => ({ document, score: 0.25 }))]]);
  expect(queryAnswers(set, rough, embeddings)[0].wrong).toEqual({ text: "Screen stays black", score: 0.75 });
});

test("of several right answers the best is taken, and a query without a wrong hit is left out", () => {
  const hits = [
    { document: "b", score: 0.5 },
    { document: "a", score: 0.25 },
  ];
  const both = [...hits, { document: "c", score: 0 }];
  expect(queryAnswers(set, new Map([["q2", hits]]), embeddings)).toEqual([]);
  expect(queryAnswers(set, new Map([["q2", both]]), embeddings)).toEqual([
    { query: "why is it dark", right: { text: "Screen stays black", score: 0.5 }, wrong: { text: "Delivery times", score: 0 } },
  ]);
});

import { expect, test } from "vitest";
import { factsOf, factsStoppably, fingerprintRows } from "./fingerprint.ts";
import type { Row } from "./row.ts";

const row: Row = {
  id: "1",
  anchor: "a",
  positives: ["p", { id: "d", text: "q" }],
  negatives: ["n"],
  label: 1,
  score: 0.5,
  positiveScores: [1, 2],
  negativeScores: [3],
  prompt: "P",
  type: "t",
};
const other: Row = { anchor: "b", positives: ["q"], negatives: [] };

test("equal content gives equal fingerprints, whatever the order of keys", () => {
  const print = fingerprintRows([row, other]);
  expect(print).toMatch(/^[0-9a-f]{32}$/);
  expect(print).toBe("6d71cd52fdef7017b48109b28282e5b0");
  const reversed = Object.fromEntries(Object.entries(row).toReversed()) as unknown as Row;
  expect(fingerprintRows([reversed, { ...other }])).toBe(print);
});

test("every field, the split into texts and the order of rows count", () => {
  const changes: Partial<Row>[] = [
    { id: "2" },
    { anchor: "A" },
    { positives: ["p", "q"] },
    { positives: ["p", { id: "e", text: "q" }] },
    { positives: ["pq"] },
    { positives: ["p", { id: "d", text: "q" }, "n"], negatives: [] },
    { label: 2 },
    { label: 0.5, score: 1 },
    { positiveScores: [2, 1] },
    { negativeScores: [4] },
    { prompt: "Q" },
    { type: "u" },
    { weight: 2 },
  ];
  const prints = [[row, other], [other, row], [row], [], ...changes.map((change) => [{ ...row, ...change }, other])].map(fingerprintRows);
  expect(new Set(prints).size).toBe(prints.length);
});

test("no collision in 20,000 near-equal texts, in no quarter more than chance gives", () => {
  const prints = Array.from({ length: 20_000 }, (_, i) =>
    fingerprintRows([{ anchor: `text number ${i}`, positives: ["p"], negatives: [] }]),
  );
  expect(new Set(prints).size).toBe(prints.length);
  for (const at of [0, 8, 16, 24]) expect(new Set(prints.map((print) => print.slice(at, at + 8))).size).toBeGreaterThan(19_995);
});

test("facts of many rows: the same with pauses, in which a stop is heard", async () => {
  expect(await factsStoppably([row, other], new AbortController().signal)).toEqual(factsOf([row, other]));
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  function* endless(): Generator<Row> {
    for (;;) yield row;
  }
  await expect(factsStoppably(endless(), controller.signal)).rejects.toMatchObject({ name: "AbortError" });
});

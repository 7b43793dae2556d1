import { memoryFiles } from "@attune/data";
import { describe, expect, test } from "vitest";
import { readTrecQrels, readTrecRun, trecRunLines } from "./trec-files.ts";

const qrelsOf = (text: string) => readTrecQrels(memoryFiles({ file: text }), "file");
const runOf = (text: string) => readTrecRun(memoryFiles({ file: text }), "file");

test("judgements in four columns or three, with a header or none", async () => {
  const expected = new Map([
    [
      "q1",
      new Map([
        ["d1", 2],
        ["d2", -1],
      ]),
    ],
    ["q2", new Map([["d1", 0]])],
  ]);
  expect(await qrelsOf("q1 0 d1 2\nq1 0 d2 -1\n\nq2  0 d1 0\r\n")).toEqual(expected);
  expect(await qrelsOf("query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t-1\nq2\td1\t0\n")).toEqual(expected);
  expect(await qrelsOf("q1\td1\t2\nq1\td2\t-1\nq2\td1\t0")).toEqual(expected);
  expect(await qrelsOf("a b\tc d\t1\n")).toEqual(new Map([["a b", new Map([["c d", 1]])]]));
});

test("a run in six columns or three; what is written is read again", async () => {
  const run = new Map([
    [
      "q1",
      [
        { document: "d2", score: 1.5 },
        { document: "d1", score: Math.fround(0.1) },
      ],
    ],
    ["q 2", [{ document: "d 1", score: -3e-7 }]],
  ]);
  expect(await runOf([...trecRunLines(run, "attune")].join(""))).toEqual(run);
  expect([...trecRunLines(run, "attune")][0]).toBe("q1\tQ0\td2\t1\t1.5\tattune\n");
  for (const id of ["two\nlines", "a\ttab", " space", "space ", ""]) {
    const lines = (query: string, document: string) => [...trecRunLines(new Map([[query, [{ document, score: 1 }]]]), "attune")];
    expect(() => lines("q", id)).toThrow(/E_TEXT document .* cannot be an id in a TREC run/);
    expect(() => lines(id, "d")).toThrow(/E_TEXT query .* cannot be an id in a TREC run/);
  }
  const spaced = await runOf("q1 Q0 d2 1 1.5 t\nq1 Q0 d1 2 0.5 t\n");
  expect(await runOf("q1\td2\t1.5\nq1\td1\t0.5\n")).toEqual(spaced);
});

describe("bad lines are named", () => {
  test.each([
    { read: qrelsOf, text: "q1 0 d1 1\nq1 d1\n", code: "E_ROW", place: "file:2" },
    { read: qrelsOf, text: "q1 0 d1 1\nq1 0 d1 1\n", code: "E_ROW", place: "file:2" },
    { read: qrelsOf, text: "q1 0 d1 1\nq2 0 d1 yes\n", code: "E_ROW", place: 'file:2 "relevance"' },
    { read: qrelsOf, text: "query-id\tcorpus-id\tscore\n", code: "E_EMPTY", place: "file" },
    { read: runOf, text: "q1 Q0 d1 1 0.5\n", code: "E_ROW", place: "file:1" },
    { read: runOf, text: "q1 Q0 d1 1 NaN t\n", code: "E_ROW", place: 'file:1 "score"' },
    { read: runOf, text: "q1 Q0 d1 1 2 t\nq1 Q0 d1 2 1 t\n", code: "E_ROW", place: "file:2" },
    { read: runOf, text: "\n", code: "E_EMPTY", place: "file" },
  ])("$code $place of $text", ({ read, text, code, place }) => expect(read(text)).rejects.toMatchObject({ code, place }));

  test("by their beginning: whoever gives a corpus for a run is not shown a whole document", async () => {
    const document = JSON.stringify({ _id: "d1", text: "word ".repeat(2000) });
    const words = `q1 Q0 d1 1 ${"9".repeat(5000)}x t`;
    for (const [read, text] of [
      [runOf, document],
      [qrelsOf, document],
      [runOf, words],
    ] as const)
      // prettier-ignore
      await expect(read(`${text}\n`)).rejects.toMatchObject({ code: "E_ROW", got: expect.stringMatching(/^.{1,60}$/s) });
  });
});

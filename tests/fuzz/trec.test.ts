// TREC runs and judgements under arbitrary bytes.

import { expect, test } from "vitest";
import { readTrecQrels, readTrecRun } from "../../packages/evaluation/src/index.ts";
import { fuzz, seed } from "./harness.ts";

test(`TREC runs and judgements (seed ${seed})`, async () => {
  const dictionary = [
    "\t",
    "\n",
    " ",
    "Q0",
    "NaN",
    "-Infinity",
    "1e309",
    "0x10",
    "q1",
    "d1",
    "\u0000",
    "\u2028",
    Uint8Array.of(0xff),
    "query-id\tcorpus-id\tscore\n",
  ];
  const run = await fuzz({
    bases: ["q1 Q0 d1 1 0.5 tag\nq1 Q0 d2 2 0.25 tag\nq2\tQ0\td 1\t1\t7\ttag\n", "q1 d1 0.5\n"],
    dictionary,
    read: (files) => readTrecRun(files, "m"),
  });
  expect(Object.keys(run).sort()).toEqual(["E_EMPTY", "E_ROW", "read"]);
  const qrels = await fuzz({
    bases: ["query-id\tcorpus-id\tscore\nq1\td1\t1\n", "q1 0 d1 1\nq2 0 d1 0\n"],
    dictionary,
    read: (files) => readTrecQrels(files, "m"),
  });
  expect(Object.keys(qrels).sort()).toEqual(["E_EMPTY", "E_ROW", "read"]);
});

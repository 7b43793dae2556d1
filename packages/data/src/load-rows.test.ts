import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { loadRows } from "./load-rows.ts";
import { memoryFiles } from "./memory-files.ts";
import { planBatches } from "./plan-batches.ts";
import { randomSampler } from "./random-sampler.ts";

const pair = (anchor: string, positive = "p"): string => `${JSON.stringify({ anchor, positive })}\n`;
const files = memoryFiles({
  "data/1.jsonl": pair("a") + pair("b"),
  "data/2.jsonl.gz": gzipSync(pair("c")),
  "data/deep/3.tsv": "d\tp\n",
  "bad/1.jsonl": `${pair("e")}{\n`,
  "bad/2.jsonl": `${pair("f", "")}${pair("g")}`,
  "bad/none.jsonl": "{\n",
  "other.jsonl": '{"title": "t", "abstract": "x"}\n',
  "beir/corpus.jsonl": '{"_id": "1", "text": "document"}\n',
  "beir/queries.jsonl": '{"_id": "1", "text": "question"}\n',
  "beir/qrels/dev.tsv": "1\t1\t1\n",
});

describe("several data sets", () => {
  test("a pattern: the rows of all files by name, each with its format", async () => {
    const { rows, files: loaded, format } = await loadRows(files, "data/**");
    expect(rows.map(({ anchor }) => anchor)).toEqual(["a", "b", "c", "d"]);
    expect(loaded.map(({ path, format: { file }, rows: count }) => [path, file, count])).toEqual([
      ["data/1.jsonl", "jsonl", 2],
      ["data/2.jsonl.gz", "jsonl", 1],
      ["data/deep/3.tsv", "tsv", 1],
    ]);
    expect(format.file).toBe("jsonl");
  });

  test("a list: its own order, columns, split and weight for each", async () => {
    const columns = { anchor: "title", positive: "abstract" };
    const { rows, files: loaded } = await loadRows(files, [
      { path: "other.jsonl", columns, weight: 0.5 },
      "data/1.jsonl",
      { path: "beir", split: "dev", weight: 3 },
    ]);
    expect(rows).toEqual([
      { anchor: "t", positives: ["x"], negatives: [], weight: 0.5 },
      { anchor: "a", positives: ["p"], negatives: [] },
      { anchor: "b", positives: ["p"], negatives: [] },
      { id: "1", anchor: "question", positives: [{ id: "1", text: "document" }], negatives: [], weight: 3 },
    ]);
    expect(loaded.map(({ weight }) => weight)).toEqual([0.5, 1, 3]);
    const plan = planBatches(rows, { sampler: randomSampler, batchSize: 100, epochs: 2, seed: 1 });
    const anchors = [...plan.from()].flatMap(({ examples }) => examples.map(({ anchor }) => anchor)).toSorted();
    expect(anchors.join(" ")).toBe("a a b b question question question question question question t");
  });

  test("where each row stands: its file and line, or its folder and query", async () => {
    const sources = ["bad/1.jsonl", { path: "beir", split: "dev" }, "bad/2.jsonl", "data/deep/3.tsv"];
    const { rows, placeOf } = await loadRows(files, sources, { skipBadRows: true });
    expect(rows.map((_, row) => placeOf(row))).toEqual(["bad/1.jsonl:1", 'beir, query "1"', "bad/2.jsonl:2", "data/deep/3.tsv:1"]);
    expect(placeOf(rows.length)).toBeUndefined();
  });

  test("bad rows of all files are counted together, the first is the first in order", async () => {
    await expect(loadRows(files, ["bad/1.jsonl", "bad/2.jsonl"])).rejects.toMatchObject({
      code: "E_ROW",
      place: "bad/1.jsonl:2",
      hint: "--skip-bad-rows leaves such rows out (2 of 4 here)",
    });
    const { rows, bad, files: loaded } = await loadRows(files, ["bad/1.jsonl", "bad/2.jsonl"], { skipBadRows: true });
    expect(rows.map(({ anchor }) => anchor)).toEqual(["e", "g"]);
    expect(bad).toMatchObject({ count: 2, first: { place: "bad/1.jsonl:2" } });
    expect(loaded.map(({ bad: count }) => count)).toEqual([1, 1]);
    await expect(loadRows(files, "bad/*", { skipBadRows: true })).rejects.toMatchObject({ code: "E_EMPTY", place: "bad/none.jsonl" });
    await expect(loadRows(files, ["bad/none.jsonl", "data/1.jsonl"])).rejects.toMatchObject({ code: "E_ROW", place: "bad/none.jsonl:1" });
  });

  test.each([
    ["nothing", [], "data"],
    ["a weight of 0", [{ path: "other.jsonl", weight: 0 }], "weight of other.jsonl"],
    ["a weight that is no number", [{ path: "other.jsonl", weight: NaN }], "weight of other.jsonl"],
    ["a file named twice", ["data/*.jsonl", "data/1.jsonl"], "data/1.jsonl"],
    ["a file named twice in two spellings", ["data/*.jsonl", ".//data/./1.jsonl"], ".//data/./1.jsonl"],
    ["a column that rows do not have", [{ path: "other.jsonl", columns: { ancor: "title" } }], "columns"],
  ])("%s is E_OPTION", async (_, sources, place) => {
    await expect(loadRows(files, sources)).rejects.toMatchObject({ code: "E_OPTION", place });
  });

  test("a pattern without a match, a file that is not there", async () => {
    await expect(loadRows(files, ["data/1.jsonl", "data/*.csv"])).rejects.toMatchObject({ code: "E_NO_FILE", place: "data/*.csv" });
    await expect(loadRows(files, ["data/1.jsonl", "none.jsonl"])).rejects.toMatchObject({ code: "E_NO_FILE", place: "none.jsonl" });
  });
});

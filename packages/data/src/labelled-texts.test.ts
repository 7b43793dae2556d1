import { expect, test } from "vitest";
import { readLabelledTexts } from "./labelled-texts.ts";
import { memoryFiles } from "./memory-files.ts";

const files = memoryFiles({
  "a.jsonl": '{"text": "red fox", "label": 3}\n\n{"text": "blue whale", "label": "sea"}\n',
  "b.tsv": "sentence\tlabel\nred fox\t1\n",
  "c.csv": "body,topic,label\nred,x,1\n",
  "d.csv": "Text,Category\nred fox,1\n",
  "no-label.jsonl": '{"text": "red fox"}\n',
  "null-label.jsonl": '{"text": "red fox", "label": 0}\n{"text": "red", "label": null}\n',
  "empty.jsonl": "\n",
});

test("texts with classes come from JSONL, TSV and CSV, under the usual names or given ones", async () => {
  expect(await readLabelledTexts(files, "a.jsonl")).toEqual([
    { text: "red fox", label: "3" },
    { text: "blue whale", label: "sea" },
  ]);
  expect(await readLabelledTexts(files, "b.tsv")).toEqual([{ text: "red fox", label: "1" }]);
  expect(await readLabelledTexts(files, "c.csv", { text: "body", label: "topic" })).toEqual([{ text: "red", label: "x" }]);
  expect(await readLabelledTexts(files, "d.csv")).toEqual([{ text: "red fox", label: "1" }]);
});

test("names that the data does not have are E_OPTION", async () => {
  await expect(readLabelledTexts(files, "c.csv", { text: "bodi" })).rejects.toMatchObject({
    code: "E_OPTION",
    hint: 'did you mean "body"?',
  });
  await expect(readLabelledTexts(files, "a.jsonl", { label: "labl" })).rejects.toMatchObject({ code: "E_OPTION", place: "a.jsonl:1" });
});

test.each([
  ["no-label.jsonl", { code: "E_LAYOUT", place: "no-label.jsonl:1", hint: "name the column (--columns label=NAME)" }],
  ["null-label.jsonl", { code: "E_ROW", place: 'null-label.jsonl:2 "label"', hint: undefined }],
  ["empty.jsonl", { code: "E_EMPTY" }],
  ["missing.jsonl", { code: "E_NO_FILE" }],
])("%s", async (path, expected) => {
  await expect(readLabelledTexts(files, path)).rejects.toMatchObject(expected);
});

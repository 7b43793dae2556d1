import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readDocuments } from "./documents.ts";
import { memoryFiles } from "./memory-files.ts";

const read = async (name: string, content: string | Uint8Array, column?: string) => {
  const files = memoryFiles({ [name]: content });
  return Array.fromAsync(readDocuments(files, name, column === undefined ? {} : { column }));
};
const texts = async (...given: Parameters<typeof read>) => (await read(...given)).map(({ text }) => text);

test("a line is a document, a blank line none", async () => {
  expect(await read("d.txt", "\uFEFFone\r\n\n two \n")).toEqual([
    { id: undefined, text: "one" },
    { id: undefined, text: " two " },
  ]);
});

test("JSON lines: text with its title and id, as a BEIR corpus has them", async () => {
  const lines = '{"_id": "7", "title": "A", "text": "b"}\n{"_id": 8, "title": "", "text": "c"}\n{"_id": "9", "text": ""}\n';
  const expected = [
    { id: "7", text: "A b" },
    { id: "8", text: "c" },
    { id: "9", text: "" },
  ];
  expect(await read("d.jsonl", lines)).toEqual(expected);
  expect(await read("d.jsonl.gz", gzipSync(lines))).toEqual(expected);
  expect(await texts("d.jsonl", lines.split('{"_id": "9"')[0], "title")).toEqual(["A", ""]);
  expect(await texts("d", '{"body": "x"}\n', "body")).toEqual(["x"]);
  expect(await texts("d.jsonl", '{"passage": "x"}\n')).toEqual(["x"]);
});

test("tables have a header, whatever it says", async () => {
  expect(await read("d.csv", 'id,text\n1,"a, ""b"""\n2,\n')).toEqual([
    { id: "1", text: 'a, "b"' },
    { id: "2", text: "" },
  ]);
  expect(await texts("d.tsv", "body\tnote\nx\ty\n", "body")).toEqual(["x"]);
});

test.each([
  ["d.jsonl", '{"body": "x"}\n', undefined, "E_LAYOUT", 'd.jsonl:1 expected a text under "text", "document"'],
  ["d.jsonl", '{"text": "x"}\n', "body", "E_LAYOUT", 'd.jsonl:1 expected a column "body", got the columns text'],
  ["d.csv", "body\nx\n", undefined, "E_LAYOUT", "got the columns body"],
  ["d.csv", "text,id\nx\n", undefined, "E_ROW", "d.csv:2 expected 2 columns, got 1"],
  ["d.jsonl", '{"text": "x"}\n{"text": 3}\n', undefined, "E_ROW", 'd.jsonl:2 "text" expected a string, got 3'],
  ["d.jsonl", '{"text": "x"}\n{"id": 3}\n', undefined, "E_ROW", 'd.jsonl:2 "text" expected a string, got nothing'],
  ["d.jsonl", '{"text": "x"}\nnone\n', undefined, "E_ROW", "d.jsonl:2 expected valid JSON"],
  ["d.txt", "a\n\n\u0000".replace("\u0000", "\n"), "x", "E_ROW", "d.txt:1 expected valid JSON"],
  ["d.txt", "\n\n", undefined, "E_EMPTY", "d.txt holds no documents"],
])("%s: %j is refused", async (name, content, column, code, sentence) => {
  await expect(read(name, content, column)).rejects.toMatchObject({ code, sentence: expect.stringContaining(sentence) });
});

test("a file that is not there, and bytes that are no text", async () => {
  await expect(Array.fromAsync(readDocuments(memoryFiles({}), "none.txt"))).rejects.toMatchObject({ code: "E_NO_FILE" });
  await expect(read("d.txt", Uint8Array.of(97, 10, 255))).rejects.toMatchObject({ code: "E_ROW", place: "d.txt:2" });
});

test("nothing offers to leave a document out", async () => {
  await expect(read("d.jsonl", '{"text": null}\n')).rejects.toMatchObject({ code: "E_ROW", hint: undefined });
});

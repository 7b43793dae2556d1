// Folders whose settings say more than their tokenizer.json, against transformers. fixtures/golden/gen/make_tokenizers.py made the numbers.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { golden, testFiles } from "../test/folders.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import { packTexts } from "./pack.ts";

interface Golden {
  readonly lines: string[];
  readonly folders: { name: string; files: Record<string, object | null>; size: number; ids: number[][]; cut: number[][] }[];
}

const bert = golden("models/bert")!;
const { lines, folders } = JSON.parse(readFileSync(golden("tokenize-cases/folders.json")!, "utf8")) as Golden;

function folderWith(files: Record<string, object | null>): ReturnType<typeof testFiles> {
  const own = (name: string): object => JSON.parse(readFileSync(`${bert}/${name}`, "utf8")) as object;
  const texts = Object.entries(files).map(([name, contents]) => {
    const whole = contents && name === "tokenizer.json" ? { ...own(name), ...contents } : contents;
    return [`${bert}/${name}`, whole && JSON.stringify(whole)] as const;
  });
  return testFiles(Object.fromEntries(texts));
}

describe.each(folders)("$name", ({ files, size, ids, cut }) => {
  test("gives the ids of transformers, whole and cut", async () => {
    const tokenizer = await loadTokenizer(folderWith(files), bert);
    expect(lines.map((line) => tokenizer.encode(line).ids)).toEqual(ids);
    expect(lines.map((line) => tokenizer.encode(line, { maxLength: 6 }).ids)).toEqual(cut);
    expect(Array.from(packTexts(tokenizer, lines, { maxLength: 6 }).ids)).toEqual(cut.flat());
    expect(tokenizer.vocabularySize).toBe(size);
  });
});

test("a direction that is asked for counts more than the folder's", async () => {
  const tokenizer = await loadTokenizer(folderWith({ "tokenizer_config.json": { truncation_side: "left" } }), bert);
  const { ids } = tokenizer.encode(lines[4]);
  expect(tokenizer.truncationSide).toBe("left");
  expect(tokenizer.encode(lines[4], { maxLength: 5 }).ids).toEqual([ids[0], ...ids.slice(-4)]);
  expect(tokenizer.encode(lines[4], { maxLength: 5, direction: "right" }).ids).toEqual([...ids.slice(0, 4), ids.at(-1)]);
});

test("an added token beyond the vocabulary gets the next free id, in a Unigram vocabulary too", async () => {
  const model = { type: "Unigram", unk_id: 0, vocab: [["?", 0], ["a", -1], ["b", -2]] }; // prettier-ignore
  const files = {
    "t/tokenizer.json": JSON.stringify({ added_tokens: [{ id: 3, content: "<x>", special: true }], model }),
    "t/added_tokens.json": '{"<y>": 9, "b": 2}',
    "t/tokenizer_config.json": '{"pad_token": "<z>", "eos_token": {"content": "a", "lstrip": true}}',
  };
  const tokenizer = await loadTokenizer(testFiles(files), "t");
  expect(tokenizer.encode("<x>b<y><z>  a").ids).toEqual([3, 2, 4, 5, 1]);
  expect(tokenizer).toMatchObject({ vocabularySize: 6, padId: 5 });
});

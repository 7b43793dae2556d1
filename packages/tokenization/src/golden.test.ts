// Equality with the Rust library, row for row, on everything under golden/tokenize.

import { existsSync, readFileSync } from "node:fs";
import { AttuneError } from "@attune/core";
import { beforeAll, describe, expect, test } from "vitest";
import { golden, shared, testFiles } from "../test/folders.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";
import type { TruncationDirection, TruncationStrategy } from "./truncation.ts";

interface Row {
  readonly text?: string;
  readonly pair?: readonly [string, string];
  readonly truncate?: { readonly max_length: number; readonly strategy: TruncationStrategy; readonly direction: TruncationDirection };
  readonly ids?: number[];
  readonly ids_plain?: number[];
  readonly type_ids?: number[];
  readonly error?: string;
}

const tiny = ["bert", "roberta", "xlm-roberta", "mpnet", "distilbert", "electra", "ernie", "modernbert", "deberta-v2"];
const tinyDecoders = ["llama", "mistral", "qwen2", "qwen3"];
const real = ["all-MiniLM-L6-v2", "bge-small-zh-v1.5", "clip", "gpt-neox-olmo", "llama2", "roberta-base", "t5-small"];

const cases = [
  ...[...tiny, ...tinyDecoders].map((family) => ({
    name: `tiny-${family}`,
    folder: golden(`models/${family}/tokenizer.json`)?.replace("/tokenizer.json", ""),
  })),
  ...real.map((name) => ({ name, folder: [`${shared}/data/tokenizers/${name}`].find(existsSync) })),
];

/** What our encoder gives for a row, with the row's own keys. */
function answer(tokenizer: Tokenizer, { text, pair, truncate, ids_plain }: Row): Row {
  const options = truncate && { maxLength: truncate.max_length, strategy: truncate.strategy, direction: truncate.direction };
  const plain = ids_plain && { ids_plain: tokenizer.encode(text!, { specialTokens: false }).ids };
  const given = { ...(text !== undefined && { text }), ...(pair && { pair }), ...(truncate && { truncate }) };
  try {
    const { ids, typeIds } = tokenizer.encode(text ?? pair![0], { ...options, ...(pair && { pair: pair[1] }) });
    return { ...given, ids, ...plain, ...(pair && { type_ids: typeIds }) };
  } catch (error) {
    if (!(error instanceof AttuneError) || error.code !== "E_TRUNCATION") throw error;
    return { ...given, error: "Truncation error: Sequence to truncate too short to respect the provided max_length" };
  }
}

function rowsOf(path: string): Row[] {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Row);
}

for (const { name, folder } of cases) {
  const rows = golden(`tokenize/${name}.jsonl`);
  const absent = !folder || !rows;
  describe.skipIf(absent)(`${name}${absent ? " (skipped: needs ../shared; ATTUNE_SHARED may name it)" : ""}`, () => {
    let tokenizer: Tokenizer;
    beforeAll(async () => void (tokenizer = await loadTokenizer(testFiles(), folder!)));

    test("gives the ids, types and refusals of the Rust library", () => {
      const expected = rowsOf(rows!);
      expect(expected).toHaveLength(209);
      expect(expected.map((row) => answer(tokenizer, row))).toEqual(expected);
    });
  });
}

test("a BERT folder with vocab.txt alone gives the same as its tokenizer.json", async () => {
  const folder = golden("models/bert")!;
  const tokenizer = await loadTokenizer(testFiles({ [`${folder}/tokenizer.json`]: null }), folder);
  const expected = rowsOf(golden("tokenize/tiny-bert.jsonl")!);
  expect(expected.map((row) => answer(tokenizer, row))).toEqual(expected);
  expect(tokenizer.vocabularySize).toBe(500);
});

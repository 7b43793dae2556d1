// Trained vocabularies against the Rust library: its own BPE merges, and the ids that it reads with our tokenizer.json.
// fixtures/golden/gen/make_trained_tokenizers.py made the numbers; ATTUNE_WRITE_CASES=FILE writes what it reads.

import { readFileSync, writeFileSync } from "node:fs";
import { AttuneError } from "@attune/core";
import type { Files } from "@attune/core";
import { beforeAll, describe, expect, test } from "vitest";
import { golden, testFiles } from "../../test/folders.ts";
import { loadTokenizer } from "../load-tokenizer.ts";
import { saveTokenizer } from "../save-tokenizer.ts";
import { createTokenizer } from "../tokenizer.ts";
import type { TrainTokenizerOptions } from "./options.ts";
import { trainTokenizer } from "./train-tokenizer.ts";
import type { TrainedTokenizer } from "./train-tokenizer.ts";

interface Golden {
  readonly bpeSize: number;
  readonly merges: string[];
  readonly texts: string[];
  readonly lines: string[];
  readonly ids: Record<string, number[][]>;
}

const { bpeSize, merges, texts, lines, ids } = JSON.parse(readFileSync(golden("tokenize-train/rust.json")!, "utf8")) as Golden;

const kinds: Record<string, TrainTokenizerOptions> = {
  wordpiece: { size: 900 },
  "wordpiece-cased": { size: 600, lowercase: false, splitChinese: false, alphabet: 60, specialTokens: ["[DOC]"] },
  bpe: { type: "bpe", size: bpeSize },
  "bpe-lowercase": { type: "bpe", size: 500, lowercase: true, minFrequency: 5, specialTokens: ["<q>"] },
};

/** Files that keep what is written. */
function memory(): Files & { readonly contents: Record<string, string> } {
  const contents: Record<string, string> = {};
  const write = async (path: string, text: string): Promise<void> => void (contents[path] = text);
  return { ...testFiles(contents), makeFolder: async () => {}, write, contents } as unknown as ReturnType<typeof memory>;
}

const trained: Record<string, TrainedTokenizer> = {};
beforeAll(async () => {
  for (const [name, options] of Object.entries(kinds)) trained[name] = await trainTokenizer(texts, options);
  if (process.env.ATTUNE_WRITE_CASES) await writeCases(process.env.ATTUNE_WRITE_CASES);
});

async function writeCases(path: string): Promise<void> {
  const tokenizers: Record<string, string> = {};
  for (const [name, { contents }] of Object.entries(trained)) {
    const files = memory();
    await saveTokenizer(files, "t", contents);
    tokenizers[name] = files.contents["t/tokenizer.json"];
  }
  writeFileSync(path, JSON.stringify({ bpeSize, texts, lines, tokenizers }));
}

test("byte-level merges are those of the Rust trainer, in order", () => {
  expect(trained.bpe.contents.definition.model.merges).toEqual(merges);
  expect(trained.bpe.size).toBe(bpeSize);
});

describe.each(Object.keys(kinds))("%s", (name) => {
  test("written and read again, gives the ids of the Rust library", async () => {
    const files = memory();
    const written = await saveTokenizer(files, "t", trained[name].contents);
    expect(written).toEqual(expect.arrayContaining(["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]));
    const tokenizer = await loadTokenizer(files, "t");
    expect(lines.map((line) => tokenizer.encode(line).ids)).toEqual(ids[name]);
    expect(tokenizer).toMatchObject({ modelMaxLength: 512, vocabularySize: trained[name].size, usesTypeIds: name.startsWith("wordpiece") });
    if (name !== "wordpiece") return; // vocab.txt says nothing of further special tokens, merges.txt nothing of anything else
    const old = await loadTokenizer({ ...files, ...testFiles({ ...files.contents, "t/tokenizer.json": null }) }, "t");
    expect(lines.map((line) => old.encode(line).ids)).toEqual(ids[name]);
  });

  test("comes out the same again, and from a stream", async () => {
    async function* stream(): AsyncGenerator<string> {
      yield* texts;
    }
    expect(await trainTokenizer(stream(), kinds[name])).toEqual(trained[name]);
  });

  test("counts what it makes of its texts", () => {
    const { contents, tokens, unknown, texts: count, differentWords } = trained[name];
    const tokenizer = createTokenizer(contents);
    const all = texts.flatMap((text) => tokenizer.encode(text, { specialTokens: false }).ids);
    expect({ tokens, count }).toEqual({ tokens: all.length, count: texts.length });
    expect(unknown).toBe(name.startsWith("bpe") ? 0 : all.filter((id) => id === 1).length);
    expect(differentWords).toBeGreaterThan(100);
  });
});

test("the most frequent pairs come first, of equal ones that of the smaller ids, and rare ones never", async () => {
  const { contents, size } = await trainTokenizer(["low low low lower lowest new newer"], { size: 100, minFrequency: 3 });
  const learnt = Object.keys(contents.definition.model.vocab).slice(5);
  expect(learnt).toEqual([..."elnorstw", ..."eorstw"].map((c, i) => (i < 8 ? c : `##${c}`)).concat("lo", "low"));
  expect(size).toBe(5 + 8 + 6 + 2);
});

test("words too long to be cut teach nothing; a character too rare is unknown", async () => {
  const { contents } = await trainTokenizer(["x".repeat(101), "ab ab ab z"], { size: 50, alphabet: 2 });
  expect(Object.keys(contents.definition.model.vocab).slice(5)).toEqual(["a", "b", "##b", "ab"]);
  const tokenizer = createTokenizer(contents);
  expect(tokenizer.encode("ab z qqq", { specialTokens: false }).ids.map((id) => id === 1)).toEqual([false, true, true]);
});

test.each([
  {
    options: { size: 20 },
    given: texts,
    code: "E_VOCABULARY",
    says: /--size expected at least \d+: 5 special tokens and \d+ for single characters, got 20/,
  },
  { options: { type: "bpe", alphabet: 5 }, given: texts, code: "E_OPTION", says: /--alphabet is for the type wordpiece/ },
  { options: { type: "bpe", splitChinese: true }, given: texts, code: "E_OPTION", says: /--split-chinese is for the type wordpiece/ },
  { options: {}, given: [" ", ""], code: "E_EMPTY", says: /have no word to learn from/ },
  { options: { sise: 5 }, given: texts, code: "E_OPTION", says: /"sise".*did you mean "size"/ },
])("$code: $says", async ({ options, given, code, says }) => {
  const error = await trainTokenizer(given, options as TrainTokenizerOptions).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AttuneError);
  expect(error).toMatchObject({ code, message: expect.stringMatching(says) });
});

describe("a training that is stopped", () => {
  /** Enough for seconds of learning: words of random letters share little. */
  const random = (length: number): string[] => {
    let seed = 1;
    const letter = (): string => String.fromCharCode(97 + ((seed = (Math.imul(seed, 48_271) >>> 0) % 2_147_483_647) % 26));
    return Array.from({ length }, () => Array.from({ length: 12 }, letter).join(""));
  };

  function* endless(text: string): Generator<string> {
    for (;;) yield text;
  }

  test.each(["reading", "learning"] as const)("while it is %s hears the signal and throws its reason", async (when) => {
    const controller = new AbortController();
    let last = 0;
    const stop = (count: number): void => {
      last = count;
      setTimeout(() => controller.abort(new Error("Ctrl-C")), 0); // as a key does it: heard between tasks only
    };
    const given = when === "reading" ? endless("a text") : random(20_000);
    const training = trainTokenizer(given, { size: 30_000 }, { [when]: stop, signal: controller.signal });
    await expect(training).rejects.toThrow("Ctrl-C");
    expect(last).toBeGreaterThan(0);
    if (when === "learning") expect(last).toBeLessThan(30_000);
  });
});

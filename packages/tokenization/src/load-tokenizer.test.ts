import { describe, expect, test } from "vitest";
import { golden, testFiles } from "../test/folders.ts";
import { loadTokenizer } from "./load-tokenizer.ts";

const bert = golden("models/bert")!;

async function failure(changed: Record<string, string | null>, folder = bert): Promise<{ code: string; message: string }> {
  return loadTokenizer(testFiles(changed), folder).then(
    () => expect.unreachable("loaded"),
    (error: { code: string; message: string }) => error,
  );
}

const small = (change: object): string =>
  JSON.stringify({ added_tokens: [], model: { type: "WordPiece", unk_token: "[UNK]", vocab: { "[UNK]": 0, a: 1 } }, ...change });

describe("a folder that cannot be used is one sentence", () => {
  test("nothing there", async () => {
    const { code, message } = await failure({}, "nowhere");
    expect(code).toBe("E_NO_FILE");
    expect(message).toContain("nowhere has no tokenizer.json");
  });

  test.each([
    ["not JSON", "{", "is not JSON"],
    ["no model", "{}", '"model"'],
    ["a bad added token", small({ added_tokens: [{ id: "x", content: "y" }] }), '"added_tokens.0.id"'],
    ["an unknown model", small({ model: { type: "Magic", vocab: {} } }), '"Magic" is not known'],
    ["an unknown normaliser", small({ normalizer: { type: "Magic" } }), "Unknown Normalizer type: Magic"],
    ["an unknown post-processor", small({ post_processor: { type: "Magic" } }), '"Magic" is not known'],
    ["no id for the unknown token", small({ model: { type: "WordPiece", vocab: { a: 0 } } }), '"unk_token"'],
    ["ids that are no numbers", small({ model: { type: "WordPiece", vocab: { "[UNK]": 0, a: "1" } } }), 'expected an id for "a"'],
    ["merges at random", small({ model: { type: "BPE", vocab: { a: 0 }, merges: [], dropout: 0.1 } }), "merge dropout is not supported"],
    [
      "a template with a token that it does not define",
      small({ post_processor: { type: "TemplateProcessing", single: [{ SpecialToken: { id: "[CLS]" } }], pair: [], special_tokens: {} } }),
      '"[CLS]"',
    ],
  ])("tokenizer.json with %s", async (_, text, said) => {
    const { code, message } = await failure({ [`${bert}/tokenizer.json`]: text });
    expect(code).toBe("E_TOKENIZER");
    expect(message).toContain(said);
    expect(message).not.toContain("\n");
  });

  test("tokenizer_config.json that is broken is named", async () => {
    const { code, message } = await failure({ [`${bert}/tokenizer_config.json`]: '{"cls_token": 5}' });
    expect(code).toBe("E_TOKENIZER");
    expect(message).toContain("tokenizer_config.json");
  });

  test("vocab.txt of a class that needs more than that", async () => {
    const { message } = await failure({
      [`${bert}/tokenizer.json`]: null,
      [`${bert}/tokenizer_config.json`]: '{"tokenizer_class": "MPNetTokenizer"}',
    });
    expect(message).toContain("MPNetTokenizer");
  });

  test("vocab.txt without BERT's special tokens", async () => {
    const { code } = await failure({ [`${bert}/tokenizer.json`]: null, [`${bert}/vocab.txt`]: "a\nb\n" });
    expect(code).toBe("E_TOKENIZER");
  });
});

test("special tokens come from either settings file, as text or as an object; 1e30 is no length", async () => {
  const tokenizer = await loadTokenizer(
    testFiles({
      [`${bert}/tokenizer_config.json`]: '{"model_max_length": 1000000000000000019884624838656}',
      [`${bert}/special_tokens_map.json`]: '{"cls_token": {"content": "[CLS]"}, "pad_token": "[PAD]"}',
    }),
    bert,
  );
  expect(tokenizer).toMatchObject({ clsId: 2, padId: 0, sepId: undefined, modelMaxLength: undefined });
});

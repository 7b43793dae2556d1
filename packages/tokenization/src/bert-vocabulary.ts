// The tokenizer of a BERT folder from before tokenizer.json: vocab.txt has one token a line, everything else is BERT's convention.

import { tokenizerError, type TokenizerDefinition, type TokenizerSettings } from "./contents.ts";

/** Classes whose only file is vocab.txt and which tokenise as BERT does. */
const BERT_LIKE = /^(Bert|DistilBert|Electra|MobileBert|Ernie|RetriBert|LayoutLM|Funnel|SqueezeBert|ConvBert|Lxmert)Tokenizer(Fast)?$/;

/** What transformers builds of a vocab.txt; E_TOKENIZER for other classes and where a special token is missing. */
export function bertDefinition(path: string, text: string, settings: TokenizerSettings): TokenizerDefinition {
  const { tokenizer_class } = settings;
  if (tokenizer_class && !BERT_LIKE.test(tokenizer_class)) {
    const hint = "write it once with AutoTokenizer.from_pretrained(folder).save_pretrained(folder) in Python";
    throw tokenizerError(path, `belongs to a ${tokenizer_class}, which cannot be built without a tokenizer.json`, hint);
  }
  const lines = text.replace(/\n$/, "").split("\n");
  const vocab = Object.fromEntries(lines.map((line, id) => [line.replace(/\r$/, ""), id]));
  const idOf = (token: string): number => {
    if (vocab[token] === undefined) throw tokenizerError(path, `does not have the special token ${JSON.stringify(token)}`);
    return vocab[token];
  };
  const [pad, unk, cls, sep, mask] = (["pad", "unk", "cls", "sep", "mask"] as const).map(
    (name) => settings[`${name}_token`] ?? `[${name.toUpperCase()}]`,
  );
  return {
    added_tokens: [...new Set([pad, unk, cls, sep, mask])].map((content) => ({
      id: idOf(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: "BertNormalizer", lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: { type: "BertProcessing", cls: [cls, idOf(cls)], sep: [sep, idOf(sep)] },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: { type: "WordPiece", unk_token: unk, vocab },
  };
}

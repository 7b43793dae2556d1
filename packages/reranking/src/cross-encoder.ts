// A cross-encoder: tokenizer, encoder and classification head. It reads a query and a document as one text and gives a score per label; what it was
// loaded from is not its business. Semantics of sentence-transformers' CrossEncoder.

import { AttuneError, show } from "@attune/core";
import type { ScoreActivation } from "@attune/formats";
import { batchesByLength, inferRows } from "@attune/nn";
import type { ClassificationHead, Encoder } from "@attune/nn";
import { uploadTokens, widened } from "@attune/tensor";
import type { Engine, PackedTokens, Tensor } from "@attune/tensor";
import { packTexts } from "@attune/tokenization";
import type { Tokenizer } from "@attune/tokenization";
import { activateScores } from "./scores.ts";

/** What a cross-encoder consists of. */
export interface CrossEncoderParts {
  readonly tokenizer: Tokenizer;
  readonly encoder: Encoder;
  readonly head: ClassificationHead;
  /** Names of the scores, in their order. */
  readonly labels: readonly string[];
  readonly activation: ScoreActivation;
  /** Tokens of a pair, special tokens included; of longer pairs the longer text is cut. */
  readonly maxLength: number;
  /** Put before the first text of every pair. */
  readonly prompt?: string;
  /** Lower-cases texts before they are tokenised, whatever the tokenizer does. */
  readonly lowerCase?: boolean;
}

/** A query and a document, or any two texts. */
export type TextPair = readonly [string, string];

/** How pairs are scored. */
export interface ScoreOptions {
  /** In place of the model's own; `identity` gives logits. */
  readonly activation?: ScoreActivation;
  /** In place of the model's own; "" for none. */
  readonly prompt?: string;
  /** Tokens in a batch; bounds the memory. */
  readonly batchTokens?: number;
  /** Stops between batches, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told after each batch, in pairs. */
  onProgress?(done: number, total: number): void;
}

/** A document with its place in the input. */
export interface RankedDocument {
  readonly index: number;
  readonly score: number;
}

/** Pairs of texts to scores. Owns the memory of encoder and head. */
export class CrossEncoder implements Disposable {
  readonly parts: CrossEncoderParts;
  readonly engine: Engine;
  #disposed = false;

  /** E_TOO_LONG when `maxLength` is beyond the encoder's positions, E_TOO_SHORT when it leaves no room for two texts beside the special tokens. */
  constructor(parts: CrossEncoderParts) {
    this.parts = parts;
    this.engine = parts.encoder.store.engine;
    const { maxPositions } = parts.encoder;
    const special = parts.tokenizer.encode("", { pair: "" }).ids.length;
    if (parts.maxLength > maxPositions) throw badLength("E_TOO_LONG", `at most ${maxPositions}, the positions that this model has`, parts);
    if (parts.maxLength < special + 2)
      throw badLength("E_TOO_SHORT", `at least ${special + 2}: a token of each text and the special ones`, parts);
  }

  /** Token ids of pairs, packed, with the prompt in front and cut to the model's length. E_TEXT for what is no pair of texts. */
  tokenize(pairs: readonly TextPair[], prompt = this.parts.prompt ?? ""): PackedTokens {
    const { tokenizer, maxLength, lowerCase } = this.parts;
    const prepare = (text: string): string => (lowerCase ? text.toLowerCase() : text);
    expectPairs(pairs);
    const texts = pairs.map(([first, second]) => [prepare(prompt + first), prepare(second)] as const);
    return packTexts(tokenizer, texts, { maxLength });
  }

  /** Packed pairs to logits [B L]; must be called in a scope. E_CLOSED. */
  forward(tokens: PackedTokens): Tensor {
    this.expectOpen();
    const { encoder, head } = this.parts;
    const uploaded = uploadTokens(this.engine, tokens);
    return head.forward(widened(encoder.forward(uploaded).hidden), uploaded);
  }

  /** Scores of pairs, [N L] in input order: one value per pair where the model has one label. A pair's scores do not depend on the others. E_TEXT. */
  async score(pairs: readonly TextPair[], options: ScoreOptions = {}): Promise<Float32Array> {
    if (!Array.isArray(pairs)) throw new AttuneError({ code: "E_TEXT", place: "score", expected: "a list of pairs", got: show(pairs) });
    expectPairs(pairs); // all of them: those that are tokenised at a time would be counted from their own first
    const { activation, labels } = this.parts;
    const tokenize = (start: number, end: number): PackedTokens => this.tokenize(pairs.slice(start, end), options.prompt);
    const batches = batchesByLength(pairs.length, tokenize, options.batchTokens);
    const logits = await inferRows(this.engine, batches, {
      ...options,
      rows: pairs.length,
      width: labels.length,
      forward: (tokens) => this.forward(tokens),
    });
    return activateScores(logits, labels.length, options.activation ?? activation);
  }

  /** The documents by their score with the query, best first, those of equal score in input order; the first `topK` of them. E_LABELS for several labels, E_TEXT, E_OPTION. */
  async rank(
    query: string,
    documents: readonly string[],
    { topK, ...options }: ScoreOptions & { topK?: number } = {},
  ): Promise<RankedDocument[]> {
    this.expectOneLabel();
    if (!Array.isArray(documents))
      throw new AttuneError({ code: "E_TEXT", place: "rank", expected: "a list of documents", got: show(documents) });
    if (topK !== undefined && !(Number.isInteger(topK) && topK > 0))
      throw new AttuneError({ code: "E_OPTION", place: "topK", expected: "a whole number from 1", got: show(topK) });
    const pairs = documents.map((document) => [query, document] as const);
    const scores = await this.score(pairs, options);
    return Array.from(scores, (score, index) => ({ index, score }))
      .sort((a, b) => b.score - a.score)
      .slice(0, topK);
  }

  /** E_LABELS unless the model gives one score per pair, without which nothing can be ranked. */
  expectOneLabel(): void {
    const { labels } = this.parts;
    if (labels.length === 1) return;
    throw new AttuneError({
      code: "E_LABELS",
      place: "cross-encoder",
      expected: "a model with one score per pair, to rank by",
      got: `${labels.length} labels: ${labels.join(", ")}`,
      hint: "give a reranker: a classifier of pairs, such as one for NLI, does not rank",
    });
  }

  /** E_CLOSED once it was disposed: it has no weights any more. */
  expectOpen(): void {
    if (this.#disposed) throw new AttuneError({ code: "E_CLOSED", place: "cross-encoder", problem: "was disposed", hint: "load it again" });
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.parts.encoder.store[Symbol.dispose]();
  }
}

/** E_TEXT names the first that is no pair of texts. */
function expectPairs(pairs: readonly unknown[]): void {
  const bad = pairs.findIndex((pair) => !isPair(pair));
  if (bad >= 0) throw new AttuneError({ code: "E_TEXT", place: `pair ${bad}`, expected: "two texts", got: show(pairs[bad]) });
}

function isPair(pair: unknown): pair is TextPair {
  return Array.isArray(pair) && pair.length === 2 && pair.every((text) => typeof text === "string");
}

function badLength(code: "E_TOO_LONG" | "E_TOO_SHORT", expected: string, { maxLength }: CrossEncoderParts): AttuneError {
  return new AttuneError({ code, place: "--max-length", expected, got: String(maxLength) });
}

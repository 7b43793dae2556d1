// An embedding model: tokenizer, encoder, pooling and heads. It maps texts to vectors; what it was loaded from and how it is trained are not its business.

import { AttuneError } from "@attune/core";
import type { Encoder, Training } from "@attune/nn";
import type { Head, Pooling } from "@attune/pooling";
import { uploadTokens, widened } from "@attune/tensor";
import type { DeviceTokens, Engine, PackedTokens, Parameter, Tensor } from "@attune/tensor";
import { packTexts } from "@attune/tokenization";
import type { Tokenizer } from "@attune/tokenization";

/** What an embedding model consists of. */
export interface ModelParts {
  readonly tokenizer: Tokenizer;
  readonly encoder: Encoder;
  readonly pooling: Pooling;
  /** Width of the pooled vectors: C times the number of poolings. */
  readonly pooledWidth: number;
  readonly heads: readonly Head[];
  /** Tokens of a text, special tokens included; longer texts are cut. */
  readonly maxLength: number;
  /** Put before every text unless a call says otherwise. */
  readonly prompts?: Readonly<Record<string, string>>;
  readonly defaultPrompt?: string;
  /** Lower-cases texts before they are tokenised, whatever the tokenizer does. */
  readonly lowerCase?: boolean;
  /** Whether pooling sees the prompt's tokens. */
  readonly includePrompt?: boolean;
  /** `encode` cuts embeddings to so many values; training sees them whole. */
  readonly truncateDimension?: number;
}

/** Which side of a search a text is on; chooses the prompt of that name where the model has one. */
export type Side = "query" | "document";

/** Texts to vectors. Owns the memory of encoder and heads. */
export class EmbeddingModel implements Disposable {
  readonly parts: ModelParts;
  readonly engine: Engine;
  /** D: values of an embedding, as `encode` gives it. */
  readonly dimension: number;
  #disposed = false;

  /**
   * E_WIDTH when a head does not fit what comes before it, E_TOO_LONG when `maxLength` is beyond the encoder's positions, E_TOO_SHORT when it
   * leaves no room for a text beside the special tokens.
   */
  constructor(parts: ModelParts) {
    this.parts = parts;
    this.engine = parts.encoder.store.engine;
    const whole = parts.heads.reduce((width, head) => head.width(width), parts.pooledWidth);
    this.dimension = Math.min(whole, parts.truncateDimension ?? whole);
    if (parts.maxLength > parts.encoder.maxPositions) {
      throw new AttuneError({
        code: "E_TOO_LONG",
        place: "--max-length",
        expected: `at most ${parts.encoder.maxPositions}, the positions that this model has`,
        got: String(parts.maxLength),
      });
    }
    const special = parts.tokenizer.encode("").ids.length;
    if (parts.maxLength <= special) {
      throw new AttuneError({
        code: "E_TOO_SHORT",
        place: "--max-length",
        expected: `more than ${special}, the special tokens around every text of this model`,
        got: String(parts.maxLength),
      });
    }
  }

  /** Those of the encoder, then those of the heads. E_CLOSED. */
  get parameters(): Parameter[] {
    this.expectOpen();
    return [...this.parts.encoder.store.parameters, ...this.parts.heads.flatMap((head) => head.parameters)];
  }

  /** The prompt for a side: of that name, else the default one, else none. */
  promptFor(side?: Side): string {
    const { prompts = {}, defaultPrompt } = this.parts;
    const named =
      side === "query" ? prompts.query : side === "document" ? (prompts.document ?? prompts.passage ?? prompts.corpus) : undefined;
    return named ?? (defaultPrompt === undefined ? "" : (prompts[defaultPrompt] ?? ""));
  }

  /** Token ids of texts, packed, with the prompt in front and cut to the model's length. */
  tokenize(texts: readonly string[], prompt = this.promptFor()): PackedTokens {
    const { tokenizer, maxLength, lowerCase } = this.parts;
    const prepare = (text: string): string => (lowerCase ? text.toLowerCase() : text);
    return packTexts(tokenizer, texts.map(prepare), { maxLength, prompt: prepare(prompt) });
  }

  /** Packed tokens to whole embeddings [B D]; must be called in a scope. E_CLOSED; E_WIDTH for a pooling that gives something else than its [B C]. */
  forward(tokens: PackedTokens, options?: { training?: Training }): Tensor {
    return this.forwardOnDevice(uploadTokens(this.engine, tokens), options);
  }

  /** The same for tokens that are on the device. */
  forwardOnDevice(tokens: DeviceTokens, { training }: { training?: Training } = {}): Tensor {
    this.expectOpen();
    const { encoder, pooling, pooledWidth, heads, includePrompt = true } = this.parts;
    // hidden states go as soon as they are pooled: they would outlive the whole backward pass
    const pooled = this.engine.scope(() => {
      const hidden = widened(encoder.forward(tokens, { training }).hidden); // [T C]; a model of one's own may give bf16
      return this.engine.labelled("pooling", () => pooling.pool(hidden, tokens, { skipPrompt: !includePrompt })); // [B C]
    });
    const [rows, width] = pooled.shape;
    if (rows !== tokens.texts || width !== pooledWidth) {
      const expected = `[${tokens.texts} ${pooledWidth}], a vector per text`;
      throw new AttuneError({ code: "E_WIDTH", place: `pooling ${pooling.name}`, expected, got: `[${pooled.shape.join(" ")}]` });
    }
    return heads.reduce((x, head) => this.engine.labelled(head.name, () => head.apply(x)), pooled); // [B D]
  }

  /** E_CLOSED once it was disposed: it has no weights any more. */
  expectOpen(): void {
    if (this.#disposed) throw new AttuneError({ code: "E_CLOSED", place: "model", problem: "was disposed", hint: "load it again" });
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.parts.encoder.store[Symbol.dispose]();
    for (const head of this.parts.heads) for (const parameter of head.parameters) parameter.dispose();
  }
}

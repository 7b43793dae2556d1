// The models whose shapes are measured, and what a token of them costs by the count of multiply-adds that nothing can avoid.
// MFU holds time against this count, so recomputation, padding and everything else that is not this product shows as loss.

/** A BERT by its sizes. */
export interface ModelSize {
  readonly name: string;
  readonly layers: number;
  /** C */
  readonly width: number;
  /** H */
  readonly heads: number;
  readonly inner: number;
  /** V */
  readonly vocabulary: number;
}

export const miniLm: ModelSize = { name: "MiniLM-L6", layers: 6, width: 384, heads: 12, inner: 1536, vocabulary: 30_522 };
export const bertBase: ModelSize = { name: "BERT-base", layers: 12, width: 768, heads: 12, inner: 3072, vocabulary: 30_522 };

/** As config.json has it, for `bertFamily`; dropout as BERT trains. */
export function configOf({ layers, width, heads, inner, vocabulary }: ModelSize): Record<string, unknown> {
  return {
    model_type: "bert",
    vocab_size: vocabulary,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: inner,
    max_position_embeddings: 512,
  };
}

/** Operations of a forward pass: 2 per weight of a linear layer and token (MiniLM: 21.2 M), 4 C per layer, token and token that it sees (9.2 k). */
export function forwardFlops({ layers, width, inner }: ModelSize, lengths: readonly number[]): number {
  const perToken = 2 * layers * (4 * width * width + 2 * width * inner);
  const perPair = 4 * layers * width;
  return lengths.reduce((sum, length) => sum + length * (perToken + perPair * length), 0);
}

/** Of forward and backward: the backward pass has two products for each one of the forward pass. */
export const trainingFlops = (size: ModelSize, lengths: readonly number[]): number => 3 * forwardFlops(size, lengths);

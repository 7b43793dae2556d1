// Many texts to vectors: sorted by length within a window, so that batches hold texts of like length; results in input order.
// The next batch is tokenised and enqueued while the device computes the one before.

import { slice } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import type { EmbeddingModel, Side } from "./model.ts";

/** How texts are encoded. */
export interface EncodeOptions {
  /** Chooses the model's prompt for it. */
  readonly side?: Side;
  /** Overrides the side's prompt; "" for none. */
  readonly prompt?: string;
  /** Tokens in a batch; bounds the memory. */
  readonly batchTokens?: number;
  /** Stops between batches, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told after each batch, in texts. */
  onProgress?(done: number, total: number): void;
}

/** Texts that are sorted together. */
const WINDOW = 2048;
const BATCH_TOKENS = 8192;

/** Batches that may wait to be read. */
const AHEAD = 4;

/** Embeddings of `texts`, [N D] in input order. A text's vector does not depend on the others. */
export async function encode(model: EmbeddingModel, texts: readonly string[], options: EncodeOptions = {}): Promise<Float32Array> {
  const all = new Float32Array(texts.length * model.dimension);
  const pending: Promise<void>[] = [];
  let done = 0;
  try {
    for (const batch of batchesOf(model, texts, options)) {
      options.signal?.throwIfAborted();
      const read = collect(enqueue(model, batch), batch.rows, model.dimension, all).then(() => {
        done += batch.rows.length;
        options.onProgress?.(done, texts.length);
      });
      read.catch(() => {}); // it is awaited below, but may fail before that
      pending.push(read);
      await model.engine.backend.throttle();
      if (pending.length > AHEAD) await pending.shift();
    }
    await Promise.all(pending);
    return all;
  } finally {
    await Promise.allSettled(pending); // whatever failed, nothing is left to run
  }
}

/** [B D], cut to the model's dimension. */
function enqueue(model: EmbeddingModel, { tokens }: Batch): Tensor {
  const { engine, dimension } = model;
  return engine.noGradient(() =>
    engine.scope(() => {
      const whole = model.forward(tokens);
      return whole.shape[1] === dimension ? whole : slice(whole, { axis: 1, start: 0, end: dimension });
    }),
  );
}

interface Batch {
  readonly tokens: ReturnType<EmbeddingModel["tokenize"]>;
  /** Positions of its texts in the input. */
  readonly rows: readonly number[];
}

function* batchesOf(
  model: EmbeddingModel,
  texts: readonly string[],
  { side, prompt, batchTokens = BATCH_TOKENS }: EncodeOptions,
): Generator<Batch> {
  const chosenPrompt = prompt ?? model.promptFor(side);
  for (let start = 0; start < texts.length; start += WINDOW) {
    const window = texts.slice(start, start + WINDOW);
    const packed = model.tokenize(window, chosenPrompt);
    const lengthOf = (i: number): number => packed.cuSeqlens[i + 1] - packed.cuSeqlens[i];
    const order = window.map((_, i) => i).sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
    for (let at = 0; at < order.length;) {
      let end = at;
      for (let tokens = 0; end < order.length; end++) {
        tokens += lengthOf(order[end]);
        if (end > at && tokens > batchTokens) break;
      }
      const rows = order.slice(at, end);
      yield { tokens: pickTexts(packed, rows), rows: rows.map((row) => start + row) };
      at = end;
    }
  }
}

/** The chosen texts of a packed batch, in the given order. */
function pickTexts({ ids, typeIds, cuSeqlens, promptLengths }: Batch["tokens"], rows: readonly number[]): Batch["tokens"] {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => (offsets[i + 1] = offsets[i] + cuSeqlens[row + 1] - cuSeqlens[row]));
  const pick = (values: Int32Array): Int32Array => {
    const picked = new Int32Array(offsets[rows.length]);
    rows.forEach((row, i) => picked.set(values.subarray(cuSeqlens[row], cuSeqlens[row + 1]), offsets[i]));
    return picked;
  };
  return {
    ids: pick(ids),
    ...(typeIds && { typeIds: pick(typeIds) }),
    cuSeqlens: offsets,
    maxLength: Math.max(0, ...rows.map((_, i) => offsets[i + 1] - offsets[i])),
    ...(promptLengths && { promptLengths: Int32Array.from(rows, (row) => promptLengths[row]) }),
  };
}

/** Reads a batch's vectors to their places, and frees them. */
async function collect(vectors: Tensor, rows: readonly number[], dimension: number, all: Float32Array): Promise<void> {
  using read = vectors;
  const values = await read.read();
  rows.forEach((row, i) => all.set(values.subarray(i * dimension, (i + 1) * dimension), row * dimension));
}
